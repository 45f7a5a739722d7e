"""A tenant's billing, one at a time: whoever fetches from Stripe writes before the next one fetches."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from billing.errors import BillingRefused
from billing.gateway.contracts import Contract, contract_of
from billing.models import Subscription


@contextmanager
def held(tenant_id: int) -> Iterator[Subscription]:
    """The tenant's subscription, locked until the block ends; made empty where there was none."""
    with transaction.atomic():
        Subscription.objects.get_or_create(tenant_id=tenant_id)
        yield Subscription.objects.select_for_update().get(tenant_id=tenant_id)


def running_contract(bought: Subscription) -> Contract:
    """What is being paid for, fresh from Stripe. Raises BillingRefused where that is nothing."""
    contract = contract_of(bought.customer_id) if bought.customer_id else None
    if contract is None or contract.status not in ("trialing", "active", "past_due", "unpaid"):
        raise BillingRefused("There is no paid plan here. Choose one first.")
    return contract
