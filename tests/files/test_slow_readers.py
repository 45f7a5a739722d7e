"""Those who take a file slowly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from tenants.plans import PLANS
from tests.files.sending import uploaded
from tests.personas import Workspace


@contextmanager
def begun(workspace: Workspace, url: str) -> Iterator[socket.socket]:
    """A download of which the first bytes have come, by somebody who takes no more."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", workspace.ports[0]))
        path = httpx.URL(url).raw_path.decode()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {workspace.host}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        yield client


def test_they_keep_no_connection_to_the_database_from_others(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    from django.conf import settings

    content = b"x" * PLANS["free"].limits.max_file_bytes
    with workspace.api() as ours, elsewhere.api() as theirs, ExitStack() as held:
        url = uploaded(ours, content)["url"]
        slow = [held.enter_context(begun(workspace, url)) for _ in range(settings.DATABASE_POOL_SIZE + 2)]
        assert theirs.get("/api/v1/rooms").status_code == 200
        # None of them has got all of it meanwhile: it is more than lies in the sockets between.
        for client in slow:
            client.setblocking(False)
            assert len(client.recv(len(content))) < len(content)
