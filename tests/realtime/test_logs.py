"""What the web processes write down about sockets, and what they never do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from ops.local import Stack
from tests.console.staff import sign_in
from tests.personas import Refused, Workspace
from tests.realtime.backstage import until

LINE = re.compile(
    r"\S+ \S+ INFO snug\.socket (?P<tenant>\S+) '(?P<path>\S+)' '(?P<member>\S+)' (?P<connection>\S+) "
    r"(?P<what>connected|refused|disconnected)(?: (?P<code>\d{4}))?(?:: .+)?"
)
ROOM = "/ws/chat/general/"
Told = dict[str, str]


@pytest.fixture
def told(stack: Stack, workspace: Workspace) -> Callable[[], list[Told]]:
    """What was written about the workspace's sockets so far, by both processes."""

    def read() -> list[Told]:
        written = "".join((stack.data_dir.logs / f"web-{n}.log").read_text() for n in range(2)).splitlines()
        mine = [line for line in written if " INFO snug.socket " in line and workspace.slug in line]
        found = [LINE.fullmatch(line) for line in mine]
        return [
            match.groupdict("") if match else {"what": line} for match, line in zip(found, mine, strict=True)
        ]

    return read


def nowhere(stack: Stack, *secrets: str) -> None:
    """No log of any process has one of these, nor its beginning, its end or its encoding."""
    for log in stack.data_dir.logs.glob("*.log"):
        text = log.read_text().lower()
        for secret in secrets:
            parts = (secret, secret[:24], secret[-20:])
            for form in (*parts, *(_encoded(part) for part in parts)):
                assert form.lower() not in text, log.name


async def test_every_socket_is_told_of_when_it_opens_and_when_it_ends(
    workspace: Workspace, stack: Stack, told: Callable[[], list[Told]]
) -> None:
    bot = f"bot:{workspace.key_id}"
    token = workspace.token("bob")
    with workspace.api() as api:
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    with sign_in(workspace) as desk:
        session = desk.client.cookies["snug_session"]
    cookie = {"Cookie": f"snug_session={session}"}
    ids: dict[str, str] = {}
    for n, (credential, snug) in enumerate(
        ((token, True), (token, False), (ticket, False), (workspace.secret, True))
    ):
        async with workspace.chat(credential, snug=snug, process=n % 2) as chat:
            ids[(await chat.entered())["connection_id"]] = bot if credential == workspace.secret else "bob"
    async with workspace.chat(None, origin=workspace.origin, headers=cookie) as chat:
        ids[(await chat.entered())["connection_id"]] = workspace.owner_id
    async with workspace.chat(None, path="/ws/basic/", snug=False) as chat:
        ids[(await chat.next())["connection_id"]] = "-"

    await until(lambda: len(told()) >= 2 * len(ids))
    for id_, member in ids.items():
        opened, ended = (line for line in told() if line["connection"] == id_)
        path = "/ws/basic/" if member == "-" else ROOM
        about = {"tenant": workspace.slug, "path": path, "member": member, "connection": id_}
        assert opened == about | {"what": "connected", "code": ""}
        assert ended == about | {"what": "disconnected", "code": "1000"}
    nowhere(stack, token, ticket, session, workspace.secret, workspace.signing_secret)


