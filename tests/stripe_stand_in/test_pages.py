"""An invoice's page and the first page, in a browser as wide as a phone."""

from __future__ import annotations

from typing import Any

import httpx

from tests.stripe_stand_in.clicking import PHONE, WORKS, Open, fits
from tests.stripe_stand_in.running import DAY, StandIn


def test_an_invoice_has_a_page_where_it_is_paid(stand_in: StandIn, open_page: Open) -> None:
    customer = stand_in.customer(card="")
    item: Any = {"customer": customer.id, "amount": 1500, "currency": "usd", "description": "Setup <b>"}
    stand_in.v1.invoice_items.create(item)
    made: Any = {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    made |= {"collection_method": "send_invoice", "days_until_due": 7}
    draft = stand_in.v1.invoices.create(made)
    final = stand_in.v1.invoices.finalize_invoice(draft.id)
    page = open_page(final.hosted_invoice_url, **PHONE)
    fits(page)
    assert "Setup <b>" in page.inner_text("main")
    page.fill("[name=number]", WORKS)
    page.click("text=Pay $15.00")
    assert "paid" in page.inner_text("main")
    assert stand_in.v1.invoices.retrieve(draft.id).status == "paid"
    assert httpx.get(str(final.hosted_invoice_url)[:-4] + "XXXX").status_code == 404


def test_on_the_first_page_time_passes_and_cards_fail(own_stand_in: StandIn, open_page: Open) -> None:
    customer = own_stand_in.customer()
    given: Any = {"customer": customer.id, "items": [{"price": own_stand_in.price(4900).id}]}
    made = own_stand_in.v1.subscriptions.create(given)
    page = open_page(f"{own_stand_in.url}/", **PHONE)
    page.click("text=Let their cards fail from now on")
    before = own_stand_in.control("/", "GET")["now"]
    page.click("text=A month")
    page.click("text=A day")
    assert own_stand_in.control("/", "GET")["now"] - before >= 32 * DAY
    own_stand_in.settle()
    assert own_stand_in.v1.subscriptions.retrieve(made.id).status == "past_due"
    page.reload()
    fits(page)
    assert "past due" in page.inner_text("main")
