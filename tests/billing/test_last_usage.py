"""What was used beyond the plan is billed however the plan ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from billing.errors import StripeAway
from tests.billing.buyer import DAY, Buyer
from tests.billing.metering import counted_at_stripe, use
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import paying, to_the_end
from tests.billing.test_dunning import pay_what_is_owed
from tests.console.test_billing import PAGE
from tests.isolation.pages import browse, session_of
from tests.portal.visitor import text_of

MINUTE = 1 / 24 / 60


@pytest.fixture
def lent(alice: Buyer) -> Buyer:
    """She pays for Pro, and for connections beyond it: five blocks of 6 USD at most."""
    from billing import actions

    alice.control("POST", "settings", after_retries="past_due")
    paying(alice)
    actions.set_overage(alice.tenant_id, True, 30)
    return alice


def unpaid(buyer: Buyer) -> list[int]:
    from billing import actions

    return sorted(one.cents for one in actions.invoices(buyer.tenant_id) if one.status == "open")


def test_whoever_cancels_owing_owes_what_was_used_since_the_last_report_too(lent: Buyer) -> None:
    from billing import actions, reading

    lent.let_the_card_fail()
    to_the_end(lent)
    assert (lent.in_force, unpaid(lent)) == (("pro", "past_due"), [4_900])
    use(lent, 1_102)
    assert counted_at_stripe(lent) == 0
    asked = browse(lent.workspace, "GET", f"{PAGE}cancel/", session_of(lent.workspace))
    assert "Connections beyond it that were used and not billed yet are billed now." in text_of(asked)
    assert actions.cancel(lent.tenant_id) is None
    lent.settle()
    assert (lent.in_force, counted_at_stripe(lent)) == (("free", "past_due"), 2)
    assert unpaid(lent) == [1_200, 4_900]
    owed = reading.billing_of(lent.workspace.tenant).invoice
    assert owed is not None
    assert owed.count == 2
    lent.let_the_card_fail(False)
    pay_what_is_owed(lent)
    assert (lent.in_force, unpaid(lent)) == (("free", "active"), [])


def test_what_was_reported_before_is_on_that_invoice_too_and_once(lent: Buyer) -> None:
    from billing import actions

    lent.let_the_card_fail()
    to_the_end(lent)
    use(lent, 1_102)
    actions.report_usage(lent.tenant_id)
    lent.pass_days(1)
    use(lent, 1_202)
    actions.cancel(lent.tenant_id)
    lent.settle()
    assert (counted_at_stripe(lent), unpaid(lent)) == (3, [1_800, 4_900])


def test_by_invoice_it_is_the_same(lent: Buyer) -> None:
    from billing import actions

    actions.change_plan(lent.tenant_id, "business", "month")
    by_invoice(lent)
    to_the_end(lent)
    lent.pass_days(30.5)
    assert lent.in_force == ("business", "past_due")
    use(lent, 10_102)
    assert actions.cancel(lent.tenant_id) is None
    lent.settle()
    assert unpaid(lent)[0] == 2 * 400


def test_whoever_has_used_nothing_beyond_owes_nothing_more(lent: Buyer) -> None:
    from billing import actions

    lent.let_the_card_fail()
    to_the_end(lent)
    actions.cancel(lent.tenant_id)
    lent.settle()
    assert unpaid(lent) == [4_900]


def test_while_usage_cannot_be_reported_the_plan_does_not_end(lent: Buyer) -> None:
    from billing import actions

    lent.let_the_card_fail()
    to_the_end(lent)
    use(lent, 1_102)
    lent.control("POST", "faults", method="POST", path="/v1/billing/meter_events", status=500, times=3)
    with pytest.raises(StripeAway):
        actions.cancel(lent.tenant_id)
    assert lent.in_force == ("pro", "past_due")
    actions.cancel(lent.tenant_id)
    lent.settle()
    assert unpaid(lent) == [1_200, 4_900]


@pytest.mark.parametrize("portal", [False, True], ids=["here", "in the portal"])
def test_a_peak_five_minutes_before_the_end_is_on_the_last_invoice(lent: Buyer, portal: bool) -> None:
    from billing import actions, tasks

    if portal:
        ends = int(lent.bought.period_end.timestamp())
        lent.api.subscriptions.update(lent.bought.subscription_id, params={"cancel_at": ends})
        lent.settle()
    else:
        actions.cancel(lent.tenant_id)
    tasks.report_usage(timestamp=0)
    lent.pass_days((lent.bought.cancel_at - lent.now).total_seconds() / DAY - 5 * MINUTE)
    use(lent, 1_302)
    tasks.report_usage(timestamp=0)
    lent.pass_days(MINUTE * 10)
    assert lent.in_force == ("free", "active")
    assert actions.invoices(lent.tenant_id)[0].cents == 4 * 600


def test_usage_is_reported_every_minute() -> None:
    from procrastinate.contrib.django import app

    registered = app.periodic_registry.periodic_tasks.values()
    (turns,) = [one.croniter for one in registered if one.task.name == "billing.tasks.report_usage"]
    turns.set_current(datetime(2026, 11, 30, 23, 50, tzinfo=UTC))
    found = [turns.get_next(datetime) for _ in range(300)]
    assert max(later - sooner for sooner, later in pairwise(found)) == timedelta(minutes=1)


def test_a_round_asks_about_those_alone_who_have_something_to_report(lent: Buyer, mallory: Buyer) -> None:
    from billing import actions, tasks
    from billing.models import UsageReport

    def unsent() -> set[int]:
        both = (lent.tenant_id, mallory.tenant_id)
        waiting = UsageReport.objects.filter(sent_at=None, tenant_id__in=both)
        return set(waiting.values_list("tenant_id", flat=True))

    paying(mallory)
    actions.set_overage(mallory.tenant_id, True, 30)
    use(lent, 1_102)
    assert unsent() == {lent.tenant_id}
    tasks.report_usage(timestamp=0)
    assert unsent() == set()
    assert (counted_at_stripe(lent), counted_at_stripe(mallory)) == (2, 0)
