"""The rules for guests, in the console."""

from __future__ import annotations

import re

import pytest

from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of


def ticked(page: str) -> list[str]:
    section = page.partition('id="guests"')[2].partition("</section>")[0]
    return re.findall(r'name="(?:allowed|proof)" value="(\w+)" checked', section)


def test_the_rules_for_guests_are_shown_and_saved(workspace: Workspace, alice: Visitor) -> None:
    assert ticked(alice.get("/console/").text) == ["yes", "auto"]
    answer = alice.post("/console/guests/", {"allowed": "yes", "proof": "always"}, page="/console/")
    assert answer.headers["location"] == "/console/#guests"
    page = alice.get("/console/")
    assert ticked(page.text) == ["yes", "always"]
    assert "Saved. Visitors may chat as guests." in text_of(page)
    with workspace.http() as visitor:
        assert visitor.post("/api/v1/guests").json()["code"] == "proof_required"
        alice.post("/console/guests/", {"proof": "never"}, page="/console/")
        assert "no new guest comes in" in text_of(alice.get("/console/"))
        assert visitor.post("/api/v1/guests").json()["code"] == "guests_not_allowed"
        alice.post("/console/guests/", {"allowed": "yes", "proof": "never"}, page="/console/")
        assert visitor.post("/api/v1/guests").status_code == 201


def test_what_changed_is_in_the_audit_once(workspace: Workspace, alice: Visitor) -> None:
    for _ in range(2):
        alice.post("/console/guests/", {"proof": "always"}, page="/console/")
    with workspace.api() as api:
        kept = api.get("/api/v1/audit", params={"action": "guests.changed"}).json()["data"]
    assert [(each["actor"], each["object"], each["details"]) for each in kept] == [
        (workspace.owner_id, "guests", {"allowed": False, "proof": "always"})
    ]
    assert "changed the rules for guests" in text_of(alice.get("/console/activity/"))


@pytest.mark.parametrize("form", [{}, {"proof": ""}, {"proof": "sometimes"}, {"proof": "a\x00"}])
def test_rules_that_there_are_not_change_nothing(
    workspace: Workspace, alice: Visitor, form: dict[str, str]
) -> None:
    assert alice.post("/console/guests/", form, page="/console/").status_code == 422
    assert (workspace.tenant.guests_allowed, workspace.tenant.guest_proof) == (True, "auto")


def test_mallorys_rules_are_her_own_workspaces(
    workspace: Workspace, alice: Visitor, mallory: Visitor
) -> None:
    form = {"proof": "always"}
    mallory.post("/console/guests/", form, page="/console/")
    assert (workspace.tenant.guests_allowed, workspace.tenant.guest_proof) == (True, "auto")
    alice.post("/console/guests/", form, page="/console/")
    assert (workspace.tenant.guests_allowed, workspace.tenant.guest_proof) == (False, "always")
