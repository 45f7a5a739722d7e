"""Buying a plan for the first time, or again."""

from typing import Final

from billing.actions.holding import held
from billing.actions.refresh import bring_up_to_date
from billing.errors import BillingRefused
from billing.gateway import writing
from billing.gateway.contracts import contract_of
from billing.gateway.prices import price_id, price_key
from billing.models import Subscription
from tenants.models import Tenant
from tenants.plans import PLANS, Interval, Plan

MOST_INVOICE_DAYS: Final = 60


def start_checkout(
    tenant_id: int, plan: str, interval: Interval, *, email: str, success_url: str, cancel_url: str
) -> str:
    """The address of a Stripe Checkout page for `plan`, with the trial where the tenant has not had it.

    Raises BillingRefused where something is being paid for already, BillingUnavailable.
    """
    wanted = sold(plan)
    with held(tenant_id) as bought:
        _link_customer(bought, email)
        assert bought.customer_id is not None
        _refuse_a_second(bought)
        return writing.open_checkout(
            customer_id=bought.customer_id,
            price_id=price_id(price_key(wanted, interval)),
            tenant_id=tenant_id,
            trial=not bought.had_trial,
            success_url=success_url,
            cancel_url=cancel_url,
        )


def pay_by_invoice(tenant_id: int, plan: str, interval: Interval, *, email: str, days: int = 30) -> None:
    """Buy `plan` with invoices by mail, due after `days`; a running subscription to it goes on that way.

    For Business, and for any plan by the year. Raises BillingRefused otherwise, and where something is owed.
    """
    wanted = sold(plan)
    if wanted.key != "business" and interval != "year":
        raise BillingRefused("Invoices by mail are for Business, and for plans paid by the year.")
    if not 1 <= days <= MOST_INVOICE_DAYS:
        raise BillingRefused(f"An invoice is due within 1 to {MOST_INVOICE_DAYS} days.")
    with held(tenant_id) as bought:
        _link_customer(bought, email)
        assert bought.customer_id is not None
        contract = contract_of(bought.customer_id)
        if contract is not None and contract.status in ("active", "trialing"):
            if (contract.bought.plan, contract.bought.interval) != (wanted.key, interval):
                raise BillingRefused(f"Change to {wanted.name} by the {interval} first.")
            writing.collect_by_invoice(contract, days)
        else:
            _refuse_a_second(bought)
            writing.subscribe_by_invoice(
                bought.customer_id, price_id(price_key(wanted, interval)), tenant_id, days
            )
        bring_up_to_date(bought)


def sold(plan: str) -> Plan:
    """A paid plan as it is sold now. Raises BillingRefused."""
    found = PLANS.get(plan)
    if found is None or not found.paid:
        raise BillingRefused("There is no such paid plan.")
    return found


def _link_customer(bought: Subscription, email: str) -> None:
    """Give the tenant a customer at Stripe, once. Committed with the caller's block; lost with it, the same one is had
    again by its key."""
    if bought.customer_id:
        return
    tenant = Tenant.objects.get(pk=bought.tenant_id)
    bought.customer_id = writing.make_customer(
        # Another installation on the same Stripe account may have a tenant of the same number.
        key=f"snug-customer-{tenant.slug}-{tenant.pk}-{tenant.created_at.timestamp():.6f}-{email}",
        email=email,
        name=tenant.name,
        tenant_id=tenant.pk,
        slug=tenant.slug,
        locale=tenant.locale,
    )
    bought.save(update_fields=["customer_id"])


def _refuse_a_second(bought: Subscription) -> None:
    bring_up_to_date(bought)
    if bought.running:
        raise BillingRefused("This workspace has a paid plan. Change it instead of buying another.")
