"""Buying a plan for the first time, or again."""

import hashlib
from contextlib import suppress
from functools import partial
from typing import Final

from billing.actions.holding import held, running_contract
from billing.actions.owing import refuse_while_owing
from billing.actions.refresh import bring_up_to_date, catch_up
from billing.errors import BillingRefused
from billing.gateway import writing
from billing.gateway.connection import Missing
from billing.gateway.debts import INVOICE_DAYS
from billing.gateway.prices import price_id, price_key
from billing.models import Subscription
from tenants.models import Tenant
from tenants.plans import PLANS, Interval, Plan

MOST_INVOICE_DAYS: Final = 60
BY_INVOICE: Final = "Invoices by mail are for Business, and for plans paid by the year."


def start_checkout(
    tenant_id: int, plan: str, interval: Interval, *, email: str, success_url: str, cancel_url: str
) -> str:
    """The address of a Stripe Checkout page for `plan`, with the trial where the tenant has not had it.

    Raises BillingRefused where something is being paid for already, or owed, BillingUnavailable.
    """
    wanted = sold(plan)
    with held(tenant_id) as bought:
        customer_id = _linked_customer(bought, email)
        with suppress(Missing):
            writing.close_checkouts(customer_id)
        _refuse_a_second(bought)
        page_for = partial(
            writing.open_checkout,
            price_id=price_id(price_key(wanted, interval)),
            tenant_id=tenant_id,
            trial=not bought.had_trial,
            success_url=success_url,
            cancel_url=cancel_url,
        )
        try:
            return page_for(customer_id=customer_id)
        except Missing:  # somebody deleted the customer at Stripe
            bought.customer_id = None
            return page_for(customer_id=_linked_customer(bought, email, instead_of=customer_id))


def pay_by_invoice(
    tenant_id: int, plan: str, interval: Interval, *, email: str, days: int = INVOICE_DAYS
) -> None:
    """Buy `plan` with invoices by mail, due after `days`; a running subscription to it goes on that way.

    For Business, and for any plan by the year. Raises BillingRefused otherwise, and where something is owed.
    """
    wanted = sold(plan)
    if not by_invoice_goes(wanted.key, interval):
        raise BillingRefused(BY_INVOICE)
    if not 1 <= days <= MOST_INVOICE_DAYS:
        raise BillingRefused(f"An invoice is due within 1 to {MOST_INVOICE_DAYS} days.")
    with held(tenant_id) as bought:
        customer_id = _linked_customer(bought, email)
        # Before looking: a page that was paid until now is seen, and none can be paid from now on.
        writing.close_checkouts(customer_id)
        contract = bring_up_to_date(bought)
        refuse_while_owing(contract)
        if contract is not None and contract.status in ("active", "trialing"):
            if (contract.bought.plan, contract.bought.interval) != (wanted.key, interval):
                raise BillingRefused(f"Change to {wanted.name} by the {interval} first.")
            if contract.cancel_at is not None:
                raise BillingRefused(f"{wanted.name} is cancelled. Keep it first, then choose invoices.")
            coming = contract.next_bought
            if coming is not None and not by_invoice_goes(coming.plan, coming.interval):
                raise BillingRefused(f"{BY_INVOICE} Another one is booked: keep your plan first.")
            writing.collect_by_invoice(contract, days)
        else:
            _refuse_a_second(bought)
            writing.subscribe_by_invoice(customer_id, price_id(price_key(wanted, interval)), tenant_id, days)
        catch_up(bought)


def pay_by_card(tenant_id: int) -> None:
    """Invoices of the running plan are charged to the card again, from the next one on. Raises BillingRefused where
    there is none."""
    with held(tenant_id) as bought:
        contract = running_contract(bought)
        by_invoice = contract.collection_method == "send_invoice"
        if by_invoice and not writing.collect_by_card(contract):
            raise BillingRefused(
                "There is no card yet. Add one under “Card and address”, then press this again."
            )
        catch_up(bought)


def by_invoice_goes(plan: str, interval: str) -> bool:
    """Whether `plan` by the `interval` may be paid by invoices that are mailed."""
    return plan == "business" or interval == "year"


def sold(plan: str) -> Plan:
    """A paid plan as it is sold now. Raises BillingRefused."""
    found = PLANS.get(plan)
    if found is None or not found.paid:
        raise BillingRefused("There is no such paid plan.")
    return found


def _linked_customer(bought: Subscription, email: str, instead_of: str = "") -> str:
    """The tenant's customer at Stripe, made once. Committed with the caller's block; lost with it, the same one is had
    again by its key."""
    if bought.customer_id:
        return bought.customer_id
    tenant = Tenant.objects.get(pk=bought.tenant_id)
    # Another installation on the same Stripe account may have a tenant of the same number, or of the same slug.
    once = (tenant.slug, tenant.created_at.isoformat(), email, bought.subscription_id, instead_of)
    bought.customer_id = writing.make_customer(
        key=f"snug-{hashlib.sha256(' '.join(once).encode()).hexdigest()}",
        email=email,
        name=tenant.name,
        tenant_id=tenant.pk,
        slug=tenant.slug,
        locale=tenant.locale,
    )
    bought.save(update_fields=["customer_id"])
    return bought.customer_id


def _refuse_a_second(bought: Subscription) -> None:
    refuse_while_owing(bring_up_to_date(bought))
    if bought.running:
        raise BillingRefused("This workspace has a paid plan. Change it instead of buying another.")
