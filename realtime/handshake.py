"""The request that opens a socket, already taken apart by the HTTP parser: is it one, and what is answered."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from realtime.scope import Scope

Headers = list[tuple[bytes, bytes]]

MOST_LINE: Final = 8 * 1024
MOST_HEADERS: Final = 128

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class NoHandshake(Exception):
    """This request opens no socket, whoever sends it."""

    def __init__(self, status: HTTPStatus, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.headers = headers


def accept_key(http: Scope, url: bytes) -> bytes:
    """What proves to the client that its request for a socket was understood: RFC 6455, 4.2. Raises NoHandshake.

    `http` is the scope of the request, which has asked for an upgrade to a WebSocket.
    """
    headers: Headers = http["headers"]
    if len(url) > MOST_LINE:
        raise NoHandshake(HTTPStatus.REQUEST_URI_TOO_LONG)
    if len(headers) > MOST_HEADERS or any(len(name) + len(value) > MOST_LINE for name, value in headers):
        raise NoHandshake(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    if http["method"] != "GET":
        raise NoHandshake(HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET"))
    if _all(headers, b"sec-websocket-version") != [b"13"]:
        raise NoHandshake(HTTPStatus.UPGRADE_REQUIRED, (b"sec-websocket-version", b"13"))
    if http["http_version"] != "1.1" or _has_body(headers):
        raise NoHandshake(HTTPStatus.BAD_REQUEST)
    keys = _all(headers, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]) or not url.isascii():
        raise NoHandshake(HTTPStatus.BAD_REQUEST)
    return base64.b64encode(hashlib.sha1(keys[0] + _GUID, usedforsecurity=False).digest())


def socket_scope(http: Scope, url: bytes) -> Scope:
    """The ASGI scope of the socket that this request asks for."""
    raw_path, _, query = url.partition(b"?")
    offered = b",".join(_all(http["headers"], b"sec-websocket-protocol")).decode("latin-1")
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": http["server"],
        "client": http["client"],
        "root_path": "",
        "path": unquote(raw_path.decode()),
        "raw_path": raw_path,
        "query_string": query,
        "headers": http["headers"],
        "subprotocols": [name.strip() for name in offered.split(",")] if offered else [],
    }


def switching(accept: bytes, subprotocol: str | None) -> bytes:
    """The answer that opens the socket."""
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n"
        + chosen.encode()
        + b"\r\n"
    )


def answer(status: int, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b"") -> bytes:
    """An answer that opens none, and is the last on its connection."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(),
        b"date: " + formatdate(usegmt=True).encode(),
        b"connection: close",
        b"content-length: " + str(len(body)).encode(),
        *(name + b": " + value for name, value in headers if name != b"content-length"),
    ]
    return b"\r\n".join([*lines, b"", body])


def _all(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _has_body(headers: Headers) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False
