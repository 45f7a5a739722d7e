"""One's own profile: the name that customers see, and the password."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from tests.console.inviting import NEW, actions_of, desk_of
from tests.console.staff import hire, sign_in
from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor, text_of

PROFILE = "/console/profile/"
SECRET = f"{PROFILE}password/"


def may_come_in(workspace: Workspace, password: str) -> bool:
    with Visitor(workspace.origin) as somebody:
        form = {"email": workspace.owner_email, "password": password}
        return somebody.post("/login/", form).status_code == 302


@pytest.mark.parametrize("role", ["owner", "admin", "moderator", "agent"])
def test_everyone_of_the_staff_has_a_profile(workspace: Workspace, role: str) -> None:
    with sign_in(workspace, None if role == "owner" else hire(workspace, role)) as somebody:
        assert f'href="{PROFILE}"' in somebody.get("/console/").text
        assert f"You are {role} of" in text_of(somebody.get(PROFILE))
        answer = somebody.post(PROFILE, {"name": "  Bea \u200b Okafor\n"})
        assert answer.headers["location"] == f"{PROFILE}#name"
        page = somebody.get(PROFILE)
        assert "Saved." in text_of(page)
        assert 'value="Bea Okafor"' in page.text
    with Visitor(workspace.origin) as stranger:
        assert stranger.get(PROFILE).headers["location"] == f"/login/?next={PROFILE}"
        assert stranger.post(PROFILE, {"name": "Mallory"}, page="/login/").status_code == 302


def test_whoever_has_not_chosen_a_name_is_told_what_customers_see(
    workspace: Workspace, alice: Visitor
) -> None:
    assert "Customers see you as alice" in text_of(alice.get("/console/"))
    alice.post(PROFILE, {"name": "Alice Marsh"})
    assert "Customers see you as" not in text_of(alice.get("/console/"))


async def test_a_new_name_is_heard_from_sockets_that_are_open(workspace: Workspace, alice: Visitor) -> None:
    async with AsyncExitStack() as sockets:
        desks = []
        for process in (0, 1):
            chat = workspace.chat(None, **desk_of(workspace, alice, process))
            desks.append(await sockets.enter_async_context(chat))
            await desks[-1].entered()
        assert (await desks[0].say("first"))["username"] == "alice"
        alice.post(PROFILE, {"name": "Alice Marsh"})
        for desk in desks:
            deadline = time.monotonic() + 2
            while (await desk.say("hello"))["username"] != "Alice Marsh":
                assert time.monotonic() < deadline
        bob = await sockets.enter_async_context(workspace.chat(workspace.token("bob"), process=1))
        await bob.entered()
        await desks[1].send("typing", is_typing=True)
        assert (await bob.until("typing"))["username"] == "Alice Marsh"
        deadline = time.monotonic() + 30  # the list of who is here is renewed every few seconds
        while {"id": workspace.owner_id, "username": "Alice Marsh"} not in await people_of(workspace):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.5)
    with workspace.api() as api:
        said = api.get("/api/v1/rooms/general/messages").json()["data"]
        assert {message["username"] for message in said} == {"Alice Marsh"}


async def people_of(workspace: Workspace) -> list[dict[str, str]]:
    async with workspace.chat(workspace.token("carl")) as carl:
        people: list[dict[str, str]] = (await carl.entered())["users"]
        return people


def test_the_name_of_a_namesake_elsewhere_stays(
    workspace: Workspace, alice: Visitor, elsewhere: Workspace, mallory: Visitor
) -> None:
    alice.post(PROFILE, {"name": "Alice Marsh"})
    assert "Alice Marsh" not in mallory.get(PROFILE).text
    [entry] = actions_of(workspace, "staff.changed")
    assert (entry["actor"], entry["object"], entry["details"]) == (
        workspace.owner_id,
        workspace.owner_id,
        {"changed": ["name"]},
    )
    assert actions_of(elsewhere, "staff.changed") == []
    assert "changed their own profile" in text_of(alice.get("/console/activity/"))


@pytest.mark.parametrize(
    "name", ["", "   ", "\u200b", "B" * 101, "B\x00"], ids=["none", "spaces", "unseen", "long", "nul"]
)
def test_a_name_that_is_none_is_sent_back(workspace: Workspace, alice: Visitor, name: str) -> None:
    assert alice.post(PROFILE, {"name": name}).status_code == 422
    assert 'value="alice"' in alice.get(PROFILE).text


def test_a_new_password_ends_every_other_session(workspace: Workspace, alice: Visitor) -> None:
    with sign_in(workspace) as thief, sign_in(workspace, hire(workspace, "admin")) as colleague:
        form = {"change-old": PASSWORD, "change-password": NEW}
        answer = alice.post(SECRET, form, page=PROFILE)
        assert answer.headers["location"] == f"{PROFILE}#password"
        assert "signed out everywhere else" in text_of(alice.get(PROFILE))
        assert thief.get("/console/").status_code == 302
        assert colleague.get("/console/").status_code == 200
    assert may_come_in(workspace, NEW)
    assert not may_come_in(workspace, PASSWORD)
    [entry] = actions_of(workspace, "staff.password_changed")
    assert entry["actor"] == workspace.owner_id


async def test_the_thiefs_chat_closes_with_the_old_password(workspace: Workspace, alice: Visitor) -> None:
    with sign_in(workspace) as thief:
        async with workspace.chat(None, **desk_of(workspace, thief, 1)) as socket:
            await socket.entered()
            alice.post(SECRET, {"change-old": PASSWORD, "change-password": NEW}, page=PROFILE)
            assert await socket.closed(2) == 4001
    async with workspace.chat(None, **desk_of(workspace, alice)) as socket:
        await socket.entered()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wrong wrong wrong", NEW, "not the password that you have now"),
        ("", NEW, "Enter the password that you have now"),
        (PASSWORD, "short", "at least 10"),
        (PASSWORD, "", "Choose a password"),
        (PASSWORD, "x" * 129, "at most 128"),
    ],
    ids=["wrong", "none", "short", "empty", "long"],
)
def test_a_password_is_changed_by_whoever_knows_the_old_one(
    workspace: Workspace, alice: Visitor, old: str, new: str, said: str
) -> None:
    answer = alice.post(SECRET, {"change-old": old, "change-password": new}, page=PROFILE)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "value=" not in answer.text.partition('name="change-old"')[2].partition(">")[0]
    assert may_come_in(workspace, PASSWORD)


def test_the_old_password_is_not_guessed_here(workspace: Workspace, alice: Visitor) -> None:
    form = {"change-old": "a guess at it", "change-password": NEW}
    codes = [alice.post(SECRET, form, page=PROFILE).status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]
    right = {"change-old": PASSWORD, "change-password": NEW}
    assert alice.post(SECRET, right, page=PROFILE).status_code == 429
