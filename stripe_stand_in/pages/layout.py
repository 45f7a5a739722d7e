"""The frame of every page: plain, labelled as a stand-in, at home on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from stripe_stand_in import Json, cards, clock
from stripe_stand_in.objects.invoice_line import every, money

_STYLE: Final = Path(__file__).with_name("style.css").read_text("utf-8")
NOTICE: Final = "This is a stand-in for Stripe on this machine. No money moves."
e = escape


def page(title: str, *parts: str) -> str:
    """A whole page; `parts` are HTML."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1"><meta name=robots content=noindex>'
        f"<title>{e(title)} · stand-in for Stripe</title><style>{_STYLE}</style></head><body>"
        f"<div class=stand-in role=note>{NOTICE}</div><main>{''.join(parts)}</main></body></html>"
    )


def told(error: str = "", done: str = "") -> str:
    """What went wrong, or what was done."""
    bad = f"<p class=error role=alert>{e(error)}</p>" if error else ""
    good = f"<p class=done role=status>{e(done)}</p>" if done else ""
    return bad + good


def amounts(rows: Iterable[tuple[str, str]], total: tuple[str, str] | None = None) -> str:
    """A list of names and amounts, with a sum below."""
    inner = "".join(f"<dt>{e(name)}</dt><dd>{e(amount)}</dd>" for name, amount in rows)
    if total is not None:
        inner += f"<dt class=total>{e(total[0])}</dt><dd class=total>{e(total[1])}</dd>"
    return f"<dl>{inner}</dl>"


def button(action: str, label: str, kind: str = "", **hidden: str) -> str:
    """A form of one button."""
    fields = "".join(
        f'<input type=hidden name="{e(name)}" value="{e(value)}">' for name, value in hidden.items()
    )
    return f'<form method=post action="{e(action)}">{fields}<button class="{kind}">{e(label)}</button></form>'


def card_fields(value: str = "", required: bool = True) -> str:
    """Where a card number is typed, and which ones there are."""
    return (
        "<label>Card number <small>a test card</small><input name=number inputmode=numeric"
        f' autocomplete=off value="{e(value)}" placeholder="4242 4242 4242 4242"'
        f"{' required' if required else ''}></label>"
        '<div class=row><label>Expires<input name=expires value="12 / 34" autocomplete=off></label>'
        "<label>Security code<input name=cvc value=123 inputmode=numeric autocomplete=off></label></div>"
        + known_cards()
    )


_SAYS: Final = {
    "visa": "works",
    "mastercard": "works",
    "chargeCustomerFail": "can be saved; every charge fails",
    "visa_chargeDeclined": "declined at once",
    "visa_chargeDeclinedInsufficientFunds": "declined at once: insufficient funds",
    "chargeDeclinedExpiredCard": "declined at once: expired",
    "authenticationRequired": "asks its holder: fails at a renewal",
}


def known_cards() -> str:
    rows = []
    for card in cards.CARDS:
        if card.name in _SAYS:
            number = " ".join(card.number[place : place + 4] for place in range(0, 16, 4))
            fill = f"this.form.number.value='{number}'"
            says = f"<code>{number}</code> <span class=quiet>{e(_SAYS[card.name])}</span>"
            rows.append(f'<li><button type=button onclick="{fill}">{says}</button></li>')
    return f"<details open><summary>Test cards: choose one</summary><ul class=cards>{''.join(rows)}</ul></details>"


def rate(price: Json) -> str:
    """Such as "$49.00 a month"."""
    if price["recurring"]["usage_type"] == "metered":
        return "as used"
    if price["unit_amount_decimal"] is None:
        return "in tiers"
    length = every(price)
    each = "a" if length[0].isalpha() else "every"
    return f"{money(price['unit_amount_decimal'], price['currency'])} {each} {length}"


def day(seconds: int) -> str:
    return clock.day(seconds)


_GOOD: Final = ("active", "trialing", "paid")
_BAD: Final = ("past_due", "unpaid", "incomplete", "open", "uncollectible")


def tag(status: str) -> str:
    kind = "good" if status in _GOOD else "bad" if status in _BAD else ""
    return f'<span class="tag {kind}">{e(status.replace("_", " "))}</span>'
