"""A message is reported from its menu, and who has read is known after a reload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.staff import sign_in
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.widget.visiting import OpenPage, enter, join, menu, message, patch, post, say

PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}


def reports(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace.api() as api:
        found = api.get("/api/v1/reports").json()["data"]
    return [(each["said"], each["reported_by"], each["reason"]) for each in found]


def alice(workspace: Workspace, open_page: OpenPage) -> Page:
    """The owner on her own host's page, signed in."""
    page = open_page("about:blank")
    for name, value in sign_in(workspace).client.cookies.items():
        page.context.add_cookies([{"name": name, "value": value, "url": workspace.origin}])
    page.goto(f"{workspace.origin}/chat/")
    return enter(page)


def test_a_message_of_somebody_else_is_reported_with_a_reason(
    workspace: Workspace, open_page: OpenPage
) -> None:
    post(workspace, "Cheap watches", "spammer")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    menu(bob, "Cheap watches").get_by_role("menuitem", name="Report").click()
    question = bob.get_by_role("group", name="Why do you report this message?")
    expect(question.get_by_role("button").first).to_be_focused()
    question.get_by_role("button", name="Spam").click()
    expect(message(bob, "Cheap watches").get_by_role("status")).to_have_text("Reported. Thank you.")
    expect(question).to_have_count(0)
    expect(bob.locator("#text")).to_be_focused()
    assert reports(workspace) == [("Cheap watches", "bob", "spam")]


def test_whoever_thinks_better_of_it_reports_nothing(workspace: Workspace, open_page: OpenPage) -> None:
    post(workspace, "Cheap watches", "spammer")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    question = bob.get_by_role("group", name="Why do you report this message?")
    for leave in ("Cancel", "Escape"):
        menu(bob, "Cheap watches").get_by_role("menuitem", name="Report").click()
        if leave == "Cancel":
            question.get_by_role("button", name="Cancel").click()
        else:
            expect(question.get_by_role("button").first).to_be_focused()
            bob.keyboard.press("Escape")
        expect(question).to_have_count(0)
    assert reports(workspace) == []


def test_nobody_reports_what_they_said_themselves_nor_without_a_token(
    workspace: Workspace, open_page: OpenPage
) -> None:
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    say(bob, "I am Bob")
    expect(message(bob, "I am Bob").get_by_role("img", name="Stored")).to_be_visible()
    mine = menu(bob, "I am Bob")
    expect(mine.get_by_role("menuitem", name="Delete")).to_be_visible()
    expect(mine.get_by_role("menuitem", name="Report")).to_have_count(0)
    # Staff have the console for that; with their session alone the API changes nothing.
    owner = alice(workspace, open_page)
    theirs = menu(owner, "I am Bob")
    expect(theirs.get_by_role("menuitem", name="Delete")).to_be_visible()
    expect(theirs.get_by_role("menuitem", name="Report")).to_have_count(0)


def test_a_report_that_is_refused_says_why_and_one_of_an_archived_room_is_not(
    workspace: Workspace, open_page: OpenPage
) -> None:
    post(workspace, "Cheap watches", "spammer")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    bob.route(
        "**/report",
        lambda route: route.fulfill(
            status=429,
            content_type="application/problem+json",
            body='{"code": "rate_limited", "detail": "Slowly."}',
        ),
    )
    report(bob)
    expect(message(bob, "Cheap watches").get_by_role("alert")).to_have_text("Not reported. Slowly. ")
    bob.unroute("**/report")
    patch(workspace, archived=True)
    expect(bob.locator("#closed")).to_be_visible()
    report(bob)
    expect(message(bob, "Cheap watches").get_by_role("status")).to_have_text("Reported. Thank you.")
    assert reports(workspace) == [("Cheap watches", "bob", "abuse")]


def report(page: Page, reason: str = "Abuse") -> None:
    menu(page, "Cheap watches").get_by_role("menuitem", name="Report").click()
    page.get_by_role("group", name="Why do you report this message?").get_by_role(
        "button", name=reason
    ).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "de", "fr", "ar"])
def test_the_question_can_be_read_and_pressed_on_a_phone(
    new_workspace: Callable[..., Workspace], open_page: OpenPage, locale: str, scheme: str
) -> None:
    workspace = new_workspace(locale=locale)
    post(workspace, "Cheap watches", "spammer")
    bob = join(open_page, workspace, "bob", "Bob Okafor", color_scheme=scheme, **PHONE)
    message(bob, "Cheap watches").hover()
    message(bob, "Cheap watches").locator(".dots").click()
    bob.locator(".command").nth(1).click()
    expect(bob.locator(".ask button")).to_have_count(5)
    for button in bob.locator(".ask .chip").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 375
    assert faults_of(bob) == []


def test_who_has_read_is_known_after_a_reload(workspace: Workspace, open_page: OpenPage) -> None:
    ann = join(open_page, workspace, "ann", "Ann Lee")
    say(ann, "Anyone?")
    bob = join(open_page, workspace, "bob", "Bob Okafor")
    expect(message(ann, "Anyone?").locator(".seen")).to_contain_text("Bob Okafor")
    bob.context.close()
    ann.reload()
    expect(message(ann, "Anyone?").locator(".seen")).to_contain_text("Bob Okafor")
    owner = alice(workspace, open_page)
    expect(message(owner, "Anyone?").locator(".seen")).to_contain_text("Bob Okafor")
