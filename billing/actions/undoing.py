"""A refusal changes nothing, also where a change takes several steps at Stripe."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from billing.errors import BillingRefused, BillingUnavailable, HalfWay
from billing.gateway import writing
from billing.gateway.contracts import Contract, contract_of
from billing.gateway.prices import overage_key, price_id
from tenants.plans import Interval, plan_of

logger = logging.getLogger("snug.billing")


@contextmanager
def put_back_if_refused(contract: Contract) -> Iterator[None]:
    """What the block took back of a booked change, or of a cancellation, is put back before Stripe's refusal is told;
    the caller holds the tenant. Raises HalfWay where Stripe does not answer that either, or did more than it said."""
    try:
        yield
    except BillingUnavailable as refused:
        try:
            whole = _put_back(contract)
        except BillingRefused:
            logger.exception("subscription %s is half-way through a change", contract.id)
            whole = False
        if not whole:
            raise HalfWay from refused
        raise


def _put_back(was: Contract) -> bool:
    """Whether it is as it was."""
    now = contract_of(was.customer_id)
    if now is None or (now.id, now.status, now.bought) != (was.id, was.status, was.bought):
        return False
    booked, ends = (now.next_bought, now.next_at), (now.cancel_at, now.ends_with_period)
    if booked == (was.next_bought, was.next_at) and ends == (was.cancel_at, was.ends_with_period):
        if now.schedule_id and not was.schedule_id:  # begun, with nothing booked in it
            writing.forget_later(now)
        return True
    if now.cancel_at is not None and was.cancel_at is None:
        return False  # the very thing that was asked for, and its answer was lost
    writing.forget_later(now)
    if was.cancel_at is not None:
        writing.cancel_as_before(was)
    elif was.next_bought is not None:
        _book_again(was)
    return True


def _book_again(was: Contract) -> None:
    coming = was.next_bought
    assert coming is not None
    later = [{"price": coming.price_id}]
    if was.metered_item:
        later.append({"price": price_id(overage_key(plan_of(coming.plan, coming.version)))})
    interval: Interval = "year" if coming.interval == "year" else "month"
    writing.change_later(msgspec.structs.replace(was, schedule_id=""), later, interval)
