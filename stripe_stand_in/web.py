"""Requests and answers, as little of HTTP as the stand-in needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """`path` is decoded, `query` is not; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def form(self) -> dict[str, str]:
        """A page's form: no lists."""
        return dict(parse_qsl(self.text, keep_blank_values=True))

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """`body` is sent as UTF-8."""

    status: int
    body: str
    type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def page(body: str, status: int = 200) -> Response:
    return Response(status, body, "text/html; charset=utf-8", {"cache-control": "no-store"})


def redirect(url: str) -> Response:
    return Response(303, "", "text/plain", {"location": url, "cache-control": "no-store"})


async def read(scope: Scope, receive: Receive) -> Request:
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        client=(scope.get("client") or ("", 0))[0],
    )


async def write(response: Response, send: Send, date: str) -> None:
    body = response.body.encode()
    headers = {"date": date, "content-type": response.type, "content-length": str(len(body))}
    headers |= response.headers
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
