"""The billing page in a real browser: how it holds, and that it needs no script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from billing import actions
from tests.billing.buyer import Buyer
from tests.console.conftest import Enter
from tests.console.test_billing import PAGE, fill_with_rooms
from tests.portal.looking import faults_of


def look_around(page: Page, origin: str) -> None:
    for path in (
        "",
        "?by=year",
        "invoices/",
        "change/?plan=pro&by=month",
        "change/?plan=business&by=year",
        "cancel/",
        "by-invoice/?choice=business+month",
    ):
        page.goto(f"{origin}{PAGE}{path}")
        for part in page.locator("details:not(.menu) > summary").all():
            part.click()
        assert faults_of(page) == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_billing_holds_at_every_width_by_day_and_by_night(
    enter: Enter, buyer: Buyer, theme: str, width: int
) -> None:
    buyer.buy("business")
    buyer.pass_days(14.1)
    fill_with_rooms(buyer.workspace, 500)
    actions.set_tax_id(buyer.tenant_id, "eu_vat", "DE123456789")
    page = enter(buyer.workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    look_around(page, buyer.workspace.origin)
    buyer.let_the_card_fail()
    buyer.pass_days(31.1)
    page.goto(f"{buyer.workspace.origin}/console/")
    expect(page.get_by_role("button", name="Pay now")).to_be_visible()
    assert faults_of(page) == []
    buyer.pass_days(8)
    page.goto(f"{buyer.workspace.origin}{PAGE}")
    expect(page.locator("#billing .badge")).to_have_text("Suspended")
    assert faults_of(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_open_or_on_trial_holds_too(enter: Enter, buyer: Buyer, theme: str, width: int) -> None:
    page = enter(buyer.workspace, viewport={"width": width, "height": 800}, color_scheme=theme)
    page.goto(f"{buyer.workspace.origin}{PAGE}by-invoice/?choice=business+month")
    assert faults_of(page) == []
    page.get_by_role("button", name="Send me invoices").click()
    expect(page.get_by_text("is on its way by mail")).to_be_visible()
    assert faults_of(page) == []
    buyer.pass_days(0.1)
    look_around(page, buyer.workspace.origin)
    page.goto(f"{buyer.workspace.origin}{PAGE}")
    expect(page.get_by_role("button", name="Pay now")).to_be_visible()


def test_billing_needs_no_script(enter: Enter, buyer: Buyer) -> None:
    buyer.buy("pro")
    page = enter(buyer.workspace, java_script_enabled=False)
    page.goto(f"{buyer.workspace.origin}{PAGE}")
    page.get_by_role("link", name="See invoices and tax ids").click()
    expect(page.get_by_role("cell", name="Paid")).to_be_visible()
    page.get_by_role("link", name="Billing", exact=True).first.click()
    page.get_by_role("link", name="Cancel the plan").click()
    page.get_by_role("button", name="Cancel Pro").click()
    expect(page.get_by_text("You can come back any time.")).to_be_visible()
    page.get_by_role("button", name="Keep Pro").click()
    expect(page.get_by_text("Taken back. The plan goes on as before.")).to_be_visible()
