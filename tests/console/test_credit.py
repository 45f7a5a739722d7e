"""Credit: what a change gives back, named before and after, and taken off what comes next."""

from __future__ import annotations

import re
from datetime import timedelta

from billing import actions
from console.money import exact
from console.standing import day
from tests.billing.buyer import DAY, Buyer
from tests.console.test_billing import PAGE
from tests.console.test_billing_changes import press
from tests.portal.visitor import Visitor, text_of

HOUR = 1 / 24


def papers(alice: Visitor) -> str:
    return text_of(alice.get(f"{PAGE}invoices/"))


def test_credit_is_named_where_it_comes_from_and_where_it_goes(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro", "year")
    buyer.pass_days(14.1)
    assert "of credit" not in text_of(alice.get(PAGE))

    # A dearer plan by the month costs less than what is left of the year.
    asked = text_of(alice.get(f"{PAGE}change/?plan=business&by=month"))
    given = re.search(r"Due now \$0\.00 .* (\$[\d.]+) are credited, and used for the next invoices\.", asked)
    assert given, asked
    credit = given.group(1)
    named = re.search(r"Next, on ([\w ]+), after credit", asked)
    assert named, asked
    assert buyer.bought.credit_cents == 0
    press(alice, "change/", plan="business", interval="month")
    assert exact(buyer.bought.credit_cents) == credit
    assert day(buyer.bought.period_end) == named.group(1)
    assert f"{credit} of credit: used for the next invoices." in text_of(alice.get(PAGE))
    shown = papers(alice)
    assert f"{credit} used for the next invoices Credit View" in shown
    assert "−" not in shown

    # The next month takes it off, and the line says so.
    ahead = (buyer.bought.period_end - buyer.now).total_seconds() / DAY
    buyer.pass_days(ahead + 2 * HOUR)
    left = exact(29_900 - round(100 * float(credit[1:])))
    assert f"{left} $299.00, less {credit} of credit Paid" in papers(alice)
    assert buyer.bought.credit_cents == 0
    assert "of credit" not in text_of(alice.get(PAGE))


def test_what_credit_pays_in_full_is_nothing_to_pay(buyer: Buyer, alice: Visitor) -> None:
    """Before a change, in its preview to the cent, and after it."""
    buyer.buy("pro")
    buyer.pass_days(14.1)
    buyer.api.customers.update(buyer.customer, params={"balance": -30_000})
    buyer.settle()
    assert "$300.00 of credit: used for the next invoices." in text_of(alice.get(PAGE))
    asked = text_of(alice.get(f"{PAGE}change/?plan=business&by=month"))
    assert "Due now $0.00" in asked
    used = re.search(r"From your credit −(\$[\d.]+)", asked)
    assert used, asked
    left = 30_000 - round(100 * float(used.group(1)[1:]))
    at = day(buyer.bought.period_end)
    assert f"Next, on {at}, after credit {exact(29_900 - left)}" in asked
    press(alice, "change/", plan="business", interval="month")
    assert buyer.bought.credit_cents == left
    assert f"$0.00 {used.group(1)}, less {used.group(1)} of credit Paid" in papers(alice)
    ((newest, *_),) = [actions.invoices(buyer.tenant_id)]
    assert (newest.due_cents, newest.paid_cents) == (0, 0)


def test_a_change_at_once_names_the_next_day_and_amount(buyer: Buyer, alice: Visitor) -> None:
    buyer.buy("pro")
    buyer.pass_days(14.1)
    asked = text_of(alice.get(f"{PAGE}change/?plan=business&by=month"))
    assert f"Next, on {day(buyer.bought.period_end)} $299.00" in asked
    a_year_on = {day(buyer.now + timedelta(days=days)) for days in (365, 366)}
    asked = text_of(alice.get(f"{PAGE}change/?plan=pro&by=year"))
    named = re.search(r"Next, on ([\w ]+) \$490\.00", asked)
    assert named, asked
    assert named.group(1) in a_year_on


def test_credit_is_nobody_elses(buyer: Buyer, alice: Visitor, mallory: Visitor) -> None:
    buyer.buy("pro")
    buyer.api.customers.update(buyer.customer, params={"balance": -12_300})
    buyer.settle()
    assert "$123.00 of credit" in text_of(alice.get(PAGE))
    assert "of credit" not in text_of(mallory.get(PAGE))
