"""The first page: who is here, and a way to let time pass."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.billing import serving_oneself
from stripe_stand_in.objects.invoice_line import name_of
from stripe_stand_in.pages import layout
from stripe_stand_in.pages.layout import e
from stripe_stand_in.web import Request, Response, page, redirect

_STEPS: Final = {
    "An hour": clock.HOUR,
    "A day": clock.DAY,
    "A week": 7 * clock.DAY,
    "A month": 31 * clock.DAY,
}


def answer(account: Account, request: Request) -> Response:
    if request.method == "POST":
        return _act(account, request.form)
    return page(_page(account))


def _act(account: Account, form: dict[str, str]) -> Response:
    if form.get("ahead") in _STEPS:
        account.storage.set("time", {"offset": account.offset + _STEPS[form["ahead"]]})
    elif form.get("customer"):
        customer = account.get("customer", form["customer"])
        told = {} if form.get("cards") == "work" else {"code": "generic_decline"}
        account.storage.set(f"failing:{customer['id']}", told)
    return redirect("/")


def _page(account: Account) -> str:
    steps = "".join(layout.button("/", label, ahead=label) for label in _STEPS)
    people = [one for one in account.storage.all("customer") if not one.get("deleted")]
    shown = "".join(_customer(account, one) for one in people[:50])
    return layout.page(
        "Customers",
        "<h1>Stand-in for Stripe</h1>",
        f"<p>Here it is {clock.moment(account.now()):%A, %d %B %Y, %H:%M} UTC.</p>",
        "<h2>Let time pass</h2><p class=quiet>Trials end, subscriptions renew, failed payments are tried again."
        f"</p><div class=actions>{steps}</div><h2>Customers</h2>",
        shown or "<p class=quiet>There is none yet: buy something.</p>",
    )


def _customer(account: Account, customer: Json) -> str:
    held = "".join(
        f"<p>{layout.tag(one['status'])} {e(name_of(account, one['items']['data'][0]['price']))}"
        f" <span class=quiet>until {layout.day(one['items']['data'][0]['current_period_end'])}</span></p>"
        for one in serving_oneself.running(account, customer["id"])
    )
    fails = bool(account.storage.setting(f"failing:{customer['id']}", {}))
    label = "Let their cards work again" if fails else "Let their cards fail from now on"
    toggle = layout.button("/", label, customer=customer["id"], cards="work" if fails else "fail")
    lives = " · lives by a test clock" if customer["test_clock"] else ""
    name = customer["name"] or customer["email"] or customer["id"]
    head = f"<strong>{e(name)}</strong> <span class=quiet><code>{customer['id']}</code>{lives}</span>"
    return f"<section class=box>{head}{held}<div class=actions>{toggle}</div></section>"
