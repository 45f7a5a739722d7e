"""Every call, made by those who may not: identical to the rightful one, refused, and without effect."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.actions import create_api_key, revoke_api_key
from accounts.models import ApiKey
from api.v1 import api
from ops.local import Stack
from tenants.context import run_in_tenant
from tests.api.calls import (
    CALLS,
    DELIVERY,
    FILE,
    FILTER,
    INCOMING,
    REPORT,
    SPARE_KEY,
    THUMB,
    WEBHOOK,
    Call,
    prepared,
    where_it_works,
)
from tests.personas import Workspace, open_workspace
from tests.realtime.backstage import TABLES
from tests.tenants.test_hosts import signed_in

Open = Callable[..., Workspace]


@pytest.fixture(scope="module")
def elsewhere(stack: Stack) -> Workspace:
    """Mallory's workspace: one for all tests, since nothing that is refused changes anything there."""
    return open_workspace(tuple(stack.web_ports))


@pytest.fixture(scope="module")
def ours(stack: Stack) -> tuple[Workspace, str]:
    """A prepared workspace, for all the calls that only read; and the message's id."""
    workspace = open_workspace(tuple(stack.web_ports), plan="pro")
    return workspace, prepared(workspace)


@pytest.fixture
def alices(
    new_workspace: Open, ours: tuple[Workspace, str], request: pytest.FixtureRequest
) -> tuple[Workspace, str]:
    """Where the test's call works, and the message's id there; of its own, if the call changes anything."""
    call: Call = request.getfixturevalue("call")
    if call.method == "GET":
        return ours
    workspace = where_it_works(call, new_workspace(plan="pro"))
    return workspace, prepared(workspace)


def contents(workspace: Workspace) -> dict[str, str]:
    """Every row of the workspace's schema, a digest a table; but for when a key was last used."""
    schema = workspace.tenant.schema_name
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [schema])
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(string_agg(row, ',' ORDER BY row)) FROM "
                f"(SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM {schema}.{table} t) rows"
            )
            found[table] = cursor.fetchone()[0]
    return found


def make_key(
    workspace: Workspace, call: Call, name: str, scopes: Sequence[str] = ("admin",), **more: Any
) -> tuple[ApiKey, str, str]:
    """Another key of the side on which the call works."""
    return run_in_tenant(workspace.tenant, create_api_key, name, scopes, test=call.test, **more)


def strangers(workspace: Workspace, elsewhere: Workspace, call: Call) -> dict[str, dict[str, str]]:
    """Those who may not make the call, by what they send."""
    revoked, void, void_signing = make_key(workspace, call, "Revoked")
    run_in_tenant(workspace.tenant, revoke_api_key, revoked.id)
    past = timezone.now() - timedelta(seconds=1)
    expired, old, old_signing = make_key(workspace, call, "Expired", expires_at=past)
    bearers = {
        "Mallory's key": elsewhere.secret,
        "Mallory's user": elsewhere.token("mallory"),
        "Mallory as Carol": elsewhere.token("carol"),
        "Mallory's signature under our key's id": tokens.sign(
            elsewhere.signing_secret, workspace.key_id, "carol", 600
        )[0],
        "our signature under Mallory's key's id": tokens.sign(
            workspace.signing_secret, elsewhere.key_id, "carol", 600
        )[0],
        "a revoked key": void,
        "a user of a revoked key": tokens.sign(void_signing, revoked.id, "carol", 600)[0],
        "an expired key": old,
        "a user of an expired key": tokens.sign(old_signing, expired.id, "carol", 600)[0],
        "an expired user": tokens.sign(workspace.signing_secret, workspace.key_id, "carol", -61)[0],
        "a signing secret": workspace.signing_secret,
        "a key's id": workspace.key_id,
        "a key's beginning": workspace.secret[:18],
        "another end of the key": workspace.secret[:-1] + ("A" if workspace.secret[-1] != "A" else "B"),
    }
    headers = {name: {"Authorization": f"Bearer {credential}"} for name, credential in bearers.items()}
    headers |= {
        "nobody": {},
        "nothing but the scheme": {"Authorization": "Bearer"},
        "the key as a password": {"Authorization": f"Basic {workspace.secret}"},
        "the key without a scheme": {"Authorization": workspace.secret},
        "Mallory's session": signed_in(elsewhere),
    }
    # A session is good for reading rooms: no other site may act with it.
    if call.method != "GET" or not call.for_users:
        headers["the owner's session"] = signed_in(workspace)
    if not call.for_users:
        headers["a user of ours"] = {"Authorization": f"Bearer {workspace.token('carol')}"}
    return headers


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_only_the_rightful_may(alices: tuple[Workspace, str], elsewhere: Workspace, call: Call) -> None:
    workspace, message_id = alices
    wrong = strangers(workspace, elsewhere, call)
    before, before_there = contents(workspace), contents(elsewhere)
    with workspace.http() as client:
        for name, headers in wrong.items():
            refused = call.send(client, message_id, headers=headers)
            assert refused.status_code == 401, (name, refused.status_code, refused.text)
            assert refused.headers["content-type"] == "application/problem+json", name
            assert refused.json()["code"] == "unauthenticated", name
            assert refused.headers["www-authenticate"].startswith("Bearer"), name
        in_the_query = call.send(client, message_id, params={"token": workspace.secret})
        assert in_the_query.status_code == 401
    assert contents(workspace) == before
    assert contents(elsewhere) == before_there

    with workspace.api() as alice:  # the request was good: nothing but the credential was wrong
        answer = call.send(alice, message_id)
        assert answer.status_code == call.status, answer.text


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_key_does_what_its_scopes_say_and_no_more(alices: tuple[Workspace, str], call: Call) -> None:
    from accounts.scopes import SCOPES

    workspace, message_id = alices
    others = [scope for scope in SCOPES if scope not in (call.scope, "admin")]
    _, without, _ = make_key(workspace, call, "Without", others)
    _, just, _ = make_key(workspace, call, "Just", [scope for scope in (call.scope, call.also) if scope])
    before = contents(workspace)
    with workspace.http(without) as client:
        refused = call.send(client, message_id)
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert call.scope in refused.json()["detail"]
    assert contents(workspace) == before
    if call.also:
        _, half, _ = make_key(workspace, call, "Half", [call.scope])
        with workspace.http(half) as client:
            refused = call.send(client, message_id)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
        assert call.also in refused.json()["detail"]
    with workspace.http(just) as client:
        assert call.send(client, message_id).status_code == call.status