async def test_every_refusal_is_told_once_with_its_code(
    workspace: Workspace, stack: Stack, told: Callable[[], list[Told]]
) -> None:
    token, late = workspace.token("bob"), workspace.token("late", ttl=-120)
    expected: list[tuple[str, str, str]] = []
    for path, query, credential, origin, code, member in (
        (ROOM, "", None, None, 4001, "-"),
        (ROOM, "", late, None, 4001, "-"),
        (ROOM, "", "snug_tk_" + "x" * 43, None, 4001, "-"),
        (ROOM, "", workspace.secret[:-1] + "_", None, 4001, "-"),
        (ROOM, "", token, "https://evil.example", 4003, "-"),
        ("/ws/nowhere/", "", token, None, 4000, "-"),
        ("/ws/chat/nowhere/", "", token, None, 4004, "bob"),
        (ROOM, "since=x", token, None, 4000, "bob"),
        ("/ws/basic/", "", late, None, 4001, "-"),
    ):
        expected += [(path, member, str(code))] * 2
        accepted = await workspace.connect(credential, path=path, query=query, origin=origin)
        assert await accepted.closed() == code
        with pytest.raises(Refused) as refused:
            await workspace.connect(credential, path=path, query=query, origin=origin, snug=False, process=1)
        assert refused.value.code == code
    await until(lambda: len(told()) >= len(expected))
    lines = told()
    assert {line["what"] for line in lines} == {"refused"}
    assert sorted((line["path"], line["member"], line["code"]) for line in lines) == sorted(expected)
    nowhere(stack, token, late, workspace.secret)


async def test_a_socket_that_is_thrown_out_is_told_of_with_the_code(
    workspace: Workspace, told: Callable[[], list[Told]]
) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        id_ = (await bob.entered())["connection_id"]
        await bob.raw(b"binary")
        assert await bob.closed() == 1003
    await until(lambda: len(told()) == 2)
    assert told()[-1] | {"connection": id_, "what": "disconnected", "code": "1003"} == told()[-1]


async def test_a_credential_where_none_belongs_is_not_written_down_either(
    workspace: Workspace, stack: Stack, told: Callable[[], list[Told]]
) -> None:
    token = workspace.token("bob")
    with workspace.api() as api:
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    secrets = (token, ticket, workspace.secret)
    knocks = 0
    for secret in secrets:
        encoded = _encoded(secret)
        for path in (f"/ws/chat/{secret}/", f"/ws/{encoded}/", f"/ws/chat/{quote(encoded, safe='')}/"):
            for credential in (None, token):
                knocks += 1
                assert await (await workspace.connect(credential, path=path)).closed() in (4000, 4001, 4004)
        knocks += 1
        with pytest.raises(Refused):
            await workspace.connect(encoded, path="/ws/nowhere/", snug=False)
        with workspace.http() as client:
            for path in (f"/{secret}", f"/api/v1/rooms/{secret}?token={secret}", f"/static/{encoded}"):
                assert client.get(path).status_code in (400, 401, 404)
        for head in _unreadable(workspace, secret):
            await _shout(workspace.ports[0], head)
    await until(lambda: len([line for line in told() if line["what"] == "refused"]) >= knocks)
    nowhere(stack, *secrets)


def _unreadable(workspace: Workspace, secret: str) -> list[bytes]:
    """Requests that are none, each with a secret in it."""
    start = f"GET {ROOM}?token={secret}"
    upgrade = (
        f"Host: {workspace.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    return [
        text.encode("latin-1")
        for text in (
            f"{start}\r\n\r\n",
            f"{start} HTTP/9.9\r\n{upgrade}\r\n",
            f"{secret} {start} HTTP/1.1\r\n{upgrade}\r\n",
            f"{start} HTTP/1.1\r\n{upgrade}{secret}\r\n\r\n",
            f"{start} HTTP/1.1\r\n{upgrade}Sec-WebSocket-Key: {secret}\r\n\r\n",
            f"{start} HTTP/1.1\r\n{upgrade}Sec-WebSocket-Protocol: bearer.{secret},,;\r\n\r\n",
            f"{start} HTTP/1.1\r\n{upgrade}Sec-WebSocket-Extensions: {secret};;=\r\n\r\n",
            f"{start} HTTP/1.1\r\nHost: {secret}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            f"{start}{'x' * 9000} HTTP/1.1\r\n{upgrade}\r\n",
            f"GET {ROOM}\xff\x00{secret} HTTP/1.1\r\n{upgrade}\r\n",
        )
    ]


async def _shout(port: int, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    writer.write_eof()
    async with asyncio.timeout(15):
        await reader.read()
    writer.close()


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
