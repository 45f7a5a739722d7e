"""What a visitor reads whose message a rule is against; and pictures that come when all else stands."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.files.sending import picture, uploaded
from tests.moderation.speaking import add_filter
from tests.personas import Workspace
from tests.widget.visiting import OpenPage, chat, enter, join, post, say

# A scroll is told of with the next frame; what grew by then is part of what is looked at.
GROWN_BEFORE_THE_SCROLL_IS_TOLD = """() => new Promise((done) => {
  const scroll = document.getElementById("scroll");
  scroll.scrollTop -= 20;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    scroll.scrollTop = scroll.scrollHeight;
    document.querySelector("#messages .message:last-child").style.paddingBlockEnd = "300px";
    requestAnimationFrame(() => requestAnimationFrame(done));
  }));
})"""
AWAY_FROM_THE_END = "e => e.scrollHeight - e.clientHeight - e.scrollTop"


def test_a_refusal_is_said_in_the_words_of_whoever_refused(workspace: Workspace, open_page: OpenPage) -> None:
    add_filter(workspace, "heck")
    for page in (
        enter(open_page(chat(workspace))),
        join(open_page, workspace, "bob", "Bob"),
    ):
        say(page, "what the heck")
        status = page.locator(".failed .status")
        expect(status).to_contain_text("Not sent. This message was not let through: it has words or links")
        expect(status).not_to_contain_text("you may not write in this room")
        page.locator(".failed button", has_text="Delete").click()
        say(page, "sorry")
        expect(page.locator(".own:not(.pending) .bubble", has_text="sorry")).to_be_visible()


def test_a_room_with_pictures_opens_at_its_newest_message_and_stays_there(
    workspace: Workspace, open_page: OpenPage
) -> None:
    with workspace.http(workspace.token("ann")) as ann:
        for number in range(20):
            post(workspace, f"Message {number}")
        ids = [uploaded(ann, picture(size=(300, 500)), f"{n}.jpg")["id"] for n in range(3)]
        for id_ in ids[:2]:
            ann.post("/api/v1/rooms/general/messages", json={"files": [id_]}).raise_for_status()
        post(workspace, "The last line", sub="lea")
        page = enter(open_page(chat(workspace), viewport={"width": 375, "height": 720}))
        expect(page.locator(".picture img[src]").last).to_be_visible()
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        page.evaluate(GROWN_BEFORE_THE_SCROLL_IS_TOLD)
        page.wait_for_function(f"() => ({AWAY_FROM_THE_END})(document.getElementById('scroll')) < 2")
        ann.post("/api/v1/rooms/general/messages", json={"files": [ids[2]]}).raise_for_status()
        expect(page.locator(".picture img[src]")).to_have_count(3)
        page.wait_for_function(f"() => ({AWAY_FROM_THE_END})(document.getElementById('scroll')) < 2")
