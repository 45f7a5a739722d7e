"""A workspace that has fallen, or is about to fall, to a smaller plan: what is said of it is true."""

from __future__ import annotations

from tests.billing.buyer import Buyer
from tests.billing.metering import use
from tests.billing.test_notices import check_limits, mails_to, told
from tests.console.test_billing import PAGE, fill_with_rooms
from tests.console.test_billing_changes import press
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of
from tests.realtime.backstage import rows


def to_free(buyer: Buyer, alice: Visitor) -> None:
    press(alice, "cancel/")
    buyer.pass_days(32)
    assert buyer.in_force == ("free", "active")


def test_what_was_used_under_the_larger_plan_is_not_held_against_the_smaller_one(
    buyer: Buyer, alice: Visitor
) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    press(alice, "overage/", on="yes", ceiling="12")
    assert "At most $12 a month" in text_of(alice.get(PAGE))
    use(buyer, 1_300)
    to_free(buyer, alice)
    words = text_of(alice.get(PAGE))
    assert "At most" not in words
    assert "apart from 1,300 under a higher limit." in words
    assert "The limit is reached." not in words
    check_limits()
    assert told(buyer.workspace) & {"connections_80", "connections_100"} == set()
    assert "under a higher limit" not in text_of(alice.get("/console/"))


def test_whoever_has_more_rooms_than_the_plan_is_told_how_many_to_delete(
    buyer: Buyer, alice: Visitor
) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    fill_with_rooms(buyer.workspace, 24)
    to_free(buyer, alice)
    for _ in range(2):
        check_limits()
    buyer.settle_mails("25 rooms, and the plan has 20")
    (mail,) = [mail for mail in mails_to(buyer.workspace) if "rooms" in mail.subject]
    for shown in (mail.text, mail.html):
        assert "before 6 of them are deleted" in shown
    assert "Rooms are over the plan’s limit." in text_of(alice.get("/console/"))
    with buyer.workspace.api() as web:
        for number in range(5):
            assert web.delete(f"/api/v1/rooms/r{number}").status_code == 204
        assert web.post("/api/v1/rooms", json={"name": "one-more"}).status_code == 403
        assert web.delete("/api/v1/rooms/r5").status_code == 204
        assert web.post("/api/v1/rooms", json={"name": "one-more"}).status_code == 201


def test_every_limit_that_changes_is_named_before(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    for path, person, messages in (
        ("cancel/", "10 5", "50 20"),
        ("change/?plan=business", "10 20", "50 100"),
    ):
        asked = text_of(alice.get(PAGE + path))
        assert f"Connections a person {person}" in asked
        assert f"Messages a person in 10 seconds {messages}" in asked
    assert "kept but not shown" not in asked  # Business shows more


def test_old_messages_are_hidden_by_a_smaller_plan_and_not_deleted(
    buyer: Buyer, workspace: Workspace, alice: Visitor
) -> None:
    def shown() -> list[str]:
        with workspace.api() as web:
            return [one["message"] for one in web.get("/api/v1/rooms/general/messages").json()["data"]]

    buyer.buy("pro")
    buyer.pass_days(14.1)
    with workspace.api() as web:
        said = {"message": "long ago", "sub": "bob"}
        answer = web.post("/api/v1/rooms/general/messages", json=said)
        assert answer.status_code == 201, answer.text
    rows(workspace, "UPDATE rooms_message SET created_at = now() - interval '40 days'")
    assert shown() == ["long ago"]
    asked = text_of(alice.get(f"{PAGE}cancel/"))
    assert "Messages older than 30 days are kept but not shown." in asked
    assert "they are shown again." in asked
    to_free(buyer, alice)
    assert shown() == []
    buyer.buy("pro")
    assert shown() == ["long ago"]
