"""Stripe's test cards: which number, which `pm_card_…`, and how each behaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Decline:
    """Why a card was refused."""

    code: str
    decline_code: str | None
    message: str


GENERIC: Final = Decline("card_declined", "generic_decline", "Your card was declined.")
FUNDS: Final = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST: Final = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN: Final = Decline("card_declined", "stolen_card", "Your card was declined.")
EXPIRED: Final = Decline("expired_card", None, "Your card has expired.")
CVC: Final = Decline("incorrect_cvc", None, "Your card's security code is incorrect.")
PROCESSING: Final = Decline(
    "processing_error", None, "An error occurred while processing your card. Try again in a little bit."
)
AUTHENTICATION: Final = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
DECLINES: Final = {
    decline.decline_code or decline.code: decline
    for decline in (GENERIC, FUNDS, LOST, STOLEN, EXPIRED, CVC, PROCESSING, AUTHENTICATION)
}


@dataclass(frozen=True)
class Card:
    """A test card. `on_attach` refuses to be saved at all, `on_charge` when money is asked, `asks` wants its holder
    to confirm each charge that the holder is not there for."""

    number: str
    name: str
    brand: str = "visa"
    on_attach: Decline | None = None
    on_charge: Decline | None = None
    asks: bool = False


CARDS: Final = (
    Card("4242424242424242", "visa"),
    Card("4000056655665556", "visa_debit"),
    Card("5555555555554444", "mastercard", "mastercard"),
    Card("378282246310005", "amex", "amex"),
    Card("4000000000000341", "chargeCustomerFail", on_charge=GENERIC),
    Card("4000000000000002", "visa_chargeDeclined", on_attach=GENERIC),
    Card("4000000000009995", "visa_chargeDeclinedInsufficientFunds", on_attach=FUNDS),
    Card("4000000000009987", "visa_chargeDeclinedLostCard", on_attach=LOST),
    Card("4000000000009979", "visa_chargeDeclinedStolenCard", on_attach=STOLEN),
    Card("4000000000000069", "chargeDeclinedExpiredCard", on_attach=EXPIRED),
    Card("4000000000000127", "chargeDeclinedIncorrectCvc", on_attach=CVC),
    Card("4000000000000119", "chargeDeclinedProcessingError", on_attach=PROCESSING),
    Card("4000002760003184", "authenticationRequired", asks=True),
    Card("4000002500003155", "authenticationRequiredOnSetup"),
)
_BY_NAME: Final = {card.name: card for card in CARDS}
_BY_NUMBER: Final = {card.number: card for card in CARDS}


def by_name(name: str) -> Card | None:
    """Of `pm_card_visa` or `tok_visa`."""
    return _BY_NAME.get(name.removeprefix("pm_card_").removeprefix("tok_"))


def by_number(number: str) -> Card | None:
    return _BY_NUMBER.get("".join(filter(str.isdigit, number)))
