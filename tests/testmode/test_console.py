"""Test mode in the console: keys made, shown once, revoked, and the rest emptied; by those who may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.api.test_mallory import contents
from tests.console.staff import hire, sign_in
from tests.console.test_console import secrets_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of
from tests.testmode.persona import InTestMode, in_test_mode

FORM = {"test-name": " Pipe line ", "test-access": "all"}


@pytest.fixture
def alice(workspace: Workspace) -> Iterator[Visitor]:
    with sign_in(workspace) as owner:
        yield owner


def made_by(visitor: Visitor, **form: str) -> str:
    """Where the console leads to once a test key is made."""
    answer = visitor.post("/console/test/keys/", {**FORM, **form}, page="/console/")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def test_a_test_key_is_made_shown_once_and_works(workspace: Workspace, alice: Visitor) -> None:
    page = text_of(alice.get("/console/"))
    assert "Test mode" in page
    assert "Reset test mode" not in page  # there is nothing to reset yet
    location = made_by(alice)
    assert re.fullmatch(r"/console/\?test_key=key_test_[0-9a-f]{14}#test", location)
    assert "fresh-secret" not in alice.get(location, headers={"Sec-Purpose": "prefetch"}).text
    secret, _ = secrets_in(alice.get(location).text)
    assert secret.startswith("snug_sk_test_")
    assert "fresh-secret" not in alice.get(location).text
    with workspace.http(secret) as client:
        answer = client.get("/api/v1/rooms")
    assert (answer.status_code, answer.headers["snug-mode"]) == (200, "test")
    listed = text_of(alice.get("/console/"))
    assert "Pipe line" in listed
    assert "Reset test mode" in listed
    assert secret not in listed


def test_a_form_with_errors_comes_back_and_makes_nothing(workspace: Workspace, alice: Visitor) -> None:
    for form, words in (
        ({"test-name": ""}, "Give the key a name."),
        ({"test-access": "some"}, "at least one thing"),
        ({"test-name": "\u200b"}, "1 to 80 characters"),
    ):
        answer = alice.post("/console/test/keys/", {**FORM, **form}, page="/console/")
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert workspace.tenant.test is None


def test_a_test_key_is_revoked(workspace: Workspace, alice: Visitor, trial: InTestMode) -> None:
    path = f"/console/test/keys/{trial.key_id}/revoke/"
    assert trial.key_id in alice.get("/console/").text
    alice.post(path, {}, page="/console/")
    page = alice.get("/console/")
    assert "The test key is revoked." in text_of(page)
    assert trial.key_id not in page.text
    with trial.api() as client:
        assert client.get("/api/v1/rooms").status_code == 401
    alice.post(path, {}, page="/console/")
    assert "revoked already" in text_of(alice.get("/console/"))


def test_a_live_key_is_not_revoked_as_a_test_key_nor_the_other_way_round(
    workspace: Workspace, alice: Visitor, trial: InTestMode
) -> None:
    alice.post(f"/console/test/keys/{workspace.key_id}/revoke/", {}, page="/console/")
    alice.post(f"/console/keys/{trial.key_id}/revoke/", {}, page="/console/")
    for place in (workspace, trial):
        with place.api() as client:
            assert client.get("/api/v1/rooms").status_code == 200


def test_test_mode_is_emptied(workspace: Workspace, alice: Visitor, trial: InTestMode) -> None:
    with trial.api() as client:
        client.post("/api/v1/rooms", json={"name": "vault"}).raise_for_status()
    alice.post("/console/test/reset/", {}, page="/console/")
    page = text_of(alice.get("/console/"))
    assert "Test mode is empty. Its keys still work." in page
    with trial.api() as client:
        assert [room["name"] for room in client.get("/api/v1/rooms").json()["data"]] == ["general"]
    activity = text_of(alice.get("/console/activity/"))
    assert "reset test mode" in activity
    assert "made a test key" in activity
    presses = 1
    while "10 times a minute" not in text_of(alice.get("/console/")):
        assert presses < 31  # the count begins on the minute, of which there may be a few on a busy machine
        alice.post("/console/test/reset/", {}, page="/console/")
        presses += 1
    assert presses > 10


def test_there_is_nothing_to_empty_before_the_first_key(workspace: Workspace, alice: Visitor) -> None:
    answer = alice.post("/console/test/reset/", {}, page="/console/")
    assert answer.status_code == 302
    assert "make a test key first" in text_of(alice.get("/console/"))


@pytest.mark.parametrize("role", ["moderator", "agent"])
def test_moderators_and_agents_look_and_change_nothing(workspace: Workspace, role: str) -> None:
    trial = in_test_mode(workspace)
    with sign_in(workspace, hire(workspace, role)) as colleague:
        before = contents(trial)
        assert trial.key_id in colleague.get("/console/").text
        for path, form in (
            ("keys/", FORM),
            (f"keys/{trial.key_id}/revoke/", {}),
            ("reset/", {}),
        ):
            assert colleague.post(f"/console/test/{path}", form, page="/console/").status_code == 403
        assert contents(trial) == before


def test_mallory_empties_her_own_test_mode_alone(workspace: Workspace, elsewhere: Workspace) -> None:
    ours, hers = in_test_mode(workspace), in_test_mode(elsewhere)
    before = contents(ours)
    with sign_in(elsewhere) as mallory:
        mallory.post(f"/console/test/keys/{ours.key_id}/revoke/", {}, page="/console/")
        mallory.post("/console/test/reset/", {}, page="/console/")
        assert "Test mode is empty." in text_of(mallory.get("/console/"))
    assert contents(ours) == before
    with hers.api() as client:
        assert client.get("/api/v1/rooms").status_code == 200
