"""Reports: what people have against messages, and what staff make of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import text_of

MESSAGES = "/api/v1/rooms/general/messages"


def rude(workspace: Workspace, text: str = "You fool") -> dict[str, Any]:
    """What Bob said."""
    with workspace.http(workspace.token("bob")) as bob:
        said: dict[str, Any] = bob.post(MESSAGES, json={"message": text}).json()
    return said


def report(workspace: Workspace, credential: str, message_id: str, **body: str) -> httpx.Response:
    with workspace.http(credential) as client:
        return client.post(f"{MESSAGES}/{message_id}/report", json={"reason": "abuse", **body})


def listed(workspace: Workspace, query: str = "") -> list[dict[str, Any]]:
    with workspace.api() as api:
        found: list[dict[str, Any]] = api.get(f"/api/v1/reports{query}").json()["data"]
    return found


def test_each_person_reports_a_message_once_and_the_text_is_kept_as_it_was(workspace: Workspace) -> None:
    said = rude(workspace)
    ann = workspace.token("ann")
    first = report(workspace, ann, said["message_id"], comment=" He means me ")
    assert first.status_code == 201, first.text
    assert "said" not in first.json()
    again = report(workspace, ann, said["message_id"], reason="spam")
    assert (again.status_code, again.json()["id"], again.json()["reason"]) == (
        200,
        first.json()["id"],
        "spam",
    )
    assert again.json()["comment"] == "He means me"  # as nothing was said of it
    assert report(workspace, ann, said["message_id"], reason="spam", comment="").json()["comment"] == ""
    assert report(workspace, workspace.secret, said["message_id"], sub="carol").status_code == 201
    with workspace.http(workspace.token("bob")) as bob:
        bob.patch(f"{MESSAGES}/{said['message_id']}", json={"message": "Nothing"}).raise_for_status()
    carols, anns = listed(workspace)
    assert (anns["said"], anns["user_id"], anns["reported_by"]) == ("You fool", "bob", "ann")
    assert (carols["reported_by"], carols["state"], carols["seq"]) == ("carol", "open", said["seq"])


def test_a_report_is_closed_and_opened_again_and_that_is_on_record(workspace: Workspace) -> None:
    id_ = report(workspace, workspace.token("ann"), rude(workspace)["message_id"]).json()["id"]
    with workspace.api() as api:
        closed = api.patch(f"/api/v1/reports/{id_}", json={"state": "dismissed"}).json()
        assert (closed["state"], closed["closed_by"]) == ("dismissed", f"bot:{workspace.key_id}")
        assert listed(workspace, "?state=open") == []
        assert len(listed(workspace, "?state=dismissed")) == 1
        opened = api.patch(f"/api/v1/reports/{id_}", json={"state": "open"}).json()
        assert (opened["state"], opened["closed_at"], opened["closed_by"]) == ("open", None, None)
        (last, before) = api.get("/api/v1/audit?action=report.changed").json()["data"]
        assert (last["object"], last["details"]["state"], before["details"]["state"]) == (
            id_,
            "open",
            "dismissed",
        )
        assert api.patch("/api/v1/reports/rep_99", json={"state": "open"}).status_code == 404
        assert api.patch("/api/v1/reports/nonsense", json={"state": "open"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"reason": "dull"}, {"reason": None}, {"comment": "x" * 501}, {"comment": "\x00"}, {"more": "x"}],
    ids=["another reason", "none", "too long", "NUL", "unknown"],
)
def test_what_is_no_report_is_refused_in_words(workspace: Workspace, body: dict[str, Any]) -> None:
    refused = report(workspace, workspace.token("ann"), rude(workspace)["message_id"], **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert listed(workspace) == []


def test_nobody_reports_what_they_may_not_read_or_what_is_gone(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
        secret = api.post("/api/v1/rooms/board/messages", json={"message": "secret"}).json()
        path = f"/api/v1/rooms/board/messages/{secret['message_id']}/report"
        with workspace.http(workspace.token("ann")) as ann:
            assert ann.post(path, json={"reason": "spam"}).status_code == 403
            # Nor by way of a room that they may enter.
            assert (
                ann.post(f"{MESSAGES}/{secret['message_id']}/report", json={"reason": "spam"}).status_code
                == 404
            )
        said = rude(workspace)
        api.delete(f"{MESSAGES}/{said['message_id']}").raise_for_status()
    assert report(workspace, workspace.token("ann"), said["message_id"]).status_code == 404
    assert listed(workspace) == []


def test_moderators_decide_in_the_console_and_agents_do_not(workspace: Workspace) -> None:
    bad, fine = rude(workspace, "<b>fool</b>"), rude(workspace, "fine")
    for message in (bad, fine):
        for sub in ("ann", "carol"):
            assert report(workspace, workspace.token(sub), message["message_id"]).status_code == 201
    ids = {(each["said"], each["reported_by"]): each["id"] for each in listed(workspace)}
    with sign_in(workspace, hire(workspace, "agent")) as agent:
        refused = agent.get("/console/reports/")
        assert refused.status_code == 403
        assert "Moderators, admins and the owner can do it" in refused.text
        assert "/console/reports/" not in agent.get("/console/").text
        path = f"/console/reports/{ids['fine', 'ann']}/dismiss/"
        assert agent.post(path, {}, page="/console/").status_code == 403
    with workspace.api(process=1) as api, sign_in(workspace, hire(workspace, "moderator")) as mia:
        page = mia.get("/console/reports/")
        assert "&lt;b&gt;fool&lt;/b&gt;" in page.text
        for said, verb in (("<b>fool</b>", "delete"), ("fine", "dismiss")):
            answer = mia.post(f"/console/reports/{ids[said, 'ann']}/{verb}/", {}, page="/console/reports/")
            assert answer.headers["location"] == "/console/reports/"
        assert api.get(f"{MESSAGES}/{bad['message_id']}").json()["deleted"] is True
        assert api.get(f"{MESSAGES}/{fine['message_id']}").json()["message"] == "fine"
        assert "Dismissed." in text_of(mia.get("/console/reports/"))
        assert "Resolved" in text_of(mia.get("/console/reports/?closed=1"))
    states = {(each["said"], each["reported_by"]): each["state"] for each in listed(workspace)}
    assert states == {
        ("<b>fool</b>", "ann"): "resolved",
        ("<b>fool</b>", "carol"): "resolved",
        ("fine", "ann"): "dismissed",
        ("fine", "carol"): "open",
    }
