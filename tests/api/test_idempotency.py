"""`Idempotency-Key`: what is sent twice is carried out once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from tenants.context import run_in_tenant
from tests.personas import Workspace

MESSAGES = "/api/v1/rooms/general/messages"
ROOMS = "/api/v1/rooms"


def post(
    workspace: Workspace, path: str, body: Any, key: str, *, credential: str | None = None, process: int = 0
) -> httpx.Response:
    with workspace.http(credential or workspace.secret, process) as client:
        return client.post(path, json=body, headers={"Idempotency-Key": key})


def said(workspace: Workspace) -> list[str]:
    with workspace.api() as client:
        return [message["message"] for message in client.get(MESSAGES).json()["data"]]


def age(workspace: Workspace, seconds: float, **changes: Any) -> None:
    """Make what is kept of requests look so much older."""

    def change() -> None:
        from api.models import IdempotentRequest

        IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(seconds=seconds), **changes)

    run_in_tenant(workspace.tenant, change)


def test_a_repeat_is_answered_as_the_first_was_whichever_process_it_meets(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    first = post(workspace, MESSAGES, {"message": "once"}, key)
    again = post(workspace, MESSAGES, {"message": "once"}, key, process=1)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert said(workspace) == ["once"]


def test_twelve_at_once_make_one(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda n: post(workspace, ROOMS, {"name": "once"}, key, process=n % 2),
                range(12),
            )
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert made
    assert all(each == made[0] for each in made)
    for refused in (answer for answer in answers if answer.status_code == 409):
        assert refused.json()["code"] == "idempotency_key_in_use"
        assert refused.headers["retry-after"] == "1"
    assert post(workspace, ROOMS, {"name": "once"}, key).json() == made[0]


def test_another_body_under_the_same_key_is_refused(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    assert post(workspace, MESSAGES, {"message": "one"}, key).status_code == 201
    other = post(workspace, MESSAGES, {"message": "two"}, key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert said(workspace) == ["one"]


def test_a_key_counts_for_its_caller_and_its_path_alone(workspace: Workspace, elsewhere: Workspace) -> None:
    key = uuid.uuid4().hex
    bob, ann = workspace.token("bob"), workspace.token("ann")
    with workspace.api() as client:
        assert client.post(ROOMS, json={"name": "other"}).status_code == 201
    asked = [
        (workspace, MESSAGES, None),
        (workspace, "/api/v1/rooms/other/messages", None),
        (workspace, MESSAGES, bob),
        (workspace, MESSAGES, ann),
        (elsewhere, MESSAGES, None),
    ]
    ids = set()
    for place, path, credential in asked:
        answer = post(place, path, {"message": "hello"}, key, credential=credential)
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers
        ids.add(answer.json()["message_id"])
    assert len(ids) == len(asked)


@pytest.mark.parametrize("name", ["key {id}", "{id}", "user {id}"])
def test_no_user_comes_to_a_keys_answers_by_their_name(workspace: Workspace, name: str) -> None:
    token = workspace.token(name.format(id=workspace.key_id))
    for first, second in ((workspace.secret, token), (token, workspace.secret)):
        key = uuid.uuid4().hex
        answers = [
            post(workspace, MESSAGES, {"message": key}, key, credential=each) for each in (first, second)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert "idempotency-replayed" not in answers[1].headers
        assert answers[0].json()["message_id"] != answers[1].json()["message_id"]


def test_a_user_is_the_same_caller_with_a_fresh_token(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    first = post(workspace, MESSAGES, {"message": "hi"}, key, credential=workspace.token("bob", ttl=600))
    again = post(workspace, MESSAGES, {"message": "hi"}, key, credential=workspace.token("bob", ttl=900))
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


def test_what_was_refused_may_be_mended_under_the_same_key(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    assert post(workspace, MESSAGES, {"message": ""}, key).status_code == 422
    assert post(workspace, MESSAGES, {"message": "better"}, key).status_code == 201


def test_a_key_may_be_used_anew_after_a_day(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    assert post(workspace, MESSAGES, {"message": "monday"}, key).status_code == 201
    age(workspace, 24 * 3600 - 60)
    assert post(workspace, MESSAGES, {"message": "tuesday"}, key).status_code == 422
    age(workspace, 24 * 3600 + 1)
    assert post(workspace, MESSAGES, {"message": "tuesday"}, key).status_code == 201
    assert said(workspace) == ["tuesday", "monday"]


def test_a_process_that_died_in_mid_request_leaves_no_message_twice(workspace: Workspace) -> None:
    """It had committed, and could not say so: the row stands without an answer."""
    key = uuid.uuid4().hex
    first = post(workspace, MESSAGES, {"message": "survivor"}, key)
    age(workspace, 30, status=None)
    waiting = post(workspace, MESSAGES, {"message": "survivor"}, key)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_key_in_use")
    age(workspace, 61, status=None)
    again = post(workspace, MESSAGES, {"message": "survivor"}, key)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert said(workspace) == ["survivor"]


def test_tokens_and_tickets_are_made_anew_and_never_kept(workspace: Workspace) -> None:
    for path, secret in (("tokens", "token"), ("tickets", "ticket")):
        key = uuid.uuid4().hex
        first = post(workspace, f"/api/v1/{path}", {"sub": "bob"}, key)
        again = post(workspace, f"/api/v1/{path}", {"sub": "bob"}, key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()[secret] != again.json()[secret]
        assert post(workspace, f"/api/v1/{path}", {"sub": "ann"}, key).status_code == 422

    def kept() -> list[bytes]:
        from api.models import IdempotentRequest

        return [bytes(answer) for answer in IdempotentRequest.objects.values_list("answer", flat=True)]

    assert set(run_in_tenant(workspace.tenant, kept)) == {b""}


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e9", "tab\there"], ids=repr)
def test_a_key_that_is_none_is_refused_and_nothing_is_done(workspace: Workspace, key: str) -> None:
    with workspace.api() as client:
        answer = client.post(MESSAGES, json={"message": "no"}, headers=[(b"Idempotency-Key", key.encode())])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
    assert said(workspace) == []


def test_only_posts_have_keys(workspace: Workspace) -> None:
    key = {"Idempotency-Key": "the same"}
    with workspace.api() as client:
        for title in ("One", "Two"):
            answer = client.patch("/api/v1/rooms/general", json={"title": title}, headers=key)
            assert answer.json()["title"] == title


def test_what_has_lapsed_is_deleted(workspace: Workspace, elsewhere: Workspace) -> None:
    from api.models import IdempotentRequest
    from api.tasks import forget_old_requests

    for place in (workspace, elsewhere):
        assert post(place, MESSAGES, {"message": "hello"}, "k").status_code == 201
    age(workspace, 24 * 3600 + 60)
    forget_old_requests(timestamp=0)
    assert run_in_tenant(workspace.tenant, IdempotentRequest.objects.count) == 0
    assert run_in_tenant(elsewhere.tenant, IdempotentRequest.objects.count) == 1
