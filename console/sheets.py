"""An invoice as a line of the list: what was, or is, to pay, and what credit had to do with it."""

from dataclasses import dataclass
from typing import Final, Literal

from billing.actions import Invoice
from console.money import exact

Tone = Literal["", "ok", "accent", "warn", "danger"]
_TONES: Final[dict[str, Tone]] = {"paid": "ok", "open": "warn", "uncollectible": "danger"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One line. `note` is a word on credit, `tone` colours the badge that says the `status`."""

    invoice: Invoice
    amount: str
    note: str
    status: str
    tone: Tone


def sheet(invoice: Invoice) -> Sheet:
    """The line of one invoice. One below zero asks for nothing: it is money for the next ones."""
    total = exact(abs(invoice.cents), invoice.currency)
    if invoice.cents < 0:
        return Sheet(invoice, total, "used for the next invoices", "Credit", "accent")
    note = ""
    if invoice.credit_cents:
        note = f"{total}, less {exact(invoice.credit_cents, invoice.currency)} of credit"
    amount = exact(invoice.due_cents, invoice.currency)
    return Sheet(invoice, amount, note, invoice.status.capitalize(), _TONES.get(invoice.status, ""))
