"""Incoming webhooks: an address that posts into one room, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.calls import add_incoming
from tests.personas import Workspace

Open = Callable[..., Workspace]
DEEP: Any = [{"type": "section"}]
for _ in range(400):
    DEEP = [{"type": "section", "more": DEEP}]
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
        ({"message": 7, "text": "x"}, "invalid_field"),
        ({"text": "", "attachments": [], "blocks": [{"type": "divider"}]}, "empty_message"),
        ({"attachments": 5}, "invalid_field"),
        ({"attachments": ["x"]}, "invalid_field"),
        ({"attachments": [{"text": ["x"]}]}, "invalid_field"),
        ({"attachments": [{"blocks": "x"}]}, "invalid_field"),
        ({"attachments": [{"text": "a\x00b"}]}, "invalid_field"),
        ({"attachments": [{"text": "x"}] * 20_000}, "message_too_long"),
        ({"blocks": {}}, "invalid_field"),
        ({"blocks": [None]}, "invalid_field"),
        ({"blocks": [{"type": "section", "text": "x"}]}, "invalid_field"),
        ({"blocks": [{"type": "section", "text": {"text": {}}}]}, "invalid_field"),
        ({"blocks": [{"type": "context", "elements": 1}]}, "invalid_field"),
        ({"blocks": DEEP}, "empty_message"),
        ({"text": "<" * 500_000 + "|" * 500_000}, "message_too_long"),
        ({"text": "x", "client_id": ""}, "invalid_field"),
        ([], "invalid_field"),
    ],
    ids=range(22),
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


SLACK = {
    "an escaped text": (
        {"text": "a &lt;b&gt; &amp;amp; <https://x.example/?a=1&amp;b=2|the &lt;log&gt;> 1 < 2 > 0"},
        "a <b> &amp; the <log> (https://x.example/?a=1&b=2) 1 < 2 > 0",
    ),
    "addresses": (
        {
            "text": "<https://x.example> <https://x.example|https://x.example> <mailto:a@x.example|a@x.example>"
        },
        "https://x.example https://x.example mailto:a@x.example",
    ),
    "mentions": (
        {
            "text": "<!channel> <!here|here> <@U1> <@U1|bob> <#C1|ops> <!subteam^S1|@oncall> <!date^1^{date}|today>"
        },
        "@channel @here @U1 @bob #ops @oncall today",
    ),
    "a message as it is": (
        {"message": "&lt; <https://x.example|x>", "text": "y"},
        "&lt; <https://x.example|x>",
    ),
    "an alarm": (
        {
            "text": "",
            "attachments": [
                {
                    "fallback": "no",
                    "pretext": "Alert",
                    "title": "CPU &gt; 90",
                    "text": "<@U1> look",
                    "color": "#f00",
                },
                {"fallback": "just this", "fields": [{"title": "x"}]},
            ],
        },
        "Alert\nCPU > 90\n@U1 look\njust this",
    ),
    "a deploy": (
        {
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "Deployed"}},
                {"type": "divider"},
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": "<https://x.example|4.2>"},
                    "fields": [{"type": "mrkdwn", "text": "to live"}],
                },
                {
                    "type": "context",
                    "elements": [{"type": "image", "image_url": "x"}, {"type": "mrkdwn", "text": "by ann"}],
                },
            ],
            "attachments": [
                {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "1 change"}}]}
            ],
        },
        "Deployed\n4.2 (https://x.example)\nto live\nby ann\n1 change",
    ),
    "a text before all else": ({"text": "x", "blocks": 5, "attachments": 5}, "x"),
}


@pytest.mark.parametrize(("sent", "read"), SLACK.values(), ids=SLACK)
def test_what_was_made_for_slack_is_read_as_slack_reads_it(
    module_workspace: Workspace, incoming: str, sent: dict[str, Any], read: str
) -> None:
    answer = post(module_workspace, incoming, sent)
    assert (answer.status_code, answer.json().get("message")) == (201, read), answer.text
    with module_workspace.http() as anyone:
        answer = anyone.post(incoming, data={"payload": json.dumps(sent)})
    assert (answer.status_code, answer.json().get("message")) == (201, read), answer.text


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ("payload=", 422, "empty_message"),
        ("text=hello", 422, "empty_message"),
        ("payload=%5B%5D", 422, "invalid_field"),
        ("payload=hello", 400, "invalid_json"),
        ("payload=%ff%00", 400, "invalid_json"),
        ("payload=" + "%5B" * 100_000, 400, "invalid_json"),
        ("&".join(["a=b"] * 5_000), 400, "invalid_json"),
    ],
    ids=["empty", "another field", "a list", "no JSON", "bytes", "deep", "many"],
)
def test_a_form_that_is_none_of_slacks_is_refused_in_words(
    module_workspace: Workspace, incoming: str, form: str, status: int, code: str
) -> None:
    with module_workspace.http() as anyone:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        refused = anyone.post(incoming, content=form, headers=kind)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        elsewhere = anyone.post("/api/v1/guests", content=form, headers=kind)
        assert elsewhere.status_code == 415
    if code == "empty_message":
        assert (
            refused.json()["detail"]
            == "text or message is needed, or blocks or attachments that say something."
        )


@pytest.fixture(scope="module")
def incoming(module_workspace: Workspace) -> str:
    """The path of an incoming webhook."""
    return f"/api/v1/incoming/{add_incoming(module_workspace)}"
