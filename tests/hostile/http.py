"""Requests as bytes, and what every answer to them must be."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator


class Answer:
    """What came back over the wire."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), raw[:200]
        self.status = int(first.split(" ")[1])
        said = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in said}
        if self.headers.get("transfer-encoding") == "chunked":
            self.body = b"".join(_chunks(self.body))


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


def send(port: int, request: bytes) -> Answer:
    """Bytes that no library would send; whoever answers must hang up after."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as peer:
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # it had heard enough, and has answered
            peer.sendall(request)
        raw = b""
        try:
            while part := peer.recv(65_536):
                raw += part
        except ConnectionResetError:
            assert raw
    return Answer(raw)


def request(
    host: str, method: str, target: bytes, headers: list[tuple[str, bytes]], body: bytes | None = None
) -> bytes:
    lines = {"Host": host.encode(), "Connection": b"close", "Accept": b"*/*"}
    given = {name.lower() for name, _ in headers}
    said = [(name, value) for name, value in lines.items() if name.lower() not in given] + headers
    if body is not None and "content-length" not in given and "transfer-encoding" not in given:
        said.append(("Content-Length", str(len(body)).encode()))
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in said)
    return method.encode() + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n" + (body or b"")


def check(answer: Answer, target: bytes) -> None:
    """Assert that this is an answer that anyone may get."""
    assert answer.status < 500, (target[:100], answer.status, answer.body[:500])
    assert "x-injected" not in answer.headers
    no_http = answer.status == 400 and answer.body == b"Invalid HTTP request received."
    if target.startswith(b"/api/") and answer.status >= 400 and answer.body and not no_http:
        assert answer.headers["content-type"] == "application/problem+json", (target[:100], answer.headers)
        problem = json.loads(answer.body)
        assert problem.keys() >= {"type", "title", "status", "code", "detail"}
        assert problem["status"] == answer.status
