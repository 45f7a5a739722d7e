"""The ASGI types of a socket, and what its request line and headers say."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qs

from tenants import addresses

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# An extension of our own server: give the socket to a Hear and return; see realtime.protocol.
HAND_OVER: Final = "snug.hand_over"
Hear = Callable[[dict[str, Any]], Awaitable[None]]


def headers(scope: Scope, name: bytes) -> list[str]:
    """Every header of this lower-case name, in the order they came."""
    found = [value for key, value in scope.get("headers", ()) if key.lower() == name]
    return [bytes(value).decode("latin-1") for value in found]


def client_address(scope: Scope) -> str:
    """Where a socket comes from, as limits by address count it."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = dict(scope.get("headers", ())).get(b"x-forwarded-for", b"")
    return addresses.client_address(peer, bytes(forwarded).decode("latin-1"))


def query(scope: Scope, name: str) -> str:
    """The first parameter of this name, "" where it is absent. The server bounds the request line, and so this work."""
    raw: bytes = scope.get("query_string", b"")
    return parse_qs(raw.decode("ascii", "replace")).get(name, [""])[0] if raw else ""
