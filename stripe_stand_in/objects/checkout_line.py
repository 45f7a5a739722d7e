"""What a Checkout Session sells."""

from __future__ import annotations

from stripe_stand_in import Json, ids
from stripe_stand_in.account import Account
from stripe_stand_in.billing import amounts
from stripe_stand_in.errors import invalid, missing_parameter
from stripe_stand_in.objects import invoice_line, subscription_item
from stripe_stand_in.rendering import listing


def make_all(account: Account, given: Json) -> list[Json]:
    if not given.get("line_items"):
        raise missing_parameter("line_items")
    lines = []
    for number, one in enumerate(given["line_items"]):
        chosen = subscription_item.price_of(account, one, f"line_items[{number}]")
        metered = chosen["recurring"]["usage_type"] == "metered"
        if metered and "quantity" in one:
            raise invalid(
                f"line_items[{number}][quantity]", "Quantity should not be specified for metered prices."
            )
        if not metered and "quantity" not in one:
            raise missing_parameter(f"line_items[{number}][quantity]")
        total = 0 if metered else amounts.of(chosen, one["quantity"])
        lines.append(
            {
                "id": ids.new("li"),
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": total,
                "amount_tax": 0,
                "amount_total": total,
                "currency": chosen["currency"],
                "description": invoice_line.name_of(account, chosen),
                "metadata": {},
                "price": chosen,
                "quantity": one.get("quantity"),
            }
        )
    return lines


def as_items(session: Json) -> list[Json]:
    """The parameters for the items of the subscription that it starts."""
    return [
        {"price": line["price"]["id"]}
        | ({"quantity": line["quantity"]} if line["quantity"] is not None else {})
        for line in session["_lines"]
    ]


def as_list(session: Json) -> Json:
    return listing(session["_lines"], f"/v1/checkout/sessions/{session['id']}/line_items")
