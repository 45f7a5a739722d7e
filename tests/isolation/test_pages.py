"""Every page of a workspace, and Mallory: with her own session, with her own links, and with ours on her own host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.calls import CALLS
from tests.isolation.inventory import METHODS, TENANT, operations, routes
from tests.isolation.pages import (
    BY_LINK,
    FOR_EVERYONE,
    OF_STAFF,
    PAGES,
    Page,
    contents,
    gist,
    pieces_of,
    session_of,
)
from tests.personas import Workspace

Open = Callable[..., Workspace]


def test_the_table_of_pages_is_complete() -> None:
    from django.urls import resolve

    listed = {page.route for page in PAGES}
    of_the_api = {route for _, route in operations()}
    assert set(routes(TENANT)) - of_the_api == listed
    for page in PAGES:  # and each request comes to the view that it is said to
        path = (page.path or page.route).partition("?")[0].replace("{", "").replace("}", "")
        assert resolve(f"/{path}", TENANT).route == page.route


def test_the_table_of_calls_is_complete_too() -> None:
    from django.urls import resolve

    concrete = {(call.method, call.path.partition("?")[0].replace("{message_id}", "m")) for call in CALLS}
    assert {
        (method, resolve(f"/api/v1/{path}", TENANT).route) for method, path in concrete
    } == operations() - {
        # These need no key: tests/isolation/test_calls.py
        ("POST", "api/v1/guests"),
        ("POST", "api/v1/incoming/<token>"),
    }


@pytest.mark.parametrize("route", sorted({page.route for page in PAGES}))
def test_a_method_that_is_not_in_the_table_is_refused_or_says_the_same(
    workspace: Workspace, route: str
) -> None:
    mine = [page for page in PAGES if page.route == route]
    session, pieces = session_of(workspace), pieces_of(workspace)
    public = [gist(page.send(workspace, None, pieces)) for page in mine if page in FOR_EVERYONE]
    for method in set(METHODS) - {page.method for page in mine}:
        form: dict[str, str] | None = None if route.startswith("api/") else {}
        answer = Page(method, route, 405, mine[0].path, form).send(workspace, session, pieces)
        assert answer.status_code in (404, 405) or gist(answer) in public, (method, answer.status_code)


@pytest.mark.parametrize("page", OF_STAFF, ids=str)
def test_mallorys_session_is_worth_as_much_as_none(
    new_workspace: Open, elsewhere: Workspace, page: Page
) -> None:
    proof = new_workspace(
        plan="pro"
    )  # the request is good: nothing but the session is wrong with what follows
    session, pieces, before = session_of(proof), pieces_of(proof), contents(proof)
    assert page.send(proof, session, pieces).status_code == page.status
    assert (contents(proof) != before) == (page.method == "POST")

    workspace = new_workspace(plan="pro")
    alice, mallory = session_of(workspace), session_of(elsewhere)
    pieces = pieces_of(workspace)
    before, before_there = contents(workspace), contents(elsewhere)
    as_mallory = gist(page.send(workspace, mallory, pieces))
    assert as_mallory == gist(page.send(workspace, None, pieces))
    assert contents(workspace) == before
    assert contents(elsewhere) == before_there

    at_home = page.send(elsewhere, mallory, pieces)
    assert workspace.slug not in at_home.text.replace(f"https://{workspace.slug}.example", "")
    assert contents(workspace) == before

    as_alice = page.send(workspace, alice, pieces)
    assert as_alice.status_code == page.status
    assert gist(as_alice) != as_mallory or page.route == "logout/"


@pytest.mark.parametrize("page", BY_LINK, ids=str)
def test_a_link_leads_into_its_own_workspace_alone(
    new_workspace: Open, elsewhere: Workspace, page: Page
) -> None:
    workspace = new_workspace()
    ours, hers = pieces_of(workspace), pieces_of(elsewhere)
    before, before_there = contents(workspace), contents(elsewhere)
    refusal = BY_LINK[page]
    for place, pieces in ((workspace, hers), (elsewhere, ours)):
        answer = page.send(place, None, pieces)
        assert answer.status_code == refusal, answer.text
        assert "snug_session" not in answer.cookies
    assert contents(workspace) == before
    assert contents(elsewhere) == before_there

    for place, pieces in ((workspace, ours), (elsewhere, hers)):
        assert page.send(place, None, pieces).status_code == page.status


@pytest.mark.parametrize("page", FOR_EVERYONE, ids=str)
def test_what_is_for_everyone_shows_nobody_anything(
    workspace: Workspace, elsewhere: Workspace, page: Page
) -> None:
    pieces = pieces_of(workspace)
    sessions = (session_of(workspace), session_of(elsewhere), None)
    before, before_there = contents(workspace), contents(elsewhere)
    answers = [page.send(workspace, session, pieces) for session in sessions]
    assert answers[0].status_code == page.status
    assert len({gist(answer) for answer in answers}) == 1
    assert elsewhere.slug not in answers[1].text
    assert contents(workspace) == before
    assert contents(elsewhere) == before_there
