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
