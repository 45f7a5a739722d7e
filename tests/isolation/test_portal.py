"""The portal knows no workspace's people, and no workspace's host is the portal."""

from __future__ import annotations

import httpx
import pytest

from tests.api.calls import CALLS
from tests.isolation.inventory import PORTAL, routes
from tests.isolation.pages import PAGES, Pieces, contents, gist, pieces_of, session_of
from tests.personas import Workspace
from tests.plain_http import NO_TLS

TOKEN = "a-token-that-was-never-made"
# Every route of the portal, with a path to it, and why it cannot concern a workspace.
PATHS = {
    "": ("/", "plans, from the code"),
    "pricing/": ("/pricing/", "plans, from the code"),
    "signup/": ("/signup/", "an empty form"),
    "signup/slug/": (
        "/signup/slug/?slug={slug}",
        "says whether an address is taken, which anyone can see by going there",
    ),
    "signup/sent/": (
        "/signup/sent/",
        "speaks of this browser's own sign-up, by a signed cookie of the portal's",
    ),
    "signup/resend/": ("/signup/resend/", "the same; tests/portal/test_signup.py"),
    "signup/confirm/<slug:token>/": (
        f"/signup/confirm/{TOKEN}/",
        "whoever holds the mailed link; tests/portal/test_signup.py",
    ),
    "signup/confirm/<slug:token>/again/": (f"/signup/confirm/{TOKEN}/again/", "the same"),
    "signup/confirm/<slug:token>/progress/": (f"/signup/confirm/{TOKEN}/progress/", "the same"),
    "signup/confirm/<slug:token>/status/": (f"/signup/confirm/{TOKEN}/status/", "the same"),
    "signup/confirm/<slug:token>/enter/": (
        f"/signup/confirm/{TOKEN}/enter/",
        "the same, in the browser that signed up",
    ),
    "login/": ("/login/", "asks for a mail address; the answer goes there"),
    "login/sent/": ("/login/sent/", "says that a mail is on its way, or is not"),
    "billing/stripe/webhook/": (
        "/billing/stripe/webhook/",
        "believes nobody but Stripe, by its signature; tests/billing/test_webhook.py",
    ),
    "dev/mail/": ("/dev/mail/", "in development alone; tests/portal/test_dev_mail.py"),
    "dev/mail/<slug:name>/": ("/dev/mail/0000000000000000-00000000/", "the same"),
    "dev/mail/<slug:name>/html/": ("/dev/mail/0000000000000000-00000000/html/", "the same"),
}
CHANGING = {"dev/mail/"}  # a list of what the worker is just sending


def test_the_table_of_the_portals_pages_is_complete() -> None:
    assert set(PATHS) == set(routes(PORTAL))


@pytest.mark.parametrize("route", sorted(set(PATHS) - CHANGING))
def test_who_somebody_is_at_a_workspace_means_nothing_to_the_portal(workspace: Workspace, route: str) -> None:
    path = PATHS[route][0].format(slug=workspace.slug)
    credentials: list[dict[str, str]] = [
        {},
        {"Cookie": f"snug_session={session_of(workspace)}"},
        {"Authorization": f"Bearer {workspace.secret}"},
        {"Authorization": f"Bearer {workspace.token('bob')}"},
    ]
    before = contents(workspace)
    for method in ("GET", "POST"):
        answers = [
            at(f"localhost:{workspace.ports[0]}", workspace, method, path, **headers)
            for headers in credentials
        ]
        assert len({gist(answer) for answer in answers}) == 1, method
        assert answers[0].status_code < 500
        assert not any("snug_session" in answer.cookies for answer in answers)
    assert contents(workspace) == before


def tenant_paths(pieces: Pieces) -> dict[str, tuple[str, str]]:
    """A path to each route of a workspace's, by method and route."""
    pages = {
        page.route: (page.method, "/" + (page.path or page.route).format(**pieces))
        for page in PAGES
        if "?" not in page.path
    }
    return pages | {f"{call.method} {call.path}": (call.method, f"/api/v1/{call.path}") for call in CALLS}


def test_a_workspaces_pages_are_not_on_the_portal(workspace: Workspace) -> None:
    headers = {
        "Cookie": f"snug_session={session_of(workspace)}",
        "Authorization": f"Bearer {workspace.secret}",
    }
    paths = tenant_paths(pieces_of(workspace))
    before = contents(workspace)
    asked = {name: wanted for name, wanted in paths.items() if name not in PATHS}
    assert len(asked) > 20
    for name, (method, path) in asked.items():
        answer = at(f"localhost:{workspace.ports[0]}", workspace, method, path, **headers)
        assert answer.status_code in (403, 404), (name, answer.status_code)  # a form without a token: 403
        assert workspace.slug not in answer.text
    assert contents(workspace) == before


@pytest.mark.parametrize("route", sorted(set(PATHS) - {"", "login/"}))
def test_the_portals_pages_are_not_on_a_workspaces_host(workspace: Workspace, route: str) -> None:
    path = PATHS[route][0].format(slug=workspace.slug)
    assert at(f"localhost:{workspace.ports[0]}", workspace, "GET", PATHS["pricing/"][0]).status_code == 200
    assert at(f"{workspace.host}:{workspace.ports[0]}", workspace, "GET", path).status_code == 404


def at(host: str, workspace: Workspace, method: str, path: str, **headers: str) -> httpx.Response:
    url = f"http://127.0.0.1:{workspace.ports[0]}{path}"
    return httpx.request(method, url, headers={"Host": host, **headers}, timeout=20, verify=NO_TLS)
