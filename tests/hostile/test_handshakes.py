"""Requests to open a socket, as wrong as one likes: refused with a code that says why, or with an HTTP status, and
never as a fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hostile.anything import BOUNDED, TEXTS
from tests.hostile.wire import CLOSE, TEXT, Wire, connected, handshake
from tests.personas import Workspace

ROOM = "/ws/chat/general/"
# What a browser may be told; 1000 is a socket that another of the same user replaced.
CODES = {1000, 4000, 4001, 4002, 4003, 4004, 4029}
STATUSES = {400, 401, 403, 404, 405, 408, 413, 414, 426, 429, 431}


async def _outcome(wire: Wire) -> int | str:
    """How it ended: a status, the close code of a socket that was accepted, "open", or "hung up"."""
    try:
        status = await wire.head()
        if status != 101:
            return status
        opcode, payload = await wire.next()
    except (asyncio.IncompleteReadError, ConnectionError):
        return "hung up"
    return int.from_bytes(payload[:2], "big") if opcode == CLOSE else "open" if opcode == TEXT else "odd"


def knock(workspace: Workspace, request: bytes) -> int | str:
    async def send() -> int | str:
        async with connected(workspace) as wire:
            wire.write(request)
            return await _outcome(wire)

    return asyncio.run(send())


def refused(outcome: int | str) -> bool:
    return outcome in CODES | STATUSES


def both_ways(workspace: Workspace, target: bytes, *more: tuple[str, str | bytes]) -> list[int | str]:
    """What a client hears that offers our subprotocol, and what any other does."""
    ours = ("Sec-WebSocket-Protocol", "snug.v1")
    return [knock(workspace, handshake(workspace.host, target, headers)) for headers in ([*more, ours], more)]


SEGMENTS = [
    b"%00",
    b"a%00b",
    b"%FF",
    b"%ED%A0%80",
    b"%C0%AF",
    b"%2F",
    b"%2e%2e",
    b"..%2F..%2Fetc%2Fpasswd",
    b"%252e%252e",
    b"%25",
    b"%",
    b"%zz",
    b"%0D%0AX-Injected:%20yes",
    b"%20",
    b"general%20",
    b"general%0A",
    b"GENERAL",
    b"%D9%A1",
    b"%EF%BC%A7eneral",
    b"\xff\xfe",
    b"g\xc3\xa9n\xc3\xa9ral",
    b"'%20OR%201=1%20--",
    b"%3Cscript%3E",
    b"general;x=1",
    b"general%3Ftoken=x",
    b"general%23",
    b"x" * 81,
    b"x" * 7_000,
    b"x" * 20_000,
    b"*",
    b"",
    b"general/general",
    b".",
    b"..",
    b"../..",
    b"-_-",
]


@pytest.mark.parametrize("place", ["/ws/chat/{}/", "/ws/chat/{}", "/ws/{}/", "/ws/{}", "/{}/ws/"])
def test_any_path_is_refused_with_a_code_or_a_status(target: Workspace, place: str) -> None:
    for segment in SEGMENTS:
        before, _, after = place.partition("{}")
        path = before.encode() + segment + after.encode()
        for outcome in both_ways(target, path + b"?token=" + target.token("bob").encode()):
            assert refused(outcome) or (path, outcome) == (b"/ws/", "open"), (path[:60], outcome)


@BOUNDED
@given(text=TEXTS, coded=st.booleans())
def test_any_room_name_is_refused_or_is_one(target: Workspace, text: str, coded: bool) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    part = quote(raw, safe="").encode() if coded else raw.translate(None, b" \r\n\t?#")
    for outcome in both_ways(target, b"/ws/chat/" + part + b"/?token=" + target.token("bob").encode()):
        assert refused(outcome) or (part == b"general" and outcome == "open"), (part, outcome)


NAMES = ["since", "rev", "connection", "token", "since&rev", "x", "since&since", "token&token"]


@BOUNDED
@given(name=st.sampled_from(NAMES), text=TEXTS, coded=st.booleans(), basic=st.just(False))
@example(name="since", text="9" * 19, coded=True, basic=False)
@example(name="since", text="１", coded=True, basic=False)
@example(name="connection", text="*", coded=True, basic=False)
@example(name="connection", text="x" * 5000, coded=True, basic=False)
@example(name="token", text="", coded=True, basic=True)
@example(name="connection", text="\x00\ufeff", coded=True, basic=True)
def test_any_query_is_refused_or_without_effect(
    target: Workspace, name: str, text: str, coded: bool, basic: bool
) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    part = quote(raw, safe="").encode() if coded else raw.translate(None, b" \r\n\t#")
    query = b"&".join(each.encode() + b"=" + part for each in name.split("&"))
    bearer = ("Authorization", f"Bearer {target.token('bob')}")
    path = b"/ws/basic/?" if basic else ROOM.encode() + b"?"
    for outcome in both_ways(target, path + query, bearer):
        assert refused(outcome) or outcome == "open", (query, outcome)


ODD_HEADERS: dict[str, list[tuple[str, str | bytes]]] = {
    "no host": [("Host", "")],
    "a host of bytes": [("Host", b"\xff\xfe")],
    "a host with a path": [("Host", "acme.localhost/../..")],
    "a host with a user": [("Host", "acme@localhost")],
    "a very long host": [("Host", "x" * 5_000 + ".localhost")],
    "a host of IPv6": [("Host", "[::1]:8000")],
    "half a host of IPv6": [("Host", "[::1")],
    "a port that is none": [("Host", "localhost:99999999999")],
    "an idle host": [("Host", "..localhost")],
    "two hosts": [("Host", "localhost"), ("Host", "localhost")],
    "a version of old": [("Sec-WebSocket-Version", "8")],
    "a version of none": [("Sec-WebSocket-Version", "\xff".encode("latin-1"))],
    "no key": [("Sec-WebSocket-Key", "")],
    "a short key": [("Sec-WebSocket-Key", "AAAA")],
    "a key of bytes": [("Sec-WebSocket-Key", b"\xff" * 24)],
    "two keys": [("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg=="), ("sec-websocket-key", "x")],
    "another upgrade": [("Upgrade", "h2c")],
    "two upgrades": [("Upgrade", "h2c, websocket")],
    "no connection": [("Connection", "close")],
    "a body": [("Content-Length", "5")],
    "chunks": [("Transfer-Encoding", "chunked")],
    "an expectation": [("Expect", "100-continue")],
    "an extension": [("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=99")],
    "an extension of bytes": [("Sec-WebSocket-Extensions", b'\xff;;;="')],
    "a thousand extensions": [("Sec-WebSocket-Extensions", ", ".join(f"x{n}" for n in range(1000)))],
    "a protocol of bytes": [("Sec-WebSocket-Protocol", b"\xff\xfe")],
    "a protocol of nothing": [("Sec-WebSocket-Protocol", "")],
    "protocols of commas": [("Sec-WebSocket-Protocol", ",,,,")],
    "a thousand protocols": [("Sec-WebSocket-Protocol", ", ".join(f"p{n}" for n in range(1000)))],
    "a protocol with spaces": [("Sec-WebSocket-Protocol", "snug v1")],
    "ours twice": [("Sec-WebSocket-Protocol", "snug.v1, snug.v1")],
    "an empty bearer": [("Sec-WebSocket-Protocol", "snug.v1, bearer.")],
    "two bearers": [("Sec-WebSocket-Protocol", "snug.v1, bearer.a, bearer.b")],
    "a bearer of dots": [("Sec-WebSocket-Protocol", "snug.v1, bearer....")],
    "a bearer of 6 KiB": [("Sec-WebSocket-Protocol", f"snug.v1, bearer.{'x' * 6000}")],
    "credentials of bytes": [("Authorization", b"Bearer \xff\xfe\x80")],
    "credentials of nothing": [("Authorization", "Bearer")],
    "basic credentials": [("Authorization", "Basic YWxpY2U6cHc=")],
    "two credentials": [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
    "an origin of bytes": [("Origin", b"\xff")],
    "an origin of null": [("Origin", "null")],
    "half an origin": [("Origin", "http://[")],
    "an origin with a port that is none": [("Origin", "http://localhost:x")],
    "two origins": [("Origin", "http://localhost"), ("Origin", "http://evil.example")],
    "a cookie of bytes": [("Cookie", b"snug_session=\xff\xfe")],
    "a cookie of NUL in escapes": [("Cookie", 'snug_session="\\000"')],
    "a cookie that is none": [("Cookie", ";;=;=;")],
    "a thousand cookies": [("Cookie", "; ".join(f"c{n}={n}" for n in range(600)))],
    "an address of bytes": [("X-Forwarded-For", b"\xff, 1.2.3.4")],
    "an address that is none": [("X-Forwarded-For", "not an address")],
    "an address of IPv6 with a zone": [("X-Forwarded-For", "fe80::1%eth0")],
    "a language of bytes": [("Accept-Language", b"\xff;q=\xfe")],
    "a header of 9,000 bytes": [("X-Long", "x" * 9_000)],
    "a hundred and thirty headers": [(f"X-{n}", "x") for n in range(130)],
}


@pytest.mark.parametrize("path", [ROOM, "/ws/", "/ws/basic/"])
def test_odd_headers_are_refused_or_without_effect(fresh: Workspace, path: str) -> None:
    """Without credentials of ours beside them, so that only the connection check may open."""
    for kind, headers in ODD_HEADERS.items():
        # A request that does not ask for a socket is one for a page.
        pages = {200, 302} if kind in ("another upgrade", "no connection") else set()
        for protocol in ([], [("Sec-WebSocket-Protocol", "snug.v1")]):
            outcome = knock(fresh, handshake(fresh.host, path, [*headers, *protocol]))
            opened = path == "/ws/basic/" and outcome == "open"
            assert refused(outcome) or outcome in pages or opened, (kind, outcome)


REQUESTS: dict[str, Callable[[str], bytes]] = {
    "another method": lambda host: handshake(host, ROOM).replace(b"GET", b"POST", 1),
    "a method of our own": lambda host: handshake(host, ROOM).replace(b"GET", b"BREW", 1),
    "HTTP 1.0": lambda host: handshake(host, ROOM).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "HTTP 2": lambda host: handshake(host, ROOM).replace(b"HTTP/1.1", b"HTTP/2.0", 1),
    "a whole address": lambda host: handshake(host, f"http://{host}{ROOM}"),
    "a target without a slash": lambda host: handshake(host, "ws/chat/general/"),
    "a target of a star": lambda host: handshake(host, "*"),
    "a fragment": lambda host: handshake(host, ROOM + "#x"),
    "a header without a colon": lambda host: handshake(host, ROOM)[:-2] + b"nonsense\r\n\r\n",
    "a folded header": lambda host: handshake(host, ROOM)[:-2] + b"X-A: b\r\n c\r\n\r\n",
    "a header with NUL": lambda host: handshake(host, ROOM)[:-2] + b"X-A: \x00\r\n\r\n",
    "bare line feeds": lambda host: handshake(host, ROOM).replace(b"\r\n", b"\n"),
    "a socket's frame at once": lambda host: handshake(host, ROOM) + b"\x81\x80\x00\x00\x00\x00",
    "a second request at once": lambda host: handshake(host, ROOM) * 2,
    "HTTP 2 with prior knowledge": lambda host: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": lambda host: b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + b"\x01" * 240,
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_an_odd_request_is_refused(target: Workspace, kind: str) -> None:
    outcome = knock(target, REQUESTS[kind](target.host))
    assert refused(outcome), outcome


def test_the_same_with_nothing_odd_opens(target: Workspace) -> None:
    path = f"{ROOM}?token={target.token('bob')}&since=0&rev=0&connection=x".encode()
    assert both_ways(target, path) == ["open", "open"]
