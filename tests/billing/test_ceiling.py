"""Connections beyond the plan are lent: only to those who have paid something, and in proportion."""

from __future__ import annotations

import pytest

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.metering import extra
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import to_the_end
from tests.console.staff import sign_in
from tests.portal.visitor import text_of

HOUR = 1 / 24


def test_by_invoice_there_is_none_before_the_first_is_paid(alice: Buyer) -> None:
    from billing import actions

    by_invoice(alice)
    alice.pass_days(2 * HOUR)
    assert alice.in_force == ("business", "active")
    with pytest.raises(BillingRefused, match="once its invoice is paid"):
        actions.set_overage(alice.tenant_id, True, 40)
    assert extra(alice) == 0
    page = actions.pay_url(alice.tenant_id)
    assert page is not None
    alice.pay(page)
    alice.settle()
    actions.set_overage(alice.tenant_id, True, 40)
    assert extra(alice) == 1_000


def test_a_ceiling_from_a_dearer_plan_is_cut_to_what_this_one_can_have() -> None:
    from billing.models import Subscription
    from billing.overage import blocks_allowed

    bought = Subscription(
        plan="pro",
        status="active",
        overage_on=True,
        overage_ceiling_usd=29_900,
        block_cents=600,
        paid_cents=3 * 4_900,
    )
    assert blocks_allowed(bought) == 4_900 // 6
    bought.paid_cents -= 1
    assert blocks_allowed(bought) == 490 // 6


def test_while_a_card_payment_is_open_it_can_be_turned_off_and_no_ceiling_set(lent: Buyer) -> None:
    """Also while the workspace is suspended for it."""
    from billing import tasks

    path, changed_later = "/console/billing/", "The ceiling can be changed once the open invoice is paid."
    lent.control("POST", "settings", after_retries="past_due")
    lent.let_the_card_fail()
    to_the_end(lent)
    for days, state in ((0, "past_due"), (7, "suspended")):
        if days:
            lent.pass_days(days)
        tasks.collect(timestamp=0)
        assert lent.in_force == ("pro", state)
        with sign_in(lent.workspace, to=path if days else "") as owner:
            asked = owner.get(path)
            words = text_of(asked)
            assert (changed_later in words, "can be turned on" in words) == (True, False)
            assert ("Turn off" in words, 'name="ceiling"' in asked.text) == (True, False)
            refused = owner.post(f"{path}overage/", {"on": "yes", "ceiling": "6"}, page=path)
            assert (refused.status_code, lent.bought.overage_on) == (409, True)
    with sign_in(lent.workspace, to=path) as owner:
        owner.post(f"{path}overage/", page=path)
        words = text_of(owner.get(path))
    assert (lent.bought.overage_on, extra(lent), "Turn off" in words) == (False, 0, False)
    assert "This can be turned on once the open invoice is paid." in words
