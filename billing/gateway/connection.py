"""The connection to Stripe: one client a process, short timeouts, safe repeats, and errors as this house knows them.

Every write carries an idempotency key (the library makes one where none is given), so that a repeat after a lost
answer does nothing twice.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

import stripe
from django.conf import settings

from billing.errors import BillingRefused, BillingUnavailable, CardDeclined, StripeAway
from billing.gateway.turns import turn

logger = logging.getLogger("snug.stripe")

# Seconds to connect, seconds to answer.
_TIMEOUT: Final = (3.05, 10)
_REPEATS: Final = 2
# What a person can put right; Stripe's own sentence says how.
_THEIRS: Final = frozenset({"tax_id_invalid", "email_invalid", "url_invalid", "invoice_already_finalized"})


class Missing(BillingUnavailable):
    """Stripe knows no such object."""


class NotAccepted(BillingUnavailable):
    """A request that Stripe will not take as it is: a fault of ours, or of what it speaks of."""


class NothingComes(BillingRefused):
    """There is no next invoice to preview."""


class NotOpen(BillingRefused):
    """A Checkout page that is paid, or closed already."""


class Repeated(BillingRefused):
    """Stripe has counted this before."""


class _Requests(stripe.RequestsClient):
    """Every request, with its repeats, is one turn."""

    def request_with_retries(self, *given: Any, **named: Any) -> tuple[str, int, Mapping[str, str]]:
        with turn():
            return super().request_with_retries(*given, **named)


@contextmanager
def speaking() -> Iterator[Any]:
    """Stripe's API, version 1. Raises CardDeclined, BillingRefused or BillingUnavailable, and nothing of Stripe's."""
    try:
        yield _client().v1
    except stripe.CardError as error:
        raise CardDeclined(_declined(error.user_message or "")) from None
    except stripe.InvalidRequestError as error:
        raise _refusal(error) from None
    except stripe.StripeError as error:
        logger.warning("stripe: %s: %s", type(error).__name__, error)
        raise StripeAway(
            "Our payment provider does not answer just now. Nothing has changed; try again in a minute."
        ) from None


def _declined(said: str) -> str:
    """Stripe's own sentence tells why, unless it only says once more that it is so."""
    told = said.strip().rstrip(".").casefold() not in ("", "your card was declined")
    return f"The card was declined. {said.strip() if told else 'The bank gave no reason.'}"


def plain(thing: Any) -> Any:
    """An object of Stripe's as the dictionary that it came as."""
    return thing.to_dict(for_json=True)


def plain_list(page: Any) -> list[Any]:
    """The same for a page of a list."""
    return [plain(one) for one in page.data]


def time_of_answer(page: Any) -> datetime:
    """When Stripe answered, by its own clock, in whole seconds: what it says of due dates is compared with this."""
    return parsedate_to_datetime(page.last_response.headers["Date"])


def _refusal(error: stripe.InvalidRequestError) -> BillingRefused:
    if error.code in _THEIRS:
        return BillingRefused(str(error.user_message or error))
    if error.code == "resource_missing":
        return Missing("Our payment provider no longer knows this.")
    if "Checkout Session" in str(error) and "expired" in str(error):
        return NotOpen("The page was paid or closed before.")
    if error.code == "invoice_upcoming_none":
        return NothingComes("No invoice comes.")
    if error.param == "identifier" and "already exists" in str(error):
        return Repeated("This was reported before.")
    # Ours to put right: the request id finds it in Stripe's own log.
    logger.error("stripe refused: %s (%s, %s)", error, error.code, error.request_id)
    return NotAccepted("Our payment provider did not accept this. Nothing has changed; we have been told.")


@cache
def _client() -> stripe.StripeClient:
    if not settings.STRIPE_SECRET_KEY:
        raise BillingUnavailable("Paid plans cannot be bought here: no payment provider is configured.")
    base = settings.STRIPE_API_BASE
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base} if base else {},
        max_network_retries=_REPEATS,
        http_client=_Requests(timeout=_TIMEOUT),
    )
