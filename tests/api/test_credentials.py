"""Credentials over HTTP: the forms they come in, and how they end."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from accounts.actions import create_api_key, revoke_tokens
from accounts.models import ApiKey, Member
from tenants.context import run_in_tenant
from tests.accounts.test_tokens import HEADERS, FromNow, claims, forged
from tests.personas import Workspace


def status(workspace: Workspace, authorization: str, process: int = 0) -> int:
    with workspace.http(process=process) as client:
        return client.get("/api/v1/rooms", headers={"Authorization": authorization}).status_code


def test_a_bearer_token_may_be_written_in_any_case(workspace: Workspace) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert status(workspace, f"{scheme} {workspace.secret}") == 200
        assert status(workspace, f"{scheme} {workspace.token('bob')}") == 200


@pytest.mark.parametrize(
    "wrong",
    {
        "no exp": {"exp": ...},
        "expired": {"exp": FromNow(-61)},
        "too far ahead": {"exp": FromNow(25 * 3600)},
        "infinite": {"exp": float("inf")},
        "no sub": {"sub": ...},
        "a slash": {"sub": "a/b"},
        "staff": {"sub": "staff:alice"},
        "a guest": {"sub": "guest:0123456789abcdef"},
        "NUL": {"sub": "a\x00b"},
        "audience": {"aud": "other"},
        "rooms": {"rooms": "general"},
        "over 4 KiB": {"padding": "p" * 4000},
    }.items(),
    ids=lambda named: named[0],
)
def test_a_token_that_is_refused_is_401_and_makes_nobody(
    workspace: Workspace, wrong: tuple[str, dict[str, object]]
) -> None:
    def tokened(**changed: object) -> str:
        header = {"alg": "HS256", "kid": workspace.key_id}
        return forged(claims(**({"sub": "eve"} | changed)), header, workspace.signing_secret)

    def eves() -> int:
        return Member.objects.exclude(kind__in=["staff", "bot"]).count()

    with workspace.http(tokened(**wrong[1])) as client:
        answer = client.get("/api/v1/rooms")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.json()["detail"].startswith("The credential was refused: ")
    assert run_in_tenant(workspace.tenant, eves) == 0
    assert status(workspace, f"Bearer {tokened()}") == 200  # only what was changed was wrong with it
    assert run_in_tenant(workspace.tenant, eves) == 1


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_token_with_an_odd_header_is_401(workspace: Workspace, header: object) -> None:
    assert status(workspace, f"Bearer {forged(claims(), header, workspace.signing_secret)}") == 401


def test_alg_none_is_401(workspace: Workspace) -> None:
    token = jwt.encode(claims(), "", algorithm="none", headers={"kid": workspace.key_id})
    assert status(workspace, f"Bearer {token}") == 401
    assert status(workspace, f"Bearer {token}.") == 401


@pytest.mark.parametrize(
    "credential", ["x", "....", "a.b.c", "snug_sk_", "snug_sk_" + "x" * 43, "Ã©", "x" * 7000]
)
def test_garbage_is_401(workspace: Workspace, credential: str) -> None:
    with workspace.http() as client:
        answer = client.get(
            "/api/v1/rooms", headers={b"Authorization": b"Bearer " + credential.encode("latin-1")}
        )
    assert answer.status_code == 401


def test_a_ticket_opens_no_api_and_is_not_used_up_by_the_try(workspace: Workspace) -> None:
    from accounts import authentication
    from tests.accounts.asking import answer

    with workspace.api() as client:
        ticket = client.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    assert status(workspace, f"Bearer {ticket}") == 401
    assert answer(authentication.by_ticket(workspace.tenant, ticket)).external_id == "bob"


def test_everything_before_a_moment_is_revoked_for_one_user(workspace: Workspace) -> None:
    early, others = workspace.token("bob"), workspace.token("ann")
    for process in (0, 1):
        assert status(workspace, f"Bearer {early}", process) == 200

    def revoke() -> None:
        revoke_tokens(Member.objects.get(external_id="bob"))

    run_in_tenant(workspace.tenant, revoke)
    late = workspace.token("bob")  # within the same second, and good all the same
    deadline = time.monotonic() + 1
    for process in (0, 1):
        while status(workspace, f"Bearer {early}", process) != 401:
            assert time.monotonic() < deadline
        assert status(workspace, f"Bearer {late}", process) == 200
        assert status(workspace, f"Bearer {others}", process) == 200
    without_iat = forged(
        claims(sub="bob"), {"alg": "HS256", "kid": workspace.key_id}, workspace.signing_secret
    )
    assert status(workspace, f"Bearer {without_iat}") == 401  # taken as issued a day before its exp


def test_a_key_notes_when_it_was_last_used_without_a_write_for_every_call(workspace: Workspace) -> None:
    def used() -> object:
        return ApiKey.objects.get(id=workspace.key_id).last_used_at

    assert run_in_tenant(workspace.tenant, used) is None
    before = timezone.now()
    with workspace.api() as client:
        client.get("/api/v1/rooms")
        first = run_in_tenant(workspace.tenant, used)
        client.get("/api/v1/rooms")
    assert run_in_tenant(workspace.tenant, used) == first
    assert before <= first <= timezone.now()  # type: ignore[operator]

    def long_ago() -> None:
        ApiKey.objects.filter(id=workspace.key_id).update(last_used_at=before - timedelta(minutes=2))

    run_in_tenant(workspace.tenant, long_ago)
    assert status(workspace, f"Bearer {workspace.secret}") == 200
    assert run_in_tenant(workspace.tenant, used) >= before  # type: ignore[operator]


def test_two_keys_overlap_while_one_replaces_the_other(workspace: Workspace) -> None:
    _, secret, _ = run_in_tenant(workspace.tenant, create_api_key, "Next")
    assert status(workspace, f"Bearer {workspace.secret}") == status(workspace, f"Bearer {secret}") == 200


def test_staff_read_with_their_session_on_their_own_pages(workspace: Workspace) -> None:
    from tests.tenants.test_hosts import signed_in

    cookie = signed_in(workspace)
    with workspace.http() as client:
        assert client.get("/api/v1/rooms", headers=cookie).status_code == 200
        assert client.get("/api/v1/rooms/general/messages", headers=cookie).status_code == 200
        # A header that was sent counts, even beside a good session.
        bad = cookie | {"Authorization": "Bearer nonsense"}
        assert client.get("/api/v1/rooms", headers=bad).status_code == 401
        said = client.post("/api/v1/rooms/general/messages", json={"message": "x"}, headers=cookie)
        assert said.status_code == 401
