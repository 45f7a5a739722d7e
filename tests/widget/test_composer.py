"""The field in which one writes: drafts, limits, and what leaves it offline."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.personas import Workspace
from tests.widget.visiting import OpenPage, chat, enter, say


def test_the_composer_keeps_drafts_breaks_lines_and_leaves_composing_alone(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob"))))
    text = page.locator("#text")
    text.press_sequentially("one")
    text.press("Shift+Enter")
    text.press_sequentially("two")
    low = text.bounding_box()
    page.reload()
    expect(text).to_have_value("one\ntwo")
    text.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    expect(text).to_have_value("one\ntwo")

    enter(page)
    text.press("Enter")
    expect(page.locator(".own .bubble")).to_have_text("one\ntwo")
    expect(text).to_have_value("")
    high = text.bounding_box()
    assert low
    assert high
    assert low["height"] > high["height"] + 10
    page.reload()
    expect(text).to_have_value("")


def test_the_count_appears_near_the_limit_and_nothing_too_long_can_be_sent(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace)))
    page.locator("#text").fill("😀" * 899)
    expect(page.locator("#count")).to_be_hidden()
    page.locator("#text").fill("😀" * 963)
    expect(page.locator("#count")).to_have_text("37 characters left")
    page.locator("#text").fill("😀" * 1043)
    expect(page.locator("#count")).to_have_text("This message is 1,043 characters; the limit here is 1,000.")
    expect(page.locator("#send")).to_be_disabled()
    page.locator("#text").press("Enter")
    page.locator("#text").fill("  " + "😀" * 1000 + "  ")
    page.locator("#text").press("Enter")
    expect(page.locator(".own:not(.skeleton)")).to_have_count(1)


def test_half_a_character_holds_nobody_up(workspace: Workspace, open_page: OpenPage) -> None:
    page = enter(open_page(chat(workspace, workspace.token("ann", name="Ann"))))
    half = "(field) => { field.value = 'half \\ud83d'; field.dispatchEvent(new Event('input', { bubbles: true })) }"
    page.locator("#text").evaluate(half)
    page.locator("#text").press("Enter")
    say(page, "after half")
    expect(page.locator(".message .bubble")).to_have_text(["half �", "after half"])
    expect(page.locator(".pending")).to_have_count(0)
    page.locator("#text").press("ArrowUp")
    page.get_by_role("textbox", name="Edit").evaluate(half)
    page.get_by_role("textbox", name="Edit").press("Enter")
    expect(page.locator(".message .bubble").last).to_contain_text("(edited)")
    with workspace.api() as api:
        said = api.get("/api/v1/rooms/general/messages").json()["data"]
    assert [each["message"] for each in said] == ["half �", "half �"]


def test_what_is_written_offline_leaves_once_after_a_reload(
    workspace: Workspace, open_page: OpenPage
) -> None:
    page = enter(open_page(chat(workspace, workspace.token("bob"))))
    ann = enter(open_page(chat(workspace, workspace.token("ann"))))
    page.context.set_offline(True)
    expect(page.locator("#notice")).to_contain_text("You are offline")
    say(page, "Written in a tunnel")
    expect(page.locator(".pending")).to_have_count(1)

    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(chat(workspace, workspace.token("bob")))

    expect(ann.locator(".message .bubble")).to_have_text(["Written in a tunnel"])
    expect(again.locator(".own .bubble")).to_have_text(["Written in a tunnel"])
    expect(again.locator(".pending")).to_have_count(0)