@pytest.mark.parametrize("call", [call for call in CALLS if call.for_users], ids=str)
def test_a_user_with_a_token_may_where_it_says_so(alices: tuple[Workspace, str], call: Call) -> None:
    workspace, message_id = alices
    with workspace.http(workspace.token("carol")) as client:
        assert call.send(client, message_id).status_code == call.status


def test_the_table_of_calls_is_complete() -> None:
    described = {
        (method.upper(), path.removeprefix("/api/v1/"))
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }
    listed = {
        (
            call.method,
            call.path.partition("?")[0]
            .replace("presence/general", "presence/{room}")
            .replace("general", "{name}")
            .replace(THUMB, "{emoji}")
            .replace(SPARE_KEY, "{key_id}")
            .replace(INCOMING, "{incoming_id}")
            .replace(REPORT, "{report_id}")
            .replace(FILTER, "{filter_id}")
            .replace("dave", "{blocked_id}")
            .replace("erin", "{blocked_id}")
            .replace("carol", "{external_id}")
            .replace("bob", "{external_id}")
            .replace(WEBHOOK, "{webhook_id}")
            .replace(DELIVERY, "{delivery_id}")
            .replace(FILE, "{file_id}"),
        )
        for call in CALLS
    }
    assert described - {("POST", "guests"), ("POST", "incoming/{token}")} == listed


def test_a_message_of_another_workspace_is_not_found_by_its_id(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    theirs = prepared(workspace)
    with workspace.api() as alice, elsewhere.api() as mallory:
        assert alice.get(f"/api/v1/rooms/general/messages/{theirs}").status_code == 200
        assert mallory.get(f"/api/v1/rooms/general/messages/{theirs}").status_code == 404
        path = f"/api/v1/rooms/general/messages/{theirs}"
        assert mallory.patch(path, json={"message": "x"}).status_code == 404
        assert mallory.delete(path).status_code == 404
        assert mallory.put(f"{path}/reactions/{THUMB}").status_code == 404
        assert mallory.delete(f"{path}/reactions/{THUMB}").status_code == 404
        assert alice.get(path).json()["message"] == "first"
        answer = mallory.post("/api/v1/rooms/general/messages", json={"message": "x", "reply_to": theirs})
        assert (answer.status_code, answer.json()["code"]) == (409, "reply_to_not_found")
        answer = alice.post("/api/v1/rooms/general/messages", json={"message": "x", "reply_to": theirs})
        assert answer.json()["reply_to"] == theirs


def test_a_revocation_is_known_to_every_process_within_a_second(workspace: Workspace) -> None:
    with workspace.api(0) as one, workspace.api(1) as other:
        user = workspace.token("bob")
        for client in (one, other):
            assert client.get("/api/v1/rooms").status_code == 200
            assert client.get("/api/v1/rooms", headers={"Authorization": f"Bearer {user}"}).status_code == 200
        run_in_tenant(workspace.tenant, revoke_api_key, workspace.key_id)
        deadline = time.monotonic() + 1
        for client in (one, other):
            while client.get("/api/v1/rooms").status_code != 401:
                assert time.monotonic() < deadline
            assert client.get("/api/v1/rooms", headers={"Authorization": f"Bearer {user}"}).status_code == 401
