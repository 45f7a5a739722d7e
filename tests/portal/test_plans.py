"""A plan chosen on the portal: on the price list, through sign-up, and bought once the workspace is open."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings
from django.test import RequestFactory

from ops.local.stripe import StripeStandIn
from portal.forms import NOT_ON_SALE, SignupForm
from portal.views import pages, signup
from tenants.plans import PLANS, TRIAL_DAYS
from tests.billing.buyer import GOOD_CARD
from tests.portal.conftest import Peter
from tests.portal.visitor import Visitor, text_of


def open_with(peter: Peter, plan: str, interval: str = "month") -> str:
    """Sign up, confirm, and wait; where the step over the threshold leads."""
    link = peter.sign_up(plan=plan, interval=interval)
    peter.visitor.post(link)
    peter.wait(link)
    return peter.visitor.get(f"{link}enter/").headers["location"]


def plan_in_force(peter: Peter) -> str:
    from tenants.models import Tenant

    return str(Tenant.objects.get(slug=peter.slug).plan)


@pytest.mark.parametrize("interval", ["month", "year"])
def test_the_price_list_has_prices_by_the_month_and_by_the_year(visitor: Visitor, interval: str) -> None:
    page = visitor.get(f"/pricing/?by={interval}")
    words = text_of(page).replace("$ ", "$")
    for plan in PLANS.values():
        price = plan.yearly_usd if interval == "year" else plan.price_usd
        assert f"{plan.name} ${price:,} a {interval}" in words
        if plan.paid:
            assert f'href="/signup/?plan={plan.key}&amp;by={interval}"' in page.text
            assert f"${plan.overage_usd}" in words
    assert f"{TRIAL_DAYS} days free" in words
    assert f"About {settings.STRIPE_RETRY_DAYS} days after a card was refused the plan itself ends" in words
    for past in ("when file sharing opens", "when webhooks open"):
        assert past not in words


@pytest.mark.parametrize("path", ["/", "/pricing/", "/signup/"])
def test_nobody_is_told_any_more_that_billing_starts_later(visitor: Visitor, path: str) -> None:
    words = text_of(visitor.get(path)).lower()
    for past in ("preview", "billing starts later", "no billing yet", "there is no overage"):
        assert past not in words


def test_the_form_keeps_the_plan_and_interval_that_were_chosen(visitor: Visitor) -> None:
    page = visitor.get("/signup/?plan=business&by=year").text
    assert 'value="business" checked' in page
    assert 'name="interval" value="year" checked' in page


def test_a_paid_plan_is_bought_after_the_workspace_is_open(
    peter: Peter, portal_url: str, stripe: StripeStandIn
) -> None:
    over = open_with(peter, "pro", "year")
    assert plan_in_force(peter) == "free"
    begin = parse_qs(urlsplit(over).query)["next"][0]
    with Visitor(portal_url.replace("localhost", f"{peter.slug}.localhost")) as owner:
        assert owner.get(over).headers["location"] == begin
        till = owner.get(begin)
        assert till.status_code == 303
        card = {"number": GOOD_CARD, "exp": "12 / 34", "cvc": "123", "name": "Peter"}
        with httpx.Client() as browser:
            paid = browser.post(till.headers["location"], data=card)
        assert owner.get(paid.headers["location"]).headers["location"] == "/console/"
        shown = text_of(owner.get("/console/"))
    assert "Pro is in force. Free until" in shown
    assert "then $490 a year." in shown
    assert "Your first API key" in shown
    assert plan_in_force(peter) == "pro"


def test_turning_round_in_checkout_loses_nothing(
    peter: Peter, portal_url: str, stripe: StripeStandIn
) -> None:
    over = open_with(peter, "business")
    with Visitor(portal_url.replace("localhost", f"{peter.slug}.localhost")) as owner:
        begin = owner.get(over).headers["location"]
        assert owner.get(begin).status_code == 303
        assert owner.get("/console/billing/return/?via=checkout&to=console").status_code == 302
        shown = text_of(owner.get("/console/"))
        assert "Nothing was bought, and nothing is charged. The workspace is open, on Free." in shown
        assert "Your first API key" in shown
        assert owner.get(begin).status_code == 303  # and can be taken up again


def test_free_leads_straight_to_the_console(peter: Peter) -> None:
    assert "next" not in parse_qs(urlsplit(open_with(peter, "free")).query)


def test_without_keys_a_paid_plan_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"organisation": "Initech", "slug": f"i{secrets.token_hex(6)}", "email": "p@initech.example"}
    filled = form | {"password": "the stapler is mine", "plan": "pro", "interval": "month"}
    assert SignupForm(filled).errors == {}
    monkeypatch.setattr(settings, "STRIPE_SECRET_KEY", "")
    assert SignupForm(filled).errors == {"plan": [NOT_ON_SALE]}
    assert SignupForm(filled | {"plan": "free"}).errors == {}


def test_without_keys_pages_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = RequestFactory().get("/signup/?plan=pro")
    views = (pages.pricing, signup.signup)
    assert not any(b"cannot be bought here yet" in view(asked).content for view in views)
    monkeypatch.setattr(settings, "STRIPE_SECRET_KEY", "")
    for view in views:
        shown = view(asked).content.decode()
        assert "Paid plans cannot be bought here yet" in shown
        assert 'value="pro" checked' not in shown
