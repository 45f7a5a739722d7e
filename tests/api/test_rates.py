"""How often the API may be asked, by plan, and what its answers say of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from accounts.actions import create_api_key
from tenants import directory
from tenants.context import run_in_tenant
from tenants.models import Tenant
from tenants.plans import PLANS
from tests.personas import Workspace
from tests.proving import from_address, new_address

Open = Callable[..., Workspace]


def room_in_the_minute(seconds: int = 5) -> None:
    """Windows begin on the minute: a test that counts within one must not straddle two."""
    left = 60 - time.time() % 60
    if left < seconds:
        time.sleep(left + 0.05)


def limited_to(workspace: Workspace, figure: int) -> None:
    """Give a workspace that nobody has asked for yet its own number of requests a minute."""
    Tenant.objects.filter(slug=workspace.slug).update(own_limits={"api_per_minute": figure})
    directory.forget()


def figures(answer: httpx.Response) -> tuple[int, int]:
    """(limit, remaining), where the third header is sensible as well."""
    assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
    return int(answer.headers["ratelimit-limit"]), int(answer.headers["ratelimit-remaining"])


@pytest.mark.parametrize("plan", PLANS)
def test_the_limit_is_the_plans(new_workspace: Open, plan: str) -> None:
    limit = {"free": 120, "pro": 1_200, "business": 6_000}[plan]
    workspace = new_workspace(plan=plan)
    with workspace.api() as client:
        assert figures(client.get("/api/v1/rooms")) == (limit, limit - 1)


def test_a_workspace_may_have_a_figure_of_its_own_for_all_its_keys_and_processes(
    workspace: Workspace,
) -> None:
    limited_to(workspace, 5)
    _, second, _ = run_in_tenant(workspace.tenant, create_api_key, "Second")
    room_in_the_minute()
    with workspace.api(0) as one, workspace.http(second, 1) as other:
        # Refusals and failures count like any other call.
        asked = [
            one.get("/api/v1/rooms"),
            other.get("/api/v1/rooms"),
            one.get("/api/v1/rooms/nowhere"),
            other.post("/api/v1/rooms", json={}),
            one.get("/api/v1/rooms"),
        ]
        over = [other.get("/api/v1/rooms"), one.post("/api/v1/rooms", json={"name": "late"})]
        assert [answer.status_code for answer in asked] == [200, 200, 404, 422, 200]
        assert [figures(answer) for answer in asked] == [(5, 4), (5, 3), (5, 2), (5, 1), (5, 0)]
        for answer in over:
            assert answer.status_code == 429
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "rate_limited"
            assert figures(answer) == (5, 0)
            assert 1 <= int(answer.headers["retry-after"]) <= 60
        # A user has a count of their own: nobody with a guest's token can use up the tenant's.
        with workspace.http(workspace.token("bob")) as bob:
            assert figures(bob.get("/api/v1/rooms")) == (5, 4)
            assert bob.get("/api/v1/rooms/general").status_code == 200


def test_a_user_is_limited_too(workspace: Workspace) -> None:
    limited_to(workspace, 3)
    room_in_the_minute()
    with workspace.http(workspace.token("bob")) as bob, workspace.http(workspace.token("ann"), 1) as ann:
        assert [bob.get("/api/v1/rooms").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        assert ann.get("/api/v1/rooms").status_code == 200
    with workspace.http(workspace.token("bob", name="Bob"), 1) as bob_again:
        assert bob_again.get("/api/v1/rooms").status_code == 429  # the same person with another token


def test_messages_with_a_users_token_count_against_the_users_rate(workspace: Workspace) -> None:
    with workspace.http(workspace.token("bob")) as bob, workspace.api() as server:
        said = [bob.post("/api/v1/rooms/general/messages", json={"message": str(n)}) for n in range(22)]
        assert [answer.status_code for answer in said] == [201] * 20 + [429] * 2
        assert said[-1].json()["code"] == "rate_limited"
        assert 1 <= int(said[-1].headers["retry-after"]) <= 10
        # The tenant's own server speaks for many: only its requests are counted.
        relayed = [
            server.post("/api/v1/rooms/general/messages", json={"message": str(n), "sub": "bob"})
            for n in range(25)
        ]
        assert {answer.status_code for answer in relayed} == {201}


def test_guests_are_limited_by_address_whatever_they_claim_it_to_be(workspace: Workspace) -> None:
    room_in_the_minute()
    with from_address(workspace, new_address()) as one, from_address(workspace, new_address()) as other:
        admitted = [
            one.post(
                "/api/v1/guests", headers={"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"10.0.0.{n}"}
            )
            for n in range(22)
        ]
        assert [answer.status_code for answer in admitted] == [201] * 20 + [429] * 2
        assert figures(admitted[0]) == (20, 19)
        assert admitted[-1].json()["challenge"]
        assert other.post("/api/v1/guests").status_code == 201


def test_the_address_limit_of_one_workspace_is_not_anothers(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    room_in_the_minute()
    address = "127.77.77.77"
    with from_address(workspace, address) as here, from_address(elsewhere, address) as there:
        assert [here.post("/api/v1/guests").status_code for _ in range(21)][-1] == 429
        assert there.post("/api/v1/guests").status_code == 201
