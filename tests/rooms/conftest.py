"""Rooms as the product's own code sees them, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.personas import Workspace

Speaker = Callable[..., Awaitable[Any]]


class Someone:
    """A user of a workspace, ready to enter its rooms."""

    def __init__(self, tenant: Any, identity: Any) -> None:
        self.tenant = tenant
        self.identity = identity
        self.rooms: dict[str, Any] = {}

    async def enter(self, room: str = "general") -> Any:
        from rooms import access

        self.rooms[room] = await access.enter(self.tenant, self.identity, room)
        return self.rooms[room]

    async def say(self, text: object, room: str = "general", **more: Any) -> Any:
        """Where they have entered the room before, two that are said at once come to the writer in that order."""
        from rooms.actions import post_message

        return await post_message(
            self.tenant, self.rooms.get(room) or await self.enter(room), self.identity, text, **more
        )


@pytest.fixture
async def someone() -> AsyncIterator[Speaker]:
    """Makes users: `await someone(workspace, "bob")`; more arguments are token claims."""
    from realtime import runtime

    async def make(workspace: Workspace, sub: str, **claims: Any) -> Someone:
        from accounts import authentication
        from tenants import directory

        tenant = await directory.afind(workspace.host)
        assert tenant is not None
        return Someone(tenant, await authentication.by_token(tenant, workspace.token(sub, **claims)))

    yield make
    await runtime.stop()
