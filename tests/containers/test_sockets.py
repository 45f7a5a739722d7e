"""Sockets through nginx: opened, refused, kept, and always at the same process."""

import asyncio
import ssl

import pytest

from tests.containers.node import Node, until
from tests.containers.visitors import FrontedWorkspace, new_address
from tests.faults.machine import Home
from tests.personas import Refused
from tests.within import within

STATUS = {4000: 400, 4001: 401, 4004: 404}


@pytest.mark.parametrize("snug", [True, False], ids=["subprotocol", "query"])
async def test_a_token_opens_a_socket_either_way(home: Home, shop: FrontedWorkspace, snug: bool) -> None:
    async with shop.chat(shop.token("ann"), home.room, process=0, snug=snug) as ann:
        assert ann.connection.subprotocol == ("snug.v1" if snug else None)
        await ann.entered()
        async with shop.chat(shop.token("bob"), home.room, process=1, snug=snug) as bob:
            await bob.entered()
            said = await bob.say("from the other process")
            assert await ann.until("chat_message") == said


@pytest.mark.parametrize(
    ("code", "token", "path"),
    [
        (4000, True, "/ws/chat/not+a+room/"),
        (4001, False, "/ws/chat/general/"),
        (4004, True, "/ws/chat/nowhere/"),
    ],
    ids=["malformed", "no-token", "no-room"],
)
async def test_refusals_pass_through_as_they_are(
    shop: FrontedWorkspace, code: int, token: bool, path: str
) -> None:
    credential = shop.token("bob") if token else None
    closed = await shop.connect(credential, path=path)
    assert await closed.closed() == code
    assert closed.connection.close_reason
    with pytest.raises(Refused) as refused:
        await shop.connect(credential, path=path, snug=False)
    assert (refused.value.code, refused.value.status) == (code, STATUS[code])
    assert refused.value.body["detail"] == closed.connection.close_reason


async def test_the_connection_check_is_limited_by_the_true_address(shop: FrontedWorkspace) -> None:
    crowded, quiet = new_address(), new_address()

    async def knock(address: str, n: int) -> None:
        claims = {"X-Forwarded-For": f"198.51.100.{n}"}
        sockets.append(
            await shop.connect(None, path="/ws/basic/", snug=False, address=address, headers=claims)
        )

    sockets: list[object] = []
    opened = await asyncio.gather(*(knock(crowded, n) for n in range(24)), return_exceptions=True)
    refused = [answer for answer in opened if isinstance(answer, Refused)]
    assert len(sockets) == 20
    assert {(each.code, each.status) for each in refused} == {(4002, 429)}
    await knock(quiet, 0)
    await asyncio.gather(*(socket.close() for socket in sockets))  # type: ignore[attr-defined]


@pytest.mark.parametrize("process", [0, 1])
async def test_the_same_client_always_lands_on_the_same_process(
    shop: FrontedWorkspace, node: Node, process: int
) -> None:
    address = shop.new_address(process)
    for _ in range(6):
        async with shop.chat(shop.token("ann"), address=address) as chat:
            await chat.entered()
        with shop.http(shop.secret, address=address) as api:
            assert api.get("/api/v1/rooms").status_code == 200

    def served() -> list[str]:
        return [line["upstream"] for line in node.front.requests(address) if line["path"] != "/healthz"]

    await asyncio.to_thread(until, lambda: len(served()) == 12, "nginx to write it all down")
    assert set(served()) == {node.webs[process].address}


async def test_clients_are_spread_over_both_processes(shop: FrontedWorkspace) -> None:
    landed = [await asyncio.to_thread(shop.process_of, new_address()) for _ in range(40)]
    # A consistent hash shares out by 40 to 60 at worst: fewer than 4 of 40 come once in a million runs.
    assert 4 <= landed.count(0) <= 36


async def test_pings_pass_both_ways_and_a_quiet_socket_may_stay_for_a_week(
    home: Home, shop: FrontedWorkspace, node: Node
) -> None:
    async with shop.chat(shop.token("ann"), home.room) as chat:
        await chat.entered()
        await within(await chat.connection.ping(), 5)
        await chat.send("ping")
        assert (await chat.until("pong"))["type"] == "pong"
    sockets = node.front.tested().split("location /ws/ {")[1].split("}")[0]
    assert "proxy_read_timeout 7d;" in sockets
    assert "proxy_send_timeout 7d;" in sockets


async def test_an_upgrade_to_anything_else_is_no_tunnel(shop: FrontedWorkspace) -> None:
    with shop.http(shop.secret) as api:
        plain = api.get("/api/v1/rooms", headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
        assert plain.status_code == 200
        assert "upgrade" not in plain.headers


async def test_pages_may_come_by_http2_and_sockets_do_not(node: Node, shop: FrontedWorkspace) -> None:
    """A browser opens its sockets on a connection of its own, for which it offers HTTP/1.1 alone."""

    async def chosen(*offered: str) -> str | None:
        trust = node.front.trust()
        trust.set_alpn_protocols(list(offered))
        _, writer = await asyncio.open_connection(
            "127.0.0.1", node.front.https_port, ssl=trust, server_hostname=shop.host
        )
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        writer.close()
        return tls.selected_alpn_protocol()

    assert await chosen("h2", "http/1.1") == "h2"
    assert await chosen("http/1.1") == "http/1.1"
