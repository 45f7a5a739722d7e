"""Webhooks in the console: made, tried, rotated, looked into; and for whom."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of
from tests.webhooks.receiver import receiving

PAGE = "/console/webhooks/"


def make(visitor: Visitor, url: str, *events: str) -> str:
    """The address of the page of a new one."""
    form: dict[str, Any] = {"hook-url": url, "hook-access": "some" if events else "all"}
    if events:
        form["hook-events"] = list(events)
    answer = visitor.post(PAGE, form)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"]).partition("#")[0]


def act(visitor: Visitor, path: str, page: str) -> Any:
    return visitor.post(path, {}, page=page)


def test_a_secret_is_shown_once_and_a_new_one_too(alice: Visitor) -> None:
    page = make(alice, "https://shop.example.com/hooks")
    first = re.search(r"whsec_[A-Za-z0-9+/=]{40,}", alice.get(page).text)
    assert first is not None
    assert "whsec_" not in alice.get(page).text
    act(alice, f"{page}rotate/", page)
    answer = alice.get(page)
    second = re.search(r"whsec_[A-Za-z0-9+/=]{40,}", answer.text)
    assert second is not None
    assert second[0] != first[0]
    assert "The one before signs too until" in text_of(answer)
    assert "whsec_" not in alice.get(page).text


def test_a_test_is_sent_and_every_attempt_can_be_read(alice: Visitor) -> None:
    with receiving() as receiver:
        receiver.answer = lambda got: 200
        receiver.text = b"<b>thanks</b>"
        page = make(alice, receiver.url, "room.created")
        sent = str(act(alice, f"{page}test/", page).headers["location"])
        receiver.wait_for(len)
        shown = alice.get(sent)
        while "Answered" not in shown.text:
            shown = alice.get(sent)
        assert "webhook.test" in text_of(shown)
        assert "webhook-signature: v1," in shown.text
        assert "&lt;b&gt;thanks&lt;/b&gt;" in shown.text
        assert "webhook.test" in text_of(alice.get(page))
        act(alice, f"{sent}replay/", sent)
        receiver.wait_for(lambda all_: len(all_) == 2)


def test_it_is_switched_off_and_on_changed_and_deleted(alice: Visitor, workspace: Workspace) -> None:
    page = make(alice, "https://shop.example.com/hooks", "room.created", "room.updated")
    act(alice, f"{page}off/", page)
    assert "It is switched off." in text_of(alice.get(page))
    with workspace.api() as api:
        assert api.get("/api/v1/webhooks").json()["data"][0]["disabled_reason"] == "switched_off"
        act(alice, f"{page}off/remove/", page)
        assert api.get("/api/v1/webhooks").json()["data"][0]["enabled"] is True
        form = {"hook-url": "https://shop.example.com/other", "hook-access": "all"}
        assert alice.post(page, form).status_code == 302
        (hook,) = api.get("/api/v1/webhooks").json()["data"]
        assert (hook["url"], hook["events"]) == ("https://shop.example.com/other", ["*"])
        act(alice, f"{page}delete/", page)
        assert api.get("/api/v1/webhooks").json()["data"] == []
    assert alice.get(page).status_code == 404


def test_patterns_that_say_the_same_as_the_form_stay(alice: Visitor, workspace: Workspace) -> None:
    with workspace.api() as api:
        body = {"url": "https://shop.example.com/hooks", "events": ["member.*"]}
        hook = api.post("/api/v1/webhooks", json=body).json()
        page = f"{PAGE}{hook['id']}/"
        form = {
            "hook-url": "https://shop.example.com/x",
            "hook-access": "some",
            "hook-events": ["member.joined", "member.left"],
        }
        assert alice.post(page, form).status_code == 302
        assert api.get(f"/api/v1/webhooks/{hook['id']}").json()["events"] == ["member.*"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"hook-url": "", "hook-access": "all"}, "Enter the address"),
        ({"hook-url": "https://10.0.0.1/", "hook-access": "all"}, "not on the public internet"),
        ({"hook-url": "http://shop.example.com/", "hook-access": "all"}, "must begin with https://"),
        ({"hook-url": "https://shop.example.com/", "hook-access": "some"}, "Choose at least one event."),
        ({"hook-url": "https://x.example/<script>\x00", "hook-access": "all"}, "plain characters"),
    ],
    ids=["no url", "ours", "no tls", "no events", "odd"],
)
def test_what_is_refused_is_said_beside_the_field(alice: Visitor, form: dict[str, str], said: str) -> None:
    answer = alice.post(PAGE, form)
    assert answer.status_code == 422
    assert said in text_of(answer) or "Null characters" in text_of(answer)
    assert "<script>" not in answer.text.partition("hook-url")[2].partition(">")[0]


def test_a_full_plan_is_said(alice: Visitor) -> None:
    make(alice, "https://shop.example.com/hooks")
    assert "The one webhook of the Free plan is in use." in text_of(alice.get(PAGE))
    answer = alice.post(
        PAGE, {"hook-url": "https://shop.example.com/b", "hook-access": "all"}, page="/console/"
    )
    assert answer.status_code == 422
    assert "The one webhook of the Free plan is in use." in text_of(answer)


@pytest.mark.parametrize("role", ["moderator", "agent"])
def test_only_owners_and_admins_see_them(workspace: Workspace, alice: Visitor, role: str) -> None:
    page = make(alice, "https://shop.example.com/hooks")
    with sign_in(workspace, hire(workspace, role)) as colleague:
        for path in (PAGE, page):
            assert colleague.get(path).status_code == 403
        assert PAGE not in colleague.get("/console/").text
        assert act(colleague, f"{page}delete/", "/console/").status_code == 403
    with sign_in(workspace, hire(workspace, "admin")) as admin:
        assert admin.get(page).status_code == 200
