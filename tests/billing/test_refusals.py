"""A change that is refused leaves everything as it was, also what was booked or cancelled before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from billing.errors import BillingRefused, CardDeclined, HalfWay, StripeAway
from tests.billing.buyer import Buyer
from tests.billing.test_change import paying, to_the_end
from tests.billing.test_overage_and_changes import billed_by
from tests.console.test_billing import PAGE
from tests.isolation.pages import browse, session_of
from tests.portal.visitor import text_of

# As often as a call is tried.
ONCE: Final = 3


def fail(buyer: Buyer, path: str, method: str = "POST", **how: Any) -> None:
    buyer.control("POST", "faults", **{"method": method, "path": path, "status": 500, "times": ONCE} | how)


def as_it_is(buyer: Buyer) -> dict[str, Any]:
    """What Stripe says, what is stored here, and that both are the same."""
    from billing import actions

    columns = (
        "plan",
        "interval",
        "cancel_at",
        "next_plan",
        "next_interval",
        "next_at",
        "period_end",
        "status",
    )

    def kept() -> dict[str, Any]:
        return {name: getattr(buyer.bought, name) for name in columns}

    buyer.settle()
    before = kept()
    actions.refresh(buyer.tenant_id)
    assert kept() == before
    paid = [invoice.cents for invoice in actions.invoices(buyer.tenant_id) if invoice.status == "paid"]
    return kept() | {"items": billed_by(buyer), "force": buyer.in_force, "paid": paid}


def booked(buyer: Buyer) -> tuple[str, str]:
    """Business by the month, and Pro is booked; she chooses Business by the year."""
    from billing import actions

    paying(buyer, "business")
    actions.change_plan(buyer.tenant_id, "pro", "month")
    return "business", "year"


def cancelled(buyer: Buyer) -> tuple[str, str]:
    """Pro, and it is cancelled here; she chooses Business."""
    from billing import actions

    paying(buyer)
    actions.cancel(buyer.tenant_id)
    return "business", "month"


def cancelled_in_the_portal(buyer: Buyer) -> tuple[str, str]:
    """The same, and the end is a moment instead of a flag."""
    paying(buyer)
    ends = int(buyer.bought.period_end.timestamp())
    buyer.api.subscriptions.update(buyer.bought.subscription_id, params={"cancel_at": ends})
    buyer.settle()
    return "business", "month"


def declined(buyer: Buyer) -> None:
    buyer.let_the_card_fail()


def asks_its_holder(buyer: Buyer) -> None:
    """Her card is another one now, which wants its holder there."""
    card = buyer.api.payment_methods.attach(
        "pm_card_authenticationRequired", params={"customer": buyer.customer}
    )
    subscription = buyer.bought.subscription_id
    buyer.api.subscriptions.update(subscription, params={"default_payment_method": card.id})


def no_answer(buyer: Buyer) -> None:
    fail(buyer, "/v1/subscriptions/*")


REFUSALS: Final[dict[str, tuple[Callable[[Buyer], None], type[BillingRefused], str]]] = {
    "declined": (declined, CardDeclined, "card was declined"),
    "asks its holder": (asks_its_holder, CardDeclined, "requires authentication"),
    "no answer": (no_answer, StripeAway, "Nothing has changed"),
}


@pytest.mark.parametrize("refusal", sorted(REFUSALS))
@pytest.mark.parametrize("before", [booked, cancelled, cancelled_in_the_portal])
def test_a_refused_upgrade_leaves_what_was_booked_or_cancelled(
    alice: Buyer, before: Callable[[Buyer], tuple[str, str]], refusal: str
) -> None:
    from billing import actions

    plan, interval = before(alice)
    refuse, error, words = REFUSALS[refusal]
    known = as_it_is(alice)
    assert known["next_plan"] or known["cancel_at"]
    refuse(alice)
    with pytest.raises(error, match=words):
        actions.change_plan(alice.tenant_id, plan, interval)  # type: ignore[arg-type]
    assert as_it_is(alice) == known

    # The identical request goes once nothing is in its way, and takes back what was booked or cancelled.
    alice.let_the_card_fail(False)
    card = alice.api.payment_methods.attach("pm_card_visa", params={"customer": alice.customer})
    alice.api.subscriptions.update(alice.bought.subscription_id, params={"default_payment_method": card.id})
    change = actions.change_plan(alice.tenant_id, plan, interval)  # type: ignore[arg-type]
    assert (change.now, change.still_booked) == (True, False)
    now = as_it_is(alice)
    assert (now["plan"], now["interval"], now["cancel_at"], now["next_plan"]) == (plan, interval, None, "")
    assert len(now["paid"]) == len(known["paid"]) + 1


def test_what_was_booked_comes_all_the_same_after_a_refused_upgrade(alice: Buyer) -> None:
    from billing import actions

    plan, _ = booked(alice)
    alice.let_the_card_fail()
    with pytest.raises(CardDeclined):
        actions.change_plan(alice.tenant_id, plan, "year")
    alice.let_the_card_fail(False)
    to_the_end(alice)
    assert alice.in_force == ("pro", "active")


def test_the_page_says_the_same_after_a_declined_upgrade_as_before(alice: Buyer) -> None:
    """By the buttons, at once and when every event has come."""
    session = session_of(alice.workspace)
    booked(alice)
    alice.let_the_card_fail()
    form = {"plan": "business", "interval": "year"}
    refused = browse(alice.workspace, "POST", f"{PAGE}change/", session, form)
    assert (refused.status_code, "The card was declined" in text_of(refused)) == (422, True)
    assert "Change booked" in text_of(refused)
    alice.settle()
    assert "Pro, $49 a month, from" in text_of(browse(alice.workspace, "GET", PAGE, session))


def test_an_upgrade_that_is_paid_and_could_not_drop_what_was_booked_says_so(alice: Buyer) -> None:
    from billing import actions

    session = session_of(alice.workspace)
    plan, interval = booked(alice)
    fail(alice, "/v1/subscription_schedules/*/release")
    form = {"plan": plan, "interval": interval}
    assert browse(alice.workspace, "POST", f"{PAGE}change/", session, form).status_code == 302
    for _ in range(2):
        words = text_of(browse(alice.workspace, "GET", PAGE, session))
        assert "Change booked" in words
        now = as_it_is(alice)
        assert (now["plan"], now["interval"], now["next_plan"]) == ("business", "year", "pro")
    actions.keep_plan(alice.tenant_id)
    assert as_it_is(alice)["next_plan"] == ""


def test_an_upgrade_whose_answer_is_lost_for_good_is_not_called_refused(alice: Buyer) -> None:
    from billing import actions

    plan, interval = cancelled(alice)
    # Somebody on the way answers in Stripe's place, so that it is not tried again, once all is done.
    fail(alice, "/v1/subscriptions/*", after=True, status=403, times=1)
    with pytest.raises(HalfWay, match="stopped answering half-way"):
        actions.change_plan(alice.tenant_id, plan, interval)  # type: ignore[arg-type]
    now = as_it_is(alice)
    assert (now["plan"], now["cancel_at"], now["force"]) == ("business", None, ("business", "active"))


def test_a_change_that_cannot_be_looked_at_afterwards_is_not_called_refused(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    fail(alice, "/v1/subscription_schedules/*", method="GET")
    with pytest.raises(HalfWay, match="stopped answering half-way"):
        actions.change_plan(alice.tenant_id, "pro", "month")
    assert as_it_is(alice)["next_plan"] == "pro"


@pytest.mark.parametrize("path", ["/v1/subscription_schedules", "/v1/subscription_schedules/*"])
@pytest.mark.parametrize("leaving", [False, True], ids=["running", "cancelled"])
def test_a_downgrade_that_breaks_off_in_the_middle_books_nothing_and_keeps_the_cancellation(
    alice: Buyer, leaving: bool, path: str
) -> None:
    from billing import actions

    paying(alice, "business")
    if leaving:
        actions.cancel(alice.tenant_id)
    known = as_it_is(alice)
    fail(alice, path)
    with pytest.raises(StripeAway, match="Nothing has changed"):
        actions.change_plan(alice.tenant_id, "pro", "month")
    assert as_it_is(alice) == known
    assert actions.change_plan(alice.tenant_id, "pro", "month").at == known["period_end"]
    assert (alice.bought.next_plan, alice.bought.cancel_at) == ("pro", None)


def test_another_booking_that_breaks_off_keeps_the_one_before(alice: Buyer) -> None:
    from billing import actions

    booked(alice)
    known = as_it_is(alice)
    fail(alice, "/v1/subscription_schedules/*")
    with pytest.raises(StripeAway, match="Nothing has changed"):
        actions.change_plan(alice.tenant_id, "pro", "year")
    assert as_it_is(alice) == known


def test_a_cancellation_that_breaks_off_keeps_what_was_booked(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    actions.set_overage(alice.tenant_id, True, 400)
    actions.change_plan(alice.tenant_id, "pro", "year")
    known = as_it_is(alice)
    fail(alice, "/v1/subscriptions/*")
    with pytest.raises(StripeAway, match="Nothing has changed"):
        actions.cancel(alice.tenant_id)
    assert as_it_is(alice) == known
    to_the_end(alice)
    assert (alice.in_force, alice.bought.interval) == (("pro", "active"), "year")
    assert billed_by(alice) == ["snug_pro_yearly_v1", "snug_pro_connections_v1"]


def test_what_cannot_be_put_back_is_not_called_unchanged(alice: Buyer) -> None:
    from billing import actions

    booked(alice)
    fail(alice, "/v1/subscriptions/*")
    fail(alice, "/v1/subscription_schedules")
    with pytest.raises(HalfWay, match="look here before you try again"):
        actions.cancel(alice.tenant_id)
    now = as_it_is(alice)
    assert (now["next_plan"], now["cancel_at"], now["force"]) == ("", None, ("business", "active"))


def test_mallorys_refusal_changes_nothing_of_alice(alice: Buyer, mallory: Buyer) -> None:
    from billing import actions

    booked(alice)
    known = as_it_is(alice)
    plan, interval = booked(mallory)
    mallory.let_the_card_fail()
    with pytest.raises(CardDeclined):
        actions.change_plan(mallory.tenant_id, plan, interval)  # type: ignore[arg-type]
    assert as_it_is(alice) == known
