"""Mallory at the buttons of billing: with her own session, and with what is ours on her own host."""

from __future__ import annotations

from typing import Any

import pytest

from billing import actions
from billing.models import Subscription
from ops.local.stripe import StripeStandIn
from tests.billing.buyer import Buyer
from tests.isolation.pages import OF_BILLING, Page, gist, pieces_of, session_of
from tests.personas import Workspace


def bought(buyer: Buyer) -> list[Any]:
    """All that is known of what a workspace pays for: here, and at Stripe."""
    looked = ("refreshed_at", "clock_ahead")  # when Stripe was asked last
    kept = [field.attname for field in Subscription._meta.fields if field.name not in looked]
    rows = list(Subscription.objects.filter(tenant_id=buyer.tenant_id).values_list(*kept))
    return [rows, actions.invoices(buyer.tenant_id), actions.tax_ids(buyer.tenant_id), buyer.in_force]


@pytest.mark.parametrize("page", OF_BILLING, ids=str)
def test_mallory_can_press_no_button_of_ours(
    workspace: Workspace, elsewhere: Workspace, stripe: StripeStandIn, page: Page
) -> None:
    ours, hers = (Buyer(each, stripe).live_by_a_clock() for each in (workspace, elsewhere))
    pieces = pieces_of(workspace)
    if OF_BILLING[page]:
        for buyer in (ours, hers):
            buyer.buy("pro")
            buyer.pass_days(14.1)
        pieces["tax_id"] = actions.set_tax_id(ours.tenant_id, "gb_vat", "GB123456789").id
    alice, mallory = session_of(workspace), session_of(elsewhere)

    before = bought(ours)
    as_mallory = page.send(workspace, mallory, pieces)
    assert gist(as_mallory) == gist(page.send(workspace, None, pieces))
    at_home = page.send(elsewhere, mallory, pieces)
    assert workspace.slug not in at_home.text
    assert bought(ours) == before

    there = bought(hers)
    as_alice = page.send(workspace, alice, pieces)
    assert as_alice.status_code == page.status, as_alice.text
    assert gist(as_alice) != gist(as_mallory)
    assert bought(hers) == there
