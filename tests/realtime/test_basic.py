"""`/ws/basic/`, the connection check."""

import pytest

from tests.personas import Refused, Workspace
from tests.realtime.backstage import shared, tenant_id_of
from tests.realtime.test_entry import STAMP

BASIC = "/ws/basic/"


async def test_it_answers_anyone(workspace: Workspace) -> None:
    async with workspace.chat(None, path=BASIC, snug=False) as socket:
        hello = await socket.next()
        assert set(hello) == {"type", "message", "timestamp", "connection_id", "user", "limits"}
        assert hello["type"] == "connection_established"
        assert hello["user"] is None
        assert hello["limits"]["messages_per_10s"] == 20
        assert STAMP.fullmatch(hello["timestamp"])

        await socket.send("ping")
        pong = await socket.next()
        assert pong["type"] == "pong"
        assert STAMP.fullmatch(pong["timestamp"])

        await socket.send("echo", content="ünï — 🎈")
        echo = await socket.next()
        assert (echo["type"], echo["content"]) == ("echo_response", "ünï — 🎈")
        assert STAMP.fullmatch(echo["timestamp"])

        await socket.send("chat_message", message="not here")
        assert (await socket.error())["code"] == "UNKNOWN_TYPE"


async def test_it_says_who_a_token_names(workspace: Workspace) -> None:
    for snug in (True, False):
        async with workspace.chat(workspace.token("bob", name="Bob"), path=BASIC, snug=snug) as socket:
            assert (await socket.next())["user"] == {"id": "bob", "username": "Bob"}


async def test_it_refuses_a_bad_token(workspace: Workspace) -> None:
    with pytest.raises(Refused) as refused:
        await workspace.connect("nonsense", path=BASIC, snug=False)
    assert refused.value.code == 4001


async def test_it_is_limited_by_address_and_takes_nothing_from_the_plan(workspace: Workspace) -> None:
    open_ = [await workspace.connect(None, path=BASIC, process=n % 2) for n in range(20)]
    refused = await workspace.connect(None, path=BASIC)
    assert await refused.closed() == 4002
    assert shared().zcard(f"snug:t{tenant_id_of(workspace)}:leases") == 0
    # Other workspaces and rooms are not concerned.
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
    for each in open_:
        await each.close()
