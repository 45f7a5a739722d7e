"""Resumes that take long, since the client reads slowly: what happens meanwhile holds at once. In this process, where
the reading can be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from realtime.outlets import Outlet
from tests.personas import Workspace
from tests.realtime.backstage import fill, schema_of
from tests.realtime.conftest import Inside, entered, next_of

MANY = 1_100  # changes of a second page
BEHIND = f"since={MANY}&rev=0"


class Gate:
    """Where a resume waits for its reader."""

    def __init__(self) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def reached_by_now(self) -> None:
        async with asyncio.timeout(10):
            await self.reached.wait()

    async def flow(self, outlet: Outlet) -> None:
        self.reached.set()
        await self.open.wait()


@pytest.fixture
async def gate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    from realtime.consumers import resume

    one = Gate()
    monkeypatch.setattr(resume, "flow", one.flow)
    yield one
    one.open.set()


@pytest.fixture
def vault(new_workspace: Callable[..., Workspace]) -> Workspace:
    """A workspace whose private room has a long history, and Bob in it."""
    workspace = new_workspace(plan="pro")
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": "vault", "kind": "private"}).status_code == 201
        assert api.put("/api/v1/users/bob", json={}).status_code == 201
        assert api.put("/api/v1/rooms/vault/members/bob").status_code < 300
    fill(workspace, MANY, "vault")
    return workspace


async def remove_bob_and_say(workspace: Workspace, text: str) -> None:
    """Remove Bob, and wait until this process knows; then say something."""
    from realtime.hub import hub

    visits: Any = (await hub()).visits
    ((visit,),) = visits._schemas[schema_of(workspace)].values()
    with workspace.api() as api:
        assert api.delete("/api/v1/rooms/vault/members/bob").status_code == 204
        async with asyncio.timeout(10):
            while visit.ended is None:
                await asyncio.sleep(0.01)
        said = await asyncio.to_thread(api.post, "/api/v1/rooms/vault/messages", json={"message": text})
        assert said.status_code == 201, said.text


async def test_who_is_removed_while_they_resume_hears_nothing_that_is_said_after(
    vault: Workspace, inside: Inside, gate: Gate
) -> None:
    bob = inside(vault, f"/ws/?token={vault.token('bob')}")
    assert (await bob.connect(timeout=5))[0]
    await bob.send_json_to({"type": "join", "room": "vault", "since": MANY, "rev": 0, "ref": "j"})
    await gate.reached_by_now()
    await remove_bob_and_say(vault, "secret")
    gate.open.set()
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["type"] != "error":
        heard.append(await bob.receive_json_from(timeout=10))
    assert heard[-1]["error"]["message"] == "You are no longer a member of this room."
    assert {"message_edited", "online_users"} <= {frame["type"] for frame in heard}
    await bob.send_json_to({"type": "join", "room": "general"})
    while heard[-1]["type"] != "user_joined" or heard[-1]["room"] != "general":
        heard.append(await bob.receive_json_from(timeout=10))
    assert "secret" not in str(heard)


async def test_the_socket_of_a_room_is_closed_in_the_middle(
    vault: Workspace, inside: Inside, gate: Gate
) -> None:
    bob = inside(vault, f"/ws/chat/vault/?token={vault.token('bob')}&{BEHIND}")
    await entered(bob)
    await gate.reached_by_now()
    await remove_bob_and_say(vault, "secret")
    gate.open.set()
    told: list[dict[str, Any]] = []
    while not told or told[-1]["type"] != "websocket.close":
        told.append(await bob.receive_output(timeout=10))
    assert told[-1]["code"] == 4003
    assert "secret" not in str(told)


async def test_a_token_that_expires_meanwhile_is_told_and_closed_in_time(
    vault: Workspace, inside: Inside, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.consumers import member

    monkeypatch.setattr(member, "EXPIRY_GRACE", 0.3)
    bob = inside(vault, f"/ws/chat/vault/?token={vault.token('bob', ttl=2)}&{BEHIND}")
    await entered(bob)
    await gate.reached_by_now()
    assert (await next_of(bob, "error"))["error"]["code"] == "TOKEN_EXPIRED"
    closed = await bob.receive_output(timeout=5)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4001)
