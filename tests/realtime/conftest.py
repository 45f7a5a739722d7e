"""Workspaces on other plans, and the product's ASGI application inside the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from tests.personas import Workspace


@pytest.fixture
def pro(new_workspace: Callable[..., Workspace]) -> Workspace:
    """Alice's workspace, on the pro plan."""
    return new_workspace(plan="pro")


@pytest.fixture
def business(new_workspace: Callable[..., Workspace]) -> Workspace:
    """Alice's workspace, on the business plan."""
    return new_workspace(plan="business")


Inside = Callable[..., WebsocketCommunicator]


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    """Makes sockets to the application in this very process: a third one beside the two web processes."""
    from config.asgi import application
    from realtime import runtime

    made: list[WebsocketCommunicator] = []

    def communicator(
        workspace: Workspace, path: str = "/ws/chat/general/", *, subprotocols: list[str] | None = None
    ) -> WebsocketCommunicator:
        headers: list[tuple[bytes, bytes]] = [(b"host", workspace.host.encode())]
        one = WebsocketCommunicator(application, path, headers=headers, subprotocols=subprotocols)
        # Channels' own leaves out what every server sends: who is calling.
        one.scope["client"] = ["127.0.0.1", 1]
        made.append(one)
        return one

    yield communicator
    for one in made:
        if not one.future.done():
            await one.disconnect()
    await runtime.stop()


async def entered(socket: WebsocketCommunicator) -> dict[str, Any]:
    """Connect and read the entry frames; the `online_users`."""
    connected, _ = await socket.connect(timeout=5)
    assert connected
    online: dict[str, Any] = await socket.receive_json_from(timeout=5)
    await socket.receive_json_from(timeout=5)
    return online


async def next_of(socket: WebsocketCommunicator, type_: str) -> dict[str, Any]:
    """The next frame of this type."""
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = await socket.receive_json_from(timeout=10)
            if frame["type"] == type_:
                return frame
