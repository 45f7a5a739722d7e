"""The portal's first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from stripe_stand_in import Json
from stripe_stand_in.billing import serving_oneself
from stripe_stand_in.objects import tax_id
from stripe_stand_in.objects.invoice_line import money, name_of
from stripe_stand_in.pages import layout
from stripe_stand_in.pages.layout import e

if TYPE_CHECKING:
    from stripe_stand_in.pages.portal import Visit

DONE: Final = {
    "card": "The new card is saved. It pays from now on.",
    "plan-now": "Your plan is changed.",
    "plan-end": "Your plan will change at the end of the period.",
    "cancel": "Your subscription is cancelled.",
    "keep": "Your subscription goes on.",
    "paid": "The invoice is paid. Thank you.",
}


def render(visit: Visit, done: str = "", error: str = "") -> str:
    """Subscriptions, card, invoices, as far as the configuration shows them."""
    back = visit.session["return_url"]
    link = f'<p><a href="{e(back)}">← Back to where you came from</a></p>' if back else ""
    held = serving_oneself.running(visit.account, visit.customer["id"])
    parts = [_subscription(visit, one) for one in held] or ["<p class=quiet>There is no subscription.</p>"]
    return layout.page(
        "Billing",
        link,
        "<h1>Billing</h1>",
        layout.told(error, DONE.get(done, "")),
        *parts,
        _card(visit),
        _invoices(visit),
        _details(visit),
    )


def _subscription(visit: Visit, held: Json) -> str:
    names = ", ".join(
        f"{name_of(visit.account, item['price'])} · {layout.rate(item['price'])}"
        for item in held["items"]["data"]
    )
    end = layout.day(held["items"]["data"][0]["current_period_end"])
    told = f"Renews on {end}."
    if held["cancel_at"]:
        told = f"Ends on {layout.day(held['cancel_at'])}."
    elif held["status"] == "trialing":
        told = f"The trial ends on {end}; then it is paid."
    elif held["status"] in ("past_due", "unpaid"):
        told = "The last payment failed: change your card, then pay the open invoice."
    if held["schedule"]:
        told += _scheduled(visit, held)
    head = f"<h2>{e(names)}</h2><p>{layout.tag(held['status'])} <span class=quiet>{e(told)}</span></p>"
    return f"<section class=box>{head}{_choices(visit, held)}</section>"


def _scheduled(visit: Visit, held: Json) -> str:
    schedule = visit.account.get("subscription_schedule", held["schedule"])
    ahead = schedule["phases"][-1]
    price = visit.account.get("price", ahead["items"][0]["price"])
    return f" From {layout.day(ahead['start_date'])}: {name_of(visit.account, price)}."


def _choices(visit: Visit, held: Json) -> str:
    """What can be done with a subscription."""
    shown = []
    running = {item["price"]["id"] for item in held["items"]["data"]}
    for price in serving_oneself.offers(visit.account, visit.features):
        if price["id"] not in running:
            query = urlencode({"subscription": held["id"], "price": price["id"]})
            label = f"Switch to {name_of(visit.account, price)}, {layout.rate(price)}"
            shown.append(f'<a class=button href="{e(visit.home)}/plan?{e(query)}">{e(label)}</a>')
    if visit.features["subscription_cancel"]["enabled"]:
        if held["cancel_at"] or held["schedule"]:
            label = "Do not cancel" if held["cancel_at"] else "Keep the plan I have"
            shown.append(layout.button(f"{visit.home}/keep", label, subscription=held["id"]))
        if not held["cancel_at"]:
            query = urlencode({"subscription": held["id"]})
            shown.append(f'<a class=button href="{e(visit.home)}/cancel?{e(query)}">Cancel</a>')
    return f"<div class=actions>{''.join(shown)}</div>"


def _card(visit: Visit) -> str:
    if not visit.features["payment_method_update"]["enabled"]:
        return ""
    held = serving_oneself.running(visit.account, visit.customer["id"])
    own = next((one["default_payment_method"] for one in held if one["default_payment_method"]), None)
    chosen = own or visit.customer["invoice_settings"]["default_payment_method"]
    told = "No card is on file."
    if chosen:
        card = visit.account.get("payment_method", chosen)["card"]
        told = (
            f"{card['brand'].title()} ending in {card['last4']}, until {card['exp_month']}/{card['exp_year']}"
        )
    open_ = visit.session["flow"] is not None and visit.session["flow"]["type"] == "payment_method_update"
    return (
        f"<h2>Card</h2><p>{e(told)}</p><details{' open' if open_ else ''}><summary>Change card</summary>"
        f'<form method=post action="{e(visit.home)}/card" class=box>{layout.card_fields()}'
        "<button class=first>Save card</button></form></details>"
    )


def _invoices(visit: Visit) -> str:
    if not visit.features["invoice_history"]["enabled"]:
        return ""
    rows = []
    for one in visit.account.storage.all("invoice", visit.customer["id"])[:24]:
        if one["status"] == "draft":
            continue
        pay = layout.button(f"{visit.home}/pay", "Pay", invoice=one["id"]) if one["status"] == "open" else ""
        link = f'<a href="{e(one["hosted_invoice_url"] or "")}">{e(one["number"] or "")}</a>'
        amount = money(one["amount_due"], one["currency"])
        day = layout.day(one["created"])
        told = f"{link} <span class=quiet>{day}</span>"
        rows.append(f"<li><span>{told}</span><span>{e(amount)} {layout.tag(one['status'])}</span>{pay}</li>")
    table = f"<ul class=invoices>{''.join(rows)}</ul>" if rows else "<p class=quiet>There is none yet.</p>"
    return f"<h2>Invoices</h2>{table}"


def _details(visit: Visit) -> str:
    shown = [visit.customer["email"] or "", visit.customer["name"] or ""]
    shown += [f"{one['type']} {one['value']}" for one in tax_id.of(visit.account, visit.customer["id"])]
    return f"<h2>Details</h2><p class=quiet>{e(' · '.join(filter(None, shown)))}</p>"
