"""A visitor, while far more guests than usual come in: their browser does the work, and they notice nothing of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from api.proofs import zero_bits
from tests.personas import Workspace
from tests.proving import counted_before, under_attack
from tests.widget.conftest import Site
from tests.widget.test_the_widget import open_widget
from tests.widget.test_the_widget import say as say_in
from tests.widget.visiting import chat, enter, say, warnings_of

OpenPage = Callable[..., Page]
README = Path(__file__).parents[2] / "widget/client/README.md"


def asked_by(page: Page) -> list[tuple[str, Any]]:
    """Every request from here on for a guest or for what it takes: what it wants, and the answer's status."""
    seen: list[tuple[str, Any]] = []

    def note(request: Request) -> None:
        answer = request.response()
        if answer and re.search(r"/api/v1/guests$|proof[^/]*\.js$", request.url):
            seen.append((re.sub(r"-[0-9a-f]{12}", "", request.url.rpartition("/")[2]), answer.status))

    page.on("requestfinished", note)
    return seen


def test_a_guest_comes_in_and_talks_without_noticing_the_attack(
    workspace: Workspace, open_page: OpenPage
) -> None:
    under_attack(workspace)
    page = open_page("about:blank")
    seen = asked_by(page)
    page.goto(chat(workspace))
    enter(page)
    assert sorted(seen) == [("guests", 201), ("guests", 403), ("proof.js", 200)]
    say(page, "Good morning")
    expect(page.locator(".message")).to_contain_text("Good morning")
    page.reload()  # a guest stays one, without working for it again
    enter(page)
    assert len(seen) == 3
    assert warnings_of(page) == []


def test_a_crowd_behind_one_address_comes_in_without_waiting(
    workspace: Workspace, open_page: OpenPage
) -> None:
    counted_before(workspace.tenant.schema_name, "guests:127.0.0.1", 60, 20)
    page = open_page("about:blank")
    seen = asked_by(page)
    page.goto(chat(workspace))
    enter(page)
    assert sorted(seen) == [("guests", 201), ("guests", 429), ("proof.js", 200)]


def test_in_quiet_times_nobody_even_fetches_the_program(workspace: Workspace, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    seen = asked_by(page)
    page.goto(chat(workspace))
    enter(page)
    assert seen == [("guests", 201)]


def test_the_widget_on_a_customers_site_does_the_work_too(
    workspace: Workspace, site: Site, snippet: Callable[..., str], open_page: OpenPage
) -> None:
    under_attack(workspace, 2)
    page = open_page("about:blank")
    seen = asked_by(page)
    page.goto(site.serve(snippet()))
    widget = open_widget(page)
    say_in(widget, "Is anyone here?")
    expect(widget.locator(".message")).to_contain_text("Is anyone here?")
    assert ("proof.js", 200) in seen


def test_a_proof_that_was_refused_is_done_once_more(workspace: Workspace, open_page: OpenPage) -> None:
    under_attack(workspace)
    page = open_page("about:blank")
    seen = asked_by(page)
    spoilt: list[Any] = []

    def spoil(route: Any) -> None:
        body = json.loads(route.request.post_data)
        if "proof" in body and not spoilt:
            spoilt.append(body["proof"])
            body["proof"]["nonce"] = "0"
        route.continue_(post_data=json.dumps(body))

    page.route("**/api/v1/guests", spoil)
    page.goto(chat(workspace))
    enter(page)
    assert [each for each in seen if each[0] == "guests"] == [
        ("guests", 403),
        ("guests", 403),
        ("guests", 201),
    ]


def test_the_client_makes_guests_on_a_page_of_ones_own(
    workspace: Workspace, site: Site, open_page: OpenPage
) -> None:
    under_attack(workspace)
    [sample] = re.findall(r"```js guest\n(.*?)```", README.read_text(), re.DOTALL)
    served = f"{workspace.origin}/static/snug/client"
    lead = {"imports": {"snug-client": f"{served}/snug-client.js", "snug-client/guest": f"{served}/guest.js"}}
    pasted = sample.replace("https://acme.snug.example", workspace.origin)
    page = open_page(
        site.serve(
            f"<script type=importmap>{json.dumps(lead)}</script>"
            f"<script type=module>{pasted}\nvisitor.on('state', ({{ state }}) => document.title = state);</script>"
        )
    )
    page.wait_for_function("document.title === 'online'")
    assert warnings_of(page) == []


def test_whoever_may_not_come_in_is_told_why(workspace: Workspace, open_page: OpenPage) -> None:
    from tenants import actions

    actions.set_guests(workspace.tenant.id, allowed=False, proof="always")
    page = open_page(f"{workspace.origin}/chat/")
    refused = page.evaluate(
        """async () => {
          const { guest } = await import("/static/snug/client/guest.js");
          return guest("").catch(({ code, message }) => ({ code, message }));
        }"""
    )
    assert refused == {"code": "guests_not_allowed", "message": "This workspace does not admit guests."}


@pytest.mark.parametrize("length", [1, 55, 63, 64, 65, 130])
def test_what_the_browser_finds_is_what_the_server_wants(
    workspace: Workspace, open_page: OpenPage, length: int
) -> None:
    page = open_page(f"{workspace.origin}/chat/")
    challenges = [f"{n}".rjust(length, "x") for n in range(5)]
    nonces = page.evaluate(
        """async (challenges) => {
          const { solve } = await import("/static/snug/client/proof.js");
          return Promise.all(challenges.map((challenge, n) => solve(challenge, 6 + n)));
        }""",
        challenges,
    )
    for n, (challenge, nonce) in enumerate(zip(challenges, nonces, strict=True)):
        assert zero_bits(challenge + nonce) >= 6 + n
        assert len(nonce) <= 128


def test_the_page_goes_on_while_the_browser_works(workspace: Workspace, open_page: OpenPage) -> None:
    page = open_page(f"{workspace.origin}/chat/")
    turns = page.evaluate(
        """async () => {
          const { solve } = await import("/static/snug/client/proof.js");
          const began = performance.now();
          let turns = 0, done = false;
          const turn = () => done || (turns++, setTimeout(turn));
          turn();
          await solve("a challenge", 17);
          done = true;
          return (performance.now() - began) / turns;
        }"""
    )
    assert (
        turns < 100
    )  # ms from one turn of the page's own to the next, on a loaded machine; about 12 on a quiet one


@pytest.mark.parametrize("bits", [0, 27, -1, 1e9, "x", None])
def test_no_server_makes_a_browser_work_for_hours(
    workspace: Workspace, open_page: OpenPage, bits: Any
) -> None:
    page = open_page(f"{workspace.origin}/chat/")
    said = page.evaluate(
        """async (bits) => {
          const { solve } = await import("/static/snug/client/proof.js");
          return solve("a challenge", bits).catch((error) => error.message);
        }""",
        bits,
    )
    assert "bits of work" in said
