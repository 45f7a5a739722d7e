"""Lines of invoices."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from stripe_stand_in import Json, clock, ids
from stripe_stand_in.account import Account
from stripe_stand_in.billing import amounts, usage


@dataclass(frozen=True)
class Draft:
    """A line before it is on an invoice. `amount` in cents; `period` from, to."""

    amount: int
    currency: str
    description: str
    period: tuple[int, int]
    quantity: int | None = 1
    price: Json | None = None
    subscription: str | None = None
    item: str | None = None
    invoice_item: str | None = None
    proration: bool = False
    metadata: Json = field(default_factory=dict)


def of_item(account: Account, item: Json, period: tuple[int, int], share: Decimal = Decimal(1)) -> Draft:
    """A licensed item for a period ahead; `share` is the part of a whole period that it is."""
    price, quantity = item["price"], item["quantity"]
    amount = amounts.cents(amounts.of(price, quantity) * share)
    return _draft(item, amount, f"{quantity} × {_offer(account, price)}", period, quantity)


def of_trial(account: Account, item: Json, period: tuple[int, int]) -> Draft:
    return _draft(
        item, 0, f"Trial period for {name_of(account, item['price'])}", period, item.get("quantity", 0)
    )


def of_usage(account: Account, item: Json, customer: str, period: tuple[int, int]) -> Draft:
    """A metered item for a period past."""
    price = item["price"]
    meter = account.get("billing.meter", price["recurring"]["meter"])
    used = usage.total(account, meter, customer, *period)
    text = f"{format(used.normalize(), 'f')} × {_offer(account, price)}"
    return _draft(item, amounts.of(price, used), text, period, int(used))


def of_proration(account: Account, item: Json, credit: bool, at: int, end: int, start: int) -> Draft:
    """What is left of a period that began at `start`, from `at` on: given back, or charged."""
    price, quantity = item["price"], item["quantity"]
    share = Decimal(end - at) / Decimal(end - start) if end > start else Decimal(0)
    amount = amounts.cents(amounts.of(price, quantity) * share) * (-1 if credit else 1)
    named = f"{quantity} × {name_of(account, price)}" if quantity != 1 else name_of(account, price)
    text = f"{'Unused' if credit else 'Remaining'} time on {named} after {clock.day(at)}"
    return _draft(item, amount, text, (at, end), quantity, proration=True)


def _draft(
    item: Json, amount: int, text: str, period: tuple[int, int], quantity: int, proration: bool = False
) -> Draft:
    price = item["price"]
    return Draft(
        amount,
        price["currency"],
        text,
        period,
        quantity,
        price,
        item["subscription"],
        item["id"],
        proration=proration,
    )


def name_of(account: Account, price: Json) -> str:
    return str(account.get("product", price["product"])["name"])


def _offer(account: Account, price: Json) -> str:
    if price["billing_scheme"] == "tiered":
        return f"{name_of(account, price)} (in tiers)"
    return f"{name_of(account, price)} (at {money(price['unit_amount_decimal'], price['currency'])} / {every(price)})"


def every(price: Json) -> str:
    """Such as "month" or "3 months"."""
    recurring = price["recurring"]
    count = recurring["interval_count"]
    return str(recurring["interval"]) if count == 1 else f"{count} {recurring['interval']}s"


def money(cents: int | str, currency: str) -> str:
    """Such as $49.00; a part of a cent is shown."""
    value = Decimal(cents) / 100
    shown = f"{abs(value):,.2f}" if value == value.quantize(Decimal("0.01")) else f"{abs(value):,}"
    sign = "-" if value < 0 else ""
    marks = {"usd": "$", "eur": "€", "gbp": "£"}
    mark = marks.get(currency)
    return f"{sign}{mark}{shown}" if mark else f"{sign}{shown} {currency.upper()}"


def make(invoice: str, draft: Draft) -> Json:
    """The line as it stands on an invoice."""
    details = {
        "invoice_item": draft.invoice_item,
        "proration": draft.proration,
        "proration_details": {"credited_items": None},
        "subscription": draft.subscription,
    }
    own = draft.invoice_item is not None
    pricing = None
    if draft.price is not None:
        pricing = {
            "price_details": {"price": draft.price["id"], "product": draft.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": draft.price["unit_amount_decimal"],
        }
    return {
        "id": ids.new("il"),
        "object": "line_item",
        "amount": draft.amount,
        "currency": draft.currency,
        "description": draft.description,
        "discount_amounts": [],
        "discountable": not draft.proration,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": draft.metadata,
        "parent": {
            "invoice_item_details": details if own else None,
            "subscription_item_details": None if own else details | {"subscription_item": draft.item},
            "type": "invoice_item_details" if own else "subscription_item_details",
        },
        "period": {"start": draft.period[0], "end": draft.period[1]},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": draft.quantity,
        "quantity_decimal": None if draft.quantity is None else str(draft.quantity),
        "subscription": draft.subscription,
        "subtotal": draft.amount,
        "taxes": [],
    }
