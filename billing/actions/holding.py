"""A tenant's billing, one at a time: whoever fetches from Stripe writes before the next one fetches."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from django.conf import settings
from django.db import transaction

from billing.errors import BillingRefused
from billing.gateway.contracts import Contract, contract_of
from billing.gateway.turns import turn
from billing.models import Subscription
from billing.models.subscription import RUNNING

# Whoever holds a tenant holds a connection while Stripe thinks: when it hangs, half the pool stays for everyone else.
_holders: Final = BoundedSemaphore(max(1, settings.DATABASE_POOL_SIZE // 2))


@contextmanager
def held(tenant_id: int) -> Iterator[Subscription]:
    """The tenant's subscription, locked until the block ends; made empty where there was none.

    Raises BillingUnavailable while too many others are at it.
    """
    with turn(within=_holders), transaction.atomic():
        # Not get_or_create: of two first ones at once, one would fail, and find its transaction broken.
        Subscription.objects.bulk_create([Subscription(tenant_id=tenant_id)], ignore_conflicts=True)
        yield Subscription.objects.select_for_update().get(tenant_id=tenant_id)


def running_contract(bought: Subscription) -> Contract:
    """What is being paid for, fresh from Stripe. Raises BillingRefused where that is nothing."""
    contract = contract_of(bought.customer_id) if bought.customer_id else None
    if contract is None or contract.status not in RUNNING:
        raise BillingRefused("There is no paid plan here. Choose one first.")
    return contract
