"""`GET /usage`: what is used, beside what the plan allows."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.personas import Workspace
from tests.portal.visitor import far_from_the_end_of
from tests.realtime.backstage import rows, tenant_id_of


def usage(workspace: Workspace, process: int = 0) -> dict[str, Any]:
    with workspace.api(process) as api:
        answer = api.get("/api/v1/usage")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_figure_stands_beside_its_limit(workspace: Workspace) -> None:
    far_from_the_end_of(60)
    rows(
        workspace,
        "INSERT INTO public.billing_connectionpeak (tenant_id, day, peak) "
        "VALUES (%s, date_trunc('month', now() AT TIME ZONE 'UTC'), 7)",
        tenant_id_of(workspace),
    )
    with workspace.api() as api:
        for n in range(3):
            api.post("/api/v1/rooms/general/messages", json={"message": f"{n}", "sub": "bob"})
        api.post("/api/v1/rooms", json={"name": "kitchen"})
        api.put("/api/v1/users/ann")
        api.put("/api/v1/users/gone")
        api.delete("/api/v1/users/gone")
    rows(workspace, "UPDATE rooms_message SET created_at = now() - interval '32 days' WHERE seq = 1")
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        assert await asyncio.to_thread(usage, workspace) == {
            "plan": "free",
            "connections": {"now": 2, "peak": 7, "limit": 100},
            "rooms": {"now": 2, "limit": 20},
            "messages": {"today": 2, "month": 2, "limit": None},
            "members": {"now": 2, "limit": None},
            "api_requests": {"minute": 8, "limit": 120},
        }
    assert (await asyncio.to_thread(usage, workspace, 1))["api_requests"]["minute"] == 9  # of both processes


def test_what_the_plan_does_not_limit_has_no_limit(new_workspace: Any) -> None:
    found = usage(new_workspace(plan="business"))
    assert found["rooms"] == {"now": 1, "limit": None}
    assert found["connections"]["limit"] == 10_000


def test_the_peak_is_never_below_what_is_open_now(workspace: Workspace) -> None:
    found = usage(workspace)["connections"]
    assert found == {"now": 0, "peak": 0, "limit": 100}
    assert usage(workspace)["members"]["now"] == 0


def test_another_workspaces_usage_is_its_own(workspace: Workspace, elsewhere: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"})
    assert usage(workspace)["rooms"]["now"] == 2
    assert usage(elsewhere)["rooms"]["now"] == 1
