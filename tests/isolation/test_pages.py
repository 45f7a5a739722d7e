"""Every page of a workspace, and Mallory: with her own session, with her own links, and with ours on her own host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ops.local import Stack
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
from tests.personas import Workspace, open_workspace

Open = Callable[..., Workspace]


class Shown:
    """Two workspaces: ours, where there is something on every page, and hers; with the owners' sessions. All the
    requests that change nothing share one such pair."""

    def __init__(self, stack: Stack) -> None:
        self.ours = open_workspace(tuple(stack.web_ports), plan="pro")
        self.hers = open_workspace(tuple(stack.web_ports))
        self.session, self.her_session = session_of(self.ours), session_of(self.hers)
        self.pieces = pieces_of(self.ours)
        self.before, self.before_there = contents(self.ours), contents(self.hers)

    def unchanged(self) -> None:
        assert contents(self.ours) == self.before
        assert contents(self.hers) == self.before_there


@pytest.fixture(scope="module")
def shown(stack: Stack) -> Shown:
    return Shown(stack)


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
def test_a_method_that_is_not_in_the_table_is_refused_or_says_the_same(shown: Shown, route: str) -> None:
    mine = [page for page in PAGES if page.route == route]
    public = [gist(page.send(shown.ours, None, shown.pieces)) for page in mine if page in FOR_EVERYONE]
    for method in set(METHODS) - {page.method for page in mine}:
        form: dict[str, str] | None = None if route.startswith("api/") else {}
        answer = Page(method, route, 405, mine[0].path, form).send(shown.ours, shown.session, shown.pieces)
        assert answer.status_code in (404, 405) or gist(answer) in public, (method, answer.status_code)
    shown.unchanged()


@pytest.mark.parametrize("page", OF_STAFF, ids=str)
def test_mallorys_session_is_worth_as_much_as_none(stack: Stack, shown: Shown, page: Page) -> None:
    there = shown if page.method == "GET" else Shown(stack)
    workspace, mallory, pieces = there.ours, there.her_session, there.pieces
    as_mallory = gist(page.send(workspace, mallory, pieces))
    assert as_mallory == gist(page.send(workspace, None, pieces))
    there.unchanged()

    at_home = page.send(there.hers, mallory, pieces)
    assert workspace.slug not in at_home.text.replace(f"https://{workspace.slug}.example", "")
    assert contents(workspace) == there.before

    # The request was good: nothing but the session was wrong.
    as_alice = page.send(workspace, there.session, pieces)
    assert as_alice.status_code == page.status
    assert gist(as_alice) != as_mallory or page.route == "logout/"
    assert (contents(workspace) != there.before) == (page.method == "POST")


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
def test_what_is_for_everyone_shows_nobody_anything(shown: Shown, page: Page) -> None:
    sessions = (shown.session, shown.her_session, None)
    answers = [page.send(shown.ours, session, shown.pieces) for session in sessions]
    assert answers[0].status_code == page.status
    assert len({gist(answer) for answer in answers}) == 1
    assert shown.hers.slug not in answers[1].text
    shown.unchanged()
