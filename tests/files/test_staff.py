"""Staff send files from the page of their workspace, by session and form token; nobody else can make them do so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from config.edge import MOST_BYTES
from tests.console.staff import hire, sign_in
from tests.files.sending import PDF, picture, upload, uploaded
from tests.isolation.pages import contents
from tests.personas import Workspace


def token_of(page: str) -> str | None:
    """The form token that the chat page is given."""
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    token: str | None = json.loads(found[1])["csrf"]
    return token


@contextmanager
def at_work(workspace: Workspace, role: str = "") -> Iterator[httpx.Client]:
    """The browser of somebody on the team with the chat page open: the owner's where no role is named."""
    with sign_in(workspace, hire(workspace, role) if role else None) as inside:
        client = inside.client
        token = token_of(client.get("/chat/").text)
        assert token
        client.headers.update({"X-CSRFToken": token, "Origin": workspace.origin})
        yield client


@pytest.fixture
def bea(workspace: Workspace) -> Iterator[httpx.Client]:
    """An agent of this workspace."""
    with at_work(workspace, "agent") as client:
        yield client


def waiting(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.api() as api:
        found: list[dict[str, Any]] = api.get("/api/v1/files").json()["data"]
    return found


def test_an_agent_sends_a_file_that_a_message_then_has(workspace: Workspace, bea: httpx.Client) -> None:
    file = uploaded(bea, picture(), "screen.jpg")
    assert file["user_id"].startswith("staff:")
    assert bea.get(f"/api/v1/files/{file['id']}").json()["name"] == "screen.jpg"
    assert [each["id"] for each in waiting(workspace)] == [file["id"]]


def test_it_may_be_as_large_as_the_plan_allows(workspace: Workspace, bea: httpx.Client) -> None:
    large = PDF.ljust(3 * MOST_BYTES)
    assert uploaded(bea, large, "report.pdf")["size"] == len(large)
    del bea.headers["X-CSRFToken"]  # and no byte more than any form where it is not the page that sends
    assert upload(bea, large, "report.pdf").status_code == 413


def test_a_room_that_is_not_for_agents_takes_no_file_of_theirs(
    workspace: Workspace, bea: httpx.Client
) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
    refused = upload(bea, room="board")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert upload(bea).status_code == 201
    assert upload(bea, sub="bob").json()["code"] == "sub_not_allowed"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-CSRFToken": None}, 401),  # a form of another site, or of a page that somebody was lured to
        ({"X-CSRFToken": ""}, 403),
        ({"X-CSRFToken": "x" * 64}, 403),
        ({"Origin": "https://mallory.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Cookie": "snug_csrf=" + "a" * 32}, 401),  # a token without a session
    ],
    ids=["none", "empty", "wrong", "another-site", "a-sandbox", "no-session"],
)
def test_the_session_alone_sends_nothing(
    workspace: Workspace, bea: httpx.Client, headers: dict[str, Any], status: int
) -> None:
    uploaded(bea)
    before = contents(workspace)
    for name, value in headers.items():
        if value is None:
            del bea.headers[name]
        else:
            bea.headers[name] = value
    refused = upload(bea)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert contents(workspace) == before


def test_a_token_in_the_form_is_none(workspace: Workspace, bea: httpx.Client) -> None:
    token = bea.headers.pop("X-CSRFToken")
    assert upload(bea, csrfmiddlewaretoken=token).status_code == 401  # so would a form have it, anywhere
    bea.headers["X-CSRFToken"] = token
    assert upload(bea).status_code == 201


def test_another_workspaces_staff_send_nothing_here(
    workspace: Workspace, elsewhere: Workspace, bea: httpx.Client
) -> None:
    before = contents(workspace)
    with at_work(elsewhere) as mallory:
        uploaded(mallory)  # at home hers is good
        with workspace.http() as here:
            here.headers.update({name: mallory.headers[name] for name in ("X-CSRFToken", "Origin")})
            here.cookies.update({cookie.name: cookie.value or "" for cookie in mallory.cookies.jar})
            assert upload(here).status_code == 401
            here.headers["Origin"] = workspace.origin
            assert upload(here).status_code == 401
        assert contents(workspace) == before
        # Her page at a sibling's address, which the browser counts to the same site: ours would ride along.
        bea.headers["Origin"] = elsewhere.origin
        assert upload(bea).status_code == 403
        bea.headers["Origin"] = workspace.origin
        bea.headers["X-CSRFToken"] = mallory.headers["X-CSRFToken"]
        assert upload(bea).status_code == 403
        assert waiting(workspace) == []


def test_no_other_site_is_allowed_the_header(workspace: Workspace) -> None:
    from tenants.actions import set_origins

    set_origins(workspace.tenant.id, ["https://shop.example"])
    asks = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-csrftoken",
    }
    with workspace.http() as browser:
        answer = browser.options("/api/v1/files", headers=asks)
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "x-csrftoken" not in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_the_session_writes_nothing_else(workspace: Workspace, bea: httpx.Client) -> None:
    file = uploaded(bea)
    before = contents(workspace)
    for method, path, body in (
        ("POST", "rooms/general/messages", {"message": "Hello"}),
        ("POST", "rooms", {"name": "new"}),
        ("DELETE", f"files/{file['id']}", None),
        ("PUT", "users/bob", {"name": "Bob"}),
    ):
        answer = bea.request(method, f"/api/v1/{path}", json=body)
        assert answer.status_code == 401, (method, path)
    assert contents(workspace) == before


def test_whoever_is_shown_out_sends_nothing_any_more(workspace: Workspace, bea: httpx.Client) -> None:
    from django.db import transaction

    from accounts.actions import dismiss
    from accounts.models import Member
    from tenants.context import run_in_tenant

    uploaded(bea)

    def remove() -> None:
        with transaction.atomic():
            dismiss(Member.objects.get(role="agent"))

    run_in_tenant(workspace.tenant, remove)
    assert upload(bea).status_code == 401
    assert upload(bea, PDF.ljust(2 * MOST_BYTES)).status_code == 413


def test_a_form_token_is_given_to_staff_on_their_own_page_alone(
    workspace: Workspace, bea: httpx.Client
) -> None:
    assert token_of(bea.get("/chat/").text)
    assert token_of(bea.get("/chat/?embed=1").text) is None
    with workspace.http() as anyone:
        page = anyone.get("/chat/")
        assert token_of(page.text) is None
        assert "set-cookie" not in page.headers


def test_a_repeat_is_carried_out_once(workspace: Workspace, bea: httpx.Client) -> None:
    bea.headers["Idempotency-Key"] = "once"
    first, again = upload(bea), upload(bea)
    assert (first.status_code, again.headers.get("idempotency-replayed")) == (201, "true")
    assert len(waiting(workspace)) == 1
