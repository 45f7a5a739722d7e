"""Requests that are too large or too slow, as raw bytes on the wire."""

from __future__ import annotations

import socket
import time

import pytest

from realtime import http
from tests.personas import Workspace


def send(workspace: Workspace, *parts: bytes, patience: float = 10) -> bytes:
    """Send bytes and read until the server closes or has answered; what it said first."""
    with socket.create_connection(("127.0.0.1", workspace.ports[0]), timeout=patience) as wire:
        for part in parts:
            try:
                wire.sendall(part)
            except OSError:  # the server has heard enough
                break
        try:
            return wire.recv(65536)
        except ConnectionResetError:
            return b""


def head(workspace: Workspace, *more: bytes, path: bytes = b"/healthz") -> bytes:
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + workspace.host.encode(), *more]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def test_an_ordinary_request_is_served(workspace: Workspace) -> None:
    assert send(workspace, head(workspace, b"X-A: " + b"a" * 8000)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "more",
    [[b"X-A: " + b"a" * 40_000], [b"X-%d: %s" % (i, b"a" * 900) for i in range(60)]],
    ids=["one", "many"],
)
def test_a_head_that_is_too_large_is_refused(workspace: Workspace, more: list[bytes]) -> None:
    assert send(workspace, head(workspace, *more)).startswith(b"HTTP/1.1 431")


def test_a_head_without_end_is_cut_off(workspace: Workspace) -> None:
    endless = [b"GET /healthz HTTP/1.1\r\nX-A: ", *[b"a" * 1024 * 1024] * 20]
    answer = send(workspace, *endless)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [(b"/ws/basic/?" + b"a" * 9000, [], b"414"), (b"/ws/basic/", [b"X-A: " + b"a" * 9000], b"431")],
    ids=["line", "header"],
)
def test_a_handshake_that_is_too_large_is_answered_at_once(
    workspace: Workspace, path: bytes, more: list[bytes], status: bytes
) -> None:
    upgrade = [
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    began = time.monotonic()
    assert send(workspace, head(workspace, *upgrade, *more, path=path)).startswith(b"HTTP/1.1 " + status)
    assert time.monotonic() - began < 5  # the handshake's own deadline is ten seconds


def test_a_head_that_never_ends_is_told_so(workspace: Workspace) -> None:
    began = time.monotonic()
    answer = send(workspace, b"GET /healthz HTTP/1.1\r\nX-A: a", patience=http.HEAD_TIMEOUT + 10)
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began >= http.HEAD_TIMEOUT - 1


CHUNKED = [b"POST /api/v1/guests HTTP/1.1", b"Content-Type: application/json", b"Transfer-Encoding: chunked"]


def chunked(workspace: Workspace, *body: bytes) -> bytes:
    host = b"Host: " + workspace.host.encode()
    return send(workspace, b"\r\n".join([CHUNKED[0], host, *CHUNKED[1:]]) + b"\r\n\r\n", *body)


def test_trailers_are_no_headers_and_have_a_size(workspace: Workspace) -> None:
    assert chunked(workspace, b"2\r\n{}\r\n0\r\n\r\n").startswith(b"HTTP/1.1 201")
    assert chunked(workspace, b"2\r\n{}\r\n0\r\n", b"Origin: https://evil.example\r\n\r\n").startswith(
        b"HTTP/1.1 201"
    )
    answer = chunked(workspace, b"2\r\n{}\r\n0\r\n", *[b"X: y\r\n" * 50_000] * 20)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


def test_a_body_of_tiny_chunks_is_taken(workspace: Workspace) -> None:
    tiny = b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"name": "Bob"}')
    assert chunked(workspace, tiny, b"0\r\n\r\n").startswith(b"HTTP/1.1 201")


def test_an_upgrade_behind_an_unanswered_request_does_not_overtake_it(workspace: Workspace) -> None:
    upgrade = head(
        workspace,
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        path=b"/ws/basic/",
    )
    assert send(workspace, upgrade).startswith(b"HTTP/1.1 101")
    assert send(workspace, head(workspace, path=b"/login/") + upgrade).startswith(b"HTTP/1.1 200")


def test_a_refused_request_leaves_the_one_before_it_its_answer(workspace: Workspace) -> None:
    both = head(workspace, path=b"/login/") + head(workspace, b"X-A: " + b"a" * 100_000)
    assert send(workspace, both).startswith(b"HTTP/1.1 200")
