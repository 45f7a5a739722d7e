"""Incoming webhooks: an address that posts into one room, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.calls import add_incoming
from tests.personas import Workspace

Open = Callable[..., Workspace]
OF_GENERAL = "/api/v1/rooms/general/incoming-webhooks"


def made(workspace: Workspace, **headers: str) -> dict[str, Any]:
    with workspace.api() as api:
        answer = api.post(OF_GENERAL, json={"name": "Deploys"}, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def post(workspace: Workspace, path: str, body: object, process: int = 0, **headers: str) -> httpx.Response:
    with workspace.http(process=process) as anyone:
        return anyone.post(path, json=body, headers=headers)


def path_of(webhook: dict[str, Any]) -> str:
    return httpx.URL(webhook["secret_url"]).path


async def test_what_is_posted_reaches_sockets_and_a_repeat_posts_nothing(workspace: Workspace) -> None:
    webhook = made(workspace)
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        await bob.entered()
        sent = {"text": " Release 4.2 is out ", "client_id": "4.2", "attachments": [{"color": "#0f0"}]}
        answer = post(workspace, path_of(webhook), sent)
        assert answer.status_code == 201, answer.text
        heard = await bob.until("chat_message")
        assert heard == {"type": "chat_message", **answer.json()}
        assert (heard["message"], heard["username"]) == ("Release 4.2 is out", "Deploys")
        assert heard["user_id"] == webhook["user_id"] == f"bot:{webhook['id']}"
        again = post(workspace, path_of(webhook), sent, process=1)
        assert (again.status_code, again.json()) == (200, answer.json())
        assert post(workspace, path_of(webhook), {"message": "second"}).json()["seq"] == heard["seq"] + 1


def test_the_address_is_told_once(workspace: Workspace) -> None:
    webhook = made(workspace, **{"Idempotency-Key": "make-it"})
    assert made(workspace, **{"Idempotency-Key": "make-it"}) == {**webhook, "secret_url": None}
    assert post(workspace, path_of(webhook), {"message": "used"}).status_code == 201
    with workspace.api() as api:
        (listed,) = api.get(OF_GENERAL).json()["data"]
        assert "secret_url" not in listed
        assert listed["last_used_at"]
        assert path_of(webhook).rpartition("/")[2] not in api.get("/api/v1/audit").text


def test_a_deleted_one_is_dead_at_once_and_what_it_said_stays(workspace: Workspace) -> None:
    webhook = made(workspace)
    assert post(workspace, path_of(webhook), {"message": "first"}).status_code == 201
    with workspace.api() as api:
        assert api.delete(f"{OF_GENERAL}/{webhook['id']}").status_code == 204
        assert api.delete(f"{OF_GENERAL}/{webhook['id']}").status_code == 404
        assert post(workspace, path_of(webhook), {"message": "second"}, process=1).status_code == 404
        (said,) = api.get("/api/v1/rooms/general/messages").json()["data"]
        assert (said["message"], said["username"]) == ("first", "Deploys")
        actions = [entry["action"] for entry in api.get("/api/v1/audit").json()["data"][:2]]
    assert actions == ["incoming_webhook.deleted", "incoming_webhook.created"]


def test_it_goes_with_its_room_and_never_into_a_new_one_of_that_name(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "attic", "kind": "private"}).raise_for_status()
        path = f"/api/v1/incoming/{add_incoming(workspace, 'attic')}"
        assert post(workspace, path, {"message": "in"}).status_code == 201
        api.patch("/api/v1/rooms/attic", json={"archived": True}).raise_for_status()
        refused = post(workspace, path, {"message": "in"})
        assert (refused.status_code, refused.json()["code"]) == (409, "room_archived")
        api.delete("/api/v1/rooms/attic").raise_for_status()
        api.post("/api/v1/rooms", json={"name": "attic", "kind": "private"}).raise_for_status()
        assert post(workspace, path, {"message": "out"}).status_code == 404
        assert api.get("/api/v1/rooms/attic/messages").json()["data"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "empty_message"),
        ({"text": "  "}, "empty_message"),
        ({"text": "x" * 1_001}, "message_too_long"),
        ({"text": "\x00"}, "invalid_field"),
        ({"text": 7}, "invalid_field"),
        ({"text": "x", "client_id": ""}, "invalid_field"),
        ([], "invalid_field"),
    ],
    ids=["nothing", "spaces", "too long", "NUL", "a number", "no client_id", "a list"],
)
def test_what_is_no_message_is_refused_in_words(workspace: Workspace, body: object, code: str) -> None:
    path = f"/api/v1/incoming/{add_incoming(workspace)}"
    refused = post(workspace, path, body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["detail"].endswith(".")
    assert post(workspace, path, {"text": "x"}).status_code == 201


def test_a_room_has_so_many_and_no_more(workspace: Workspace) -> None:
    from incoming.actions import MOST, create_incoming_webhook
    from rooms.models import Room
    from tenants.context import run_in_tenant

    def fill() -> None:
        for n in range(MOST):
            create_incoming_webhook(Room.objects.get(name="general"), f"{n}")

    run_in_tenant(workspace.tenant, fill)
    with workspace.api() as api:
        refused = api.post(OF_GENERAL, json={"name": "one more"})
        assert (refused.status_code, refused.json()["code"]) == (403, "incoming_webhook_limit_reached")
        page = api.get(f"{OF_GENERAL}?limit=15").json()
        rest = api.get(f"{OF_GENERAL}?limit=15&cursor={page['next']}").json()
        assert [each["name"] for each in page["data"] + rest["data"]] == [str(n) for n in range(MOST)]
        assert rest["next"] is None


def test_guesses_are_limited_by_address_and_posts_by_the_plan(workspace: Workspace) -> None:
    path = f"/api/v1/incoming/{add_incoming(workspace)}"
    guess = f"/api/v1/incoming/snug_in_{'x' * 43}"
    with workspace.http() as anyone:
        answers = [anyone.post(guess, json={"text": "x"}).status_code for _ in range(62)]
        # Two windows at most: minutes begin when they begin.
        assert set(answers) == {404, 429}
        posted = anyone.post(path, json={"text": "x"})
        assert posted.status_code == 201
        assert posted.headers["ratelimit-limit"] == "120"
