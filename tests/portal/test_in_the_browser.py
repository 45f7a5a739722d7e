"""The portal in a real browser: how it looks, how it helps while one types, and that it needs no script."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.personas import Workspace
from tests.portal.looking import faults_of

OpenPage = Callable[..., Page]


def fill(page: Page, slug: str) -> None:
    """Send the sign-up form that stands on `page`."""
    page.get_by_label("Organisation").fill(slug)
    page.get_by_label("Address", exact=True).fill(slug)
    page.get_by_label("Your work mail").fill(f"peter@{slug}.example")
    page.get_by_label("Password").fill("the stapler is mine")
    page.get_by_role("button", name="Send the confirmation").click()
    page.wait_for_url("**/signup/sent/")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_pages_hold_at_every_width_by_day_and_by_night(
    open_page: OpenPage, portal_url: str, theme: str, width: int
) -> None:
    page = open_page(portal_url, viewport={"width": width, "height": 800}, color_scheme=theme)
    for path in ("/", "/pricing/", "/signup/", "/login/", "/login/sent/", "/dev/mail/", "/nothing/"):
        page.goto(portal_url + path)
        assert faults_of(page) == [], path
    page.goto(f"{portal_url}/signup/?plan=pro")
    page.get_by_role("button", name="Send the confirmation").evaluate(
        "button => button.form.noValidate = true"
    )
    page.get_by_role("button", name="Send the confirmation").click()
    expect(page.locator("#id_email_error")).to_be_visible()
    assert faults_of(page) == []


def test_the_address_is_suggested_and_checked_while_typing(
    open_page: OpenPage, portal_url: str, workspace: Workspace
) -> None:
    name = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/")
    page.get_by_label("Organisation").fill(f"Café {name}")
    slug, state = page.get_by_label("Address", exact=True), page.locator("[data-slug-state]")
    expect(state).to_have_text(f"cafe-{name}.{portal_url.removeprefix('http://')} is free.")
    expect(slug).to_have_value(f"cafe-{name}")

    slug.fill(workspace.slug)
    expect(state).to_contain_text("is taken")
    slug.fill("WWW")
    expect(state).to_contain_text("“www” is reserved")
    page.get_by_label("Organisation").fill("Something else")  # what was chosen by hand stays
    page.wait_for_timeout(400)
    expect(slug).to_have_value("www")


def test_an_answer_that_comes_while_the_address_is_typed_does_not_come_between(
    open_page: OpenPage, portal_url: str
) -> None:
    name = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/")
    held: list[Route] = []
    suggestion = re.compile(r"/signup/slug/\?organisation=")

    def hold(route: Route) -> None:
        held.append(route)

    page.route(suggestion, hold)
    with page.expect_request(suggestion):
        page.get_by_label("Organisation").fill("Tin Boats")
    slug, state = page.get_by_label("Address", exact=True), page.locator("[data-slug-state]")
    slug.press_sequentially(name[:5])
    with page.expect_response(suggestion):
        held[0].continue_()
    slug.press_sequentially(name[5:])
    expect(state).to_contain_text(f"{name}.")
    expect(slug).to_have_value(name)


def test_signing_up_needs_no_script(open_page: OpenPage, portal_url: str) -> None:
    slug = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/", java_script_enabled=False)
    page.get_by_label("Organisation").fill(slug)
    page.get_by_label("Your work mail").fill(f"peter@{slug}.example")
    page.get_by_label("Password").fill("the stapler is mine")
    page.get_by_role("button", name="Send the confirmation").click()
    expect(page.locator("#id_slug_error")).to_contain_text(f"“{slug}” is free")
    page.get_by_label("Password").fill("the stapler is mine")
    page.get_by_role("button", name="Send the confirmation").click()
    expect(page.get_by_role("heading", name="Look in your mail")).to_be_visible()

    mail = page.get_by_role("link").filter(has_text=f"peter@{slug}.example")
    for _ in range(50):
        page.goto(f"{portal_url}/dev/mail/")
        if mail.count():
            break
        page.wait_for_timeout(100)
    mail.first.click()
    page.locator(".mail-text a").first.click()
    page.get_by_role("button", name="Open the workspace").click()
    page.wait_for_url("**/console/", timeout=20_000)
    expect(page.get_by_text("Your first API key")).to_be_visible()


def test_the_button_of_a_development_mail_leads_to_its_page(open_page: OpenPage, portal_url: str) -> None:
    slug = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/")
    fill(page, slug)
    mail = page.get_by_role("link").filter(has_text=f"peter@{slug}.example")
    for _ in range(50):
        page.goto(f"{portal_url}/dev/mail/")
        if mail.count():
            break
        page.wait_for_timeout(100)
    mail.first.click()
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Confirm and open").click()
    expect(opened.value.get_by_role("heading", name=f"Open {slug}")).to_be_visible()
    opened.value.get_by_role("button", name="Open the workspace").click()
    opened.value.wait_for_url("**/console/", timeout=20_000)


def test_another_mail_address_begins_where_the_mistake_was(open_page: OpenPage, portal_url: str) -> None:
    slug = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/")
    fill(page, slug)
    page.get_by_role("link", name="Use another mail address").click()
    expect(page.get_by_label("Your work mail")).to_be_focused()
    expect(page.get_by_label("Your work mail")).to_have_value(f"peter@{slug}.example")
    expect(page.get_by_label("Address", exact=True)).to_have_value(slug)
    expect(page.get_by_label("Password")).to_have_value("")
    assert faults_of(page) == []


def test_a_failure_shows_without_a_reload(open_page: OpenPage, portal_url: str) -> None:
    from portal.models import Signup

    slug = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/signup/")
    fill(page, slug)
    Signup.objects.filter(slug=slug).update(plan="no-such-plan")
    mail = page.get_by_role("link").filter(has_text=f"peter@{slug}.example")
    for _ in range(50):
        page.goto(f"{portal_url}/dev/mail/")
        if mail.count():
            break
        page.wait_for_timeout(100)
    mail.first.click()
    page.locator(".mail-text a").first.click()
    page.get_by_role("button", name="Open the workspace").click()
    expect(page.get_by_role("heading", name="It did not open")).to_be_visible(timeout=10_000)
    assert faults_of(page) == []

    Signup.objects.filter(slug=slug).update(plan="free")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url(re.compile(rf"//{slug}\.localhost:\d+/console/"), timeout=20_000)
    expect(page.get_by_text("Free plan")).to_be_visible()
