"""Stripe's Customer Portal: card, plan, leaving; and no other plan while something is unpaid, as here."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.billing.buyer import Buyer
from tests.billing.test_by_invoice import by_invoice
from tests.billing.test_change import paying
from tests.billing.test_dunning import pay_what_is_owed
from tests.plain_http import NO_TLS

HOUR = 1 / 24
SWITCH = "Switch to Snug Business"


def portal(buyer: Buyer) -> str:
    from billing import actions

    return actions.portal_url(buyer.tenant_id, return_url=f"{buyer.workspace.origin}/console/billing/")


def shown(page: str) -> str:
    with httpx.Client(verify=NO_TLS) as browser:
        return browser.get(page).text


def switch(buyer: Buyer, page: str, plan: str = "business") -> httpx.Response:
    """Confirm another plan there, whatever buttons are shown."""
    (price,) = buyer.api.prices.list(params={"lookup_keys": [f"snug_{plan}_monthly_v1"]}).data
    form = {"subscription": buyer.bought.subscription_id, "price": price.id}
    with httpx.Client(verify=NO_TLS) as browser:
        return browser.post(f"{page.partition('?')[0].rstrip('/')}/plan", data=form)


def owe(buyer: Buyer) -> None:
    """The card is refused when the trial ends."""
    buyer.buy("pro")
    buyer.let_the_card_fail()
    buyer.pass_days(14 + 2 * HOUR)
    assert buyer.in_force == ("pro", "past_due")
    buyer.let_the_card_fail(False)


def have_an_invoice_by_mail(buyer: Buyer) -> None:
    """Not due for a month."""
    by_invoice(buyer)
    buyer.pass_days(2 * HOUR)
    assert buyer.bought.open_count == 1


def test_a_plan_is_switched_there(alice: Buyer) -> None:
    paying(alice)
    page = portal(alice)
    assert SWITCH in shown(page)
    assert switch(alice, page).status_code in (302, 303)
    alice.settle()
    assert alice.in_force == ("business", "active")


@pytest.mark.parametrize("unpaid", [owe, have_an_invoice_by_mail])
def test_no_plan_is_switched_there_while_an_invoice_is_unpaid(
    alice: Buyer, unpaid: Callable[[Buyer], None]
) -> None:
    unpaid(alice)
    before = alice.in_force
    page = portal(alice)
    assert "Switch to" not in shown(page)
    assert "Change card" in shown(page)
    other = "business" if before[0] == "pro" else "pro"
    assert switch(alice, page, other).status_code == 400
    alice.settle()
    assert (alice.in_force, alice.bought.next_plan) == (before, "")
    pay_what_is_owed(alice)
    assert ("Switch to" in shown(portal(alice))) == (before[0] == "pro")


def test_whoever_pays_by_invoice_does_not_come_by_another_plan_there(alice: Buyer) -> None:
    have_an_invoice_by_mail(alice)
    pay_what_is_owed(alice)
    page = portal(alice)
    assert "Switch to" not in shown(page)
    assert switch(alice, page, "pro").status_code == 400
    assert alice.bought.next_plan == ""


def test_mallorys_debt_takes_nothing_from_alices_portal(alice: Buyer, mallory: Buyer) -> None:
    paying(alice)
    owe(mallory)
    assert "Switch to" not in shown(portal(mallory))
    assert SWITCH in shown(portal(alice))
