"""Turns at speaking to Stripe, which may hang: whoever waits for it takes nothing that others need to go on."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore, Lock
from typing import Final
from weakref import WeakValueDictionary

from django.conf import settings
from django_tenants.utils import get_public_schema_name

from billing.errors import BillingUnavailable
from tenants.context import give_back_connection, schema_connection

# Seconds that a turn is waited for.
PATIENCE: Final = 2.0
# How many pages of one tenant speak to Stripe at once, in one process; jobs are nobody's.
MOST_OF_ONE: Final = 2
_all: Final = BoundedSemaphore(settings.DATABASE_POOL_SIZE)
# By schema; gone when nobody of that tenant speaks, or waits to.
_shares: Final[WeakValueDictionary[str, BoundedSemaphore]] = WeakValueDictionary()
_finding: Final = Lock()
_has_one: Final[ContextVar[bool]] = ContextVar("has_one", default=False)


@contextmanager
def turn(*, within: BoundedSemaphore | None = None) -> Iterator[None]:
    """A turn for the length of the block, one of those of `within` too; who has one takes no second.

    Outside a transaction the database connection goes back to its pool first. Raises BillingUnavailable after PATIENCE.
    """
    give_back_connection()
    if _has_one.get():
        yield
        return
    deadline = time.monotonic() + PATIENCE
    with ExitStack() as taken:
        for turns in (_share(), _all, within):
            if turns is not None:
                _take(turns, deadline)
                taken.callback(turns.release)
        taken.callback(_has_one.reset, _has_one.set(True))
        yield


def _take(turns: BoundedSemaphore, deadline: float) -> None:
    if not turns.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise BillingUnavailable(
            "Billing is busy: our payment provider is slow just now. Nothing has changed; try again in a minute."
        )


def _share() -> BoundedSemaphore | None:
    """The turns of the tenant whose page this is."""
    schema = schema_connection().schema_name
    if schema == get_public_schema_name():
        return None
    with _finding:
        return _shares.setdefault(schema, BoundedSemaphore(MOST_OF_ONE))
