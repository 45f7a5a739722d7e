"""Connections beyond the plan are lent: only to those who have paid something, and in proportion."""

from __future__ import annotations

import pytest

from billing.errors import BillingRefused
from tests.billing.buyer import Buyer
from tests.billing.metering import extra
from tests.billing.test_by_invoice import by_invoice

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
