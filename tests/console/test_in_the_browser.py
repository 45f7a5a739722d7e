"""The console in a real browser: how it holds, what moves on it, what is copied from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tenants.actions import set_origins
from tenants.context import run_in_tenant
from tests.console.conftest import Enter
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.portal.visitor import Visitor, mails_to


def furnish(workspace: Workspace) -> None:
    """Names as long and as strange as they may be."""
    from accounts.actions import create_api_key, revoke_api_key
    from rooms.models import Room

    def work() -> None:
        create_api_key(
            "The " + "extraordinarily long ".ljust(70, "y"), ["messages:read", "tokens:mint", "rooms:write"]
        )
        create_api_key("W" * 80)
        void, _, _ = create_api_key("A key that is gone")
        revoke_api_key(void.id)
        Room.objects.create(name="n" * 80, title="T" * 120, kind="private", last_seq=12_345_678_901)
        Room.objects.create(name="rtl", title="غرفة عامة للجميع with some English in it", kind="support")

    run_in_tenant(workspace.tenant, work)
    set_origins(
        workspace.tenant.id, [f"https://{'a' * 60}.{'b' * 60}.example.com:8443", "http://localhost:3000"]
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_console_holds_at_every_width_by_day_and_by_night(
    enter: Enter, new_workspace: Callable[..., Workspace], theme: str, width: int
) -> None:
    workspace = new_workspace(
        name="The Extraordinarily Long Named Cooperative of Lighthouse Keepers", keep_first_key=True
    )
    furnish(workspace)
    page = enter(workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    expect(page.get_by_text("Your first API key")).to_be_visible()
    for part in page.locator("details:not(.menu) > summary").all():
        part.click()
    page.locator("#keys").get_by_label("Only these").check()
    assert faults_of(page) == []
    page.locator("td details.menu > summary").first.click()
    assert faults_of(page) == []
    page.get_by_role("button", name="Make the key").click()
    page.goto(f"{workspace.origin}/console/preview/")
    assert [fault for fault in faults_of(page) if "h1" not in fault] == []
    page.context.clear_cookies()
    for path in ("/", "/login/", "/login/?handoff=x"):
        page.goto(workspace.origin + path)
        assert faults_of(page) == [], path


def test_figures_move_by_themselves(enter: Enter, workspace: Workspace, browser: Browser) -> None:
    page = enter(workspace)
    expect(page.locator("[data-connections]")).to_have_text("0")
    visitor = browser.new_context().new_page()
    visitor.goto(f"{workspace.origin}/chat/")
    expect(page.locator("[data-connections]")).to_have_text("1", timeout=15_000)
    assert page.locator("[data-connections-meter]").evaluate("meter => meter.value") == 1
    visitor.context.close()


def test_a_secret_and_the_line_to_embed_can_be_copied(
    enter: Enter, new_workspace: Callable[..., Workspace]
) -> None:
    workspace = new_workspace(keep_first_key=True)
    page = enter(workspace, permissions=["clipboard-read", "clipboard-write"])
    for target, words in (("fresh-secret", workspace.secret), ("fresh-signing", workspace.signing_secret)):
        button = page.locator(f"[data-copy={target}]")
        button.click()
        expect(button).to_contain_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == words
    page.locator("[data-copy=snippet]").click()
    line = f'<script async src="{workspace.origin}/widget.js" data-room="general"></script>'
    assert page.evaluate("navigator.clipboard.readText()").startswith(line.split("//", maxsplit=1)[0])
    assert workspace.host in page.evaluate("navigator.clipboard.readText()")


def current(page: Page) -> str | None:
    return page.locator("[data-side] a[aria-current]").get_attribute("href")


@pytest.mark.parametrize("width", [375, 1280])
def test_the_marked_section_is_the_one_that_is_read(
    enter: Enter, new_workspace: Callable[..., Workspace], width: int
) -> None:
    workspace = new_workspace()
    furnish(workspace)
    page = enter(workspace, viewport={"width": width, "height": 800})
    marked = page.locator("[data-side] a[aria-current]")
    expect(marked).to_have_attribute("href", "#overview")
    for section in ("#rooms", "#keys", "#origins", "#guests", "#embed", "#rooms", "#overview"):
        page.locator(f"[data-side] a[href='{section}']").click()
        expect(marked).to_have_attribute("href", section)
        expect(marked).to_be_in_viewport()
    seen: list[str | None] = []
    for _ in range(80):
        page.mouse.move(width / 2, 600)
        page.mouse.wheel(0, 120)
        page.wait_for_function(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        )
        if current(page) not in seen[-1:]:
            seen.append(current(page))
    assert seen == [
        "#overview",
        "#keys",
        "#public-keys",
        "#test",
        "#embed",
        "#origins",
        "#guests",
        "#rooms",
    ]
    page.goto(f"{workspace.origin}/console/#origins")
    page.reload()
    expect(marked).to_have_attribute("href", "#origins")


@pytest.mark.parametrize("width", [375, 1280])
def test_what_was_done_is_told_in_sight(enter: Enter, workspace: Workspace, width: int) -> None:
    page = enter(workspace, viewport={"width": width, "height": 700})
    page.locator("#id_origins").fill("https://shop.example.com")
    page.get_by_role("button", name="Save the origins").click()
    told = page.locator("#origins [role=status]")
    expect(told).to_have_text("Saved. 1 origin may embed the chat.")
    expect(told).to_be_in_viewport(ratio=1)
    expect(told).to_be_focused()
    expect(page.locator("[data-side] a[aria-current]")).to_have_attribute("href", "#origins")

    page.locator("#id_origins").fill("nonsense")
    page.get_by_role("button", name="Save the origins").click()
    expect(page.locator("#id_origins")).to_be_focused()
    expect(page.locator("#id_origins_error")).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-side] a[aria-current]")).to_have_attribute("href", "#origins")
    page.goto(page.url.partition("#")[0])  # as from a bookmark
    page.wait_for_url("**/console/#origins")
    assert faults_of(page) == []


def test_a_forgotten_password_in_a_browser(enter: Enter, workspace: Workspace, portal_url: str) -> None:
    page = enter(workspace, viewport={"width": 375, "height": 800})
    page.context.clear_cookies()
    page.goto(f"{workspace.origin}/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    assert faults_of(page) == []
    page.get_by_label("Mail address").fill(workspace.owner_email)
    page.get_by_role("button", name="Mail me a link").click()
    page.get_by_role("heading", name="Look in your mail").wait_for()
    assert faults_of(page) == []
    with Visitor(portal_url) as reader:
        mails_to(reader, workspace.owner_email)
    page.get_by_role("link", name="Read the mail here").click()
    page.get_by_role("link").filter(has_text=workspace.owner_email).first.click()
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Choose a new password").click()
    reset = opened.value
    reset.get_by_label("New password").fill("short")
    reset.get_by_role("button", name="Set the password").click()
    expect(reset.locator("#id_password_error")).to_be_visible()
    assert faults_of(reset) == []
    reset.get_by_label("New password").fill("a snug of one's own")
    reset.get_by_role("button", name="Set the password").click()
    expect(reset.get_by_text("Your new password is set.")).to_be_visible()
    reset.context.clear_cookies()
    reset.goto(f"{workspace.origin}/login/reset/used/")
    assert faults_of(reset) == []


def test_revoking_asks_first_and_the_keyboard_can_do_it(enter: Enter, workspace: Workspace) -> None:
    page = enter(workspace)
    summary = page.locator("td details.menu > summary", has_text="Revoke")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Revoke First key?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Revoke First key?")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The key is revoked.")).to_be_visible()


def test_a_key_is_rotated_with_the_keyboard(enter: Enter, workspace: Workspace) -> None:
    page = enter(workspace)
    page.locator("td details.menu > summary", has_text="Rotate").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rotate First key?")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="First key is ready")).to_be_visible()
    expect(page.get_by_text("replaced by")).to_be_visible()
    expect(page.locator("td details.menu > summary", has_text="Rotate")).to_have_count(1)


def test_the_console_works_without_a_script(enter: Enter, workspace: Workspace) -> None:
    page = enter(workspace, java_script_enabled=False)
    expect(page.locator(".copy").first).to_be_hidden()
    page.locator("summary", has_text="New room").click()
    page.locator("#id_room-name").fill("orders")
    page.get_by_role("button", name="Make the room").click()
    expect(page.get_by_text("The room “orders” is open.")).to_be_visible()
    page.locator("summary", has_text="New key").click()
    page.locator("#id_key-name").fill("Shop")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("Shop is ready")).to_be_visible()
