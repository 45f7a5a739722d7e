"""The Checkout page: what is bought, a card, Pay or Start trial."""

from __future__ import annotations

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.billing import checking_out
from stripe_stand_in.errors import ApiError
from stripe_stand_in.objects import tax_id
from stripe_stand_in.objects.invoice_line import money
from stripe_stand_in.pages import layout
from stripe_stand_in.pages.layout import e
from stripe_stand_in.web import Request, Response, page, redirect


def answer(account: Account, request: Request, id_: str) -> Response:
    session = account.get("checkout.session", id_)
    if session["status"] == "complete":
        return redirect(_success(session))
    if session["status"] != "open":
        gone = "<h1>This link has expired</h1><p>Go back to where you came from and start again.</p>"
        return page(layout.page("Expired", gone), 410)
    if request.method != "POST":
        return page(_page(account, session, {}))
    form = request.form
    try:
        with account.storage.transaction():
            session = checking_out.complete(account, id_, form)
    except ApiError as refused:
        return page(_page(account, session, form, str(refused)), 402 if refused.status == 402 else 400)
    return redirect(_success(session))


def _success(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _trial_end(session: Json) -> int | None:
    data = session["_given"].get("subscription_data", {})
    if "trial_end" in data:
        return int(data["trial_end"])
    days = data.get("trial_period_days")
    return session["created"] + days * clock.DAY if days else None


def _page(account: Account, session: Json, form: dict[str, str], error: str = "") -> str:
    trial = _trial_end(session)
    back = session["cancel_url"]
    title = "Save a card" if session["mode"] == "setup" else "Start your trial" if trial else "Subscribe"
    link = f'<p><a href="{e(back)}">← Back, without paying</a></p>' if back else ""
    return layout.page(
        title, link, f"<h1>{title}</h1>", _bought(session, trial), _form(account, session, form, error, trial)
    )


def _bought(session: Json, trial: int | None) -> str:
    if session["mode"] == "setup":
        return "<p class=quiet>Nothing is charged now.</p>"
    rows = [
        (
            f"{line['description']}{_times(line)} · {layout.rate(line['price'])}",
            money(line["amount_total"], line["currency"]),
        )
        for line in session["_lines"]
    ]
    currency = session["currency"]
    sum_ = money(sum(line["amount_total"] for line in session["_lines"]), currency)
    if trial is None:
        return f"<div class=box>{layout.amounts(rows, ('Due today', sum_))}</div>"
    later = f"<p class=quiet>Then {e(sum_)} on {layout.day(trial)}, unless you cancel before.</p>"
    return f"<div class=box>{layout.amounts(rows, ('Due today', money(0, currency)))}</div>{later}"


def _times(line: Json) -> str:
    return f" × {line['quantity']}" if line["quantity"] and line["quantity"] > 1 else ""


def _form(account: Account, session: Json, form: dict[str, str], error: str, trial: int | None) -> str:
    customer = account.get("customer", session["customer"]) if session["customer"] else None
    email = session["customer_email"] or (customer["email"] if customer else "") or ""
    if email:
        mail = f"<p>E-mail: <strong>{e(email)}</strong></p>"
    else:
        mail = (
            f'<label>E-mail<input type=email name=email required value="{e(form.get("email", ""))}"></label>'
        )
    label = "Save card" if session["mode"] == "setup" else "Start trial" if trial else "Pay"
    if label == "Pay":
        label = f"Pay {money(session['amount_total'], session['currency'])}"
    needed = checking_out.needs_card(session)
    note = "" if needed else "<p class=quiet>A card is not needed now; you may leave it empty.</p>"
    return (
        f"<form method=post class=box>{layout.told(error)}{mail}"
        f'<label>Name <small>may be left empty</small><input name=name value="{e(form.get("name", ""))}"></label>'
        f"{_tax_field(session, form)}{note}{layout.card_fields(form.get('number', ''), needed)}"
        f"<button class=first>{e(label)}</button></form>"
    )


def _tax_field(session: Json, form: dict[str, str]) -> str:
    if not session["_given"].get("tax_id_collection", {}).get("enabled"):
        return ""
    chosen = form.get("tax_id_type")
    kinds = "".join(
        f"<option{' selected' if kind == chosen else ''}>{kind}</option>" for kind in tax_id.TYPES
    )
    return (
        "<details><summary>I buy as a business</summary><div class=row>"
        f"<label>Kind of tax id<select name=tax_id_type>{kinds}</select></label>"
        f'<label>Tax id<input name=tax_id value="{e(form.get("tax_id", ""))}"></label></div></details>'
    )
