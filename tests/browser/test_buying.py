"""A newcomer who pays: sign-up with Pro, Checkout, the console, the portal; leaving, and thinking better of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from playwright.sync_api import Page, expect

from ops.local.stripe import StripeStandIn
from tests.browser.test_first_day import confirm, sign_up
from tests.personas import Workspace
from tests.portal.looking import faults_of
from tests.realtime.backstage import rows


def how_it_stands(workspace: Workspace) -> list[tuple[object, ...]]:
    """Everything of a workspace that money could move."""
    query = "SELECT to_jsonb(t)::text FROM public.tenants_tenant t WHERE slug = %s"
    bought = (
        "SELECT to_jsonb(s)::text FROM public.billing_subscription s"
        " JOIN public.tenants_tenant t ON t.id = s.tenant_id WHERE t.slug = %s"
    )
    return [*rows(workspace, query, workspace.slug), *rows(workspace, bought, workspace.slug)]


def test_from_sign_up_with_pro_through_checkout_to_leaving_and_back(
    portal_url: str, open_page: Callable[..., Page], stripe: StripeStandIn, elsewhere: Workspace
) -> None:
    globex = how_it_stands(elsewhere)
    slug = f"i{secrets.token_hex(5)}"
    page = open_page(f"{portal_url}/pricing/")
    page.get_by_role("link", name="Try Pro").click()
    expect(page.get_by_label("By the month")).to_be_checked()
    sign_up(page, slug)
    confirm(page, slug, portal_url, f"{stripe.url}/**")

    page.locator("[name=number]").fill("4242 4242 4242 4242")
    page.locator("button.first").click()
    page.wait_for_url("**/console/")
    expect(page.get_by_text("Pro is in force. Free until")).to_be_visible()
    expect(page.get_by_text("Your first API key")).to_be_visible()
    page.get_by_role("link", name="Billing", exact=True).first.click()
    expect(page.get_by_role("heading", name="Pro, 14 days of trial left")).to_be_visible()
    expect(page.locator("#invoices td").first).to_be_visible()
    assert faults_of(page) == []

    page.get_by_role("button", name="Card and address").click()
    page.wait_for_url(f"{stripe.url}/**")
    page.get_by_text("Cancel", exact=False).first.click()
    page.locator("button.first").click()
    page.get_by_role("link", name="Back").first.click()
    page.wait_for_url("**/console/billing/")
    expect(page.locator("#billing .badge")).to_have_text("Cancelled")

    page.get_by_role("button", name="Keep Pro").click()
    expect(page.get_by_text("Taken back. The plan goes on as before.")).to_be_visible()
    expect(page.get_by_role("heading", name="Pro, 14 days of trial left")).to_be_visible()
    assert how_it_stands(elsewhere) == globex
