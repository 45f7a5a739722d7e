"""The billing portal: card, plan, cancelling, invoices."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.billing import previewing, serving_oneself
from stripe_stand_in.errors import ApiError, not_found
from stripe_stand_in.objects import portal_configuration, portal_session
from stripe_stand_in.objects.invoice_line import money, name_of
from stripe_stand_in.pages import invoice as invoice_page
from stripe_stand_in.pages import layout, portal_home
from stripe_stand_in.pages.layout import e
from stripe_stand_in.web import Request, Response, page, redirect


@dataclass(frozen=True)
class Visit:
    """Who is in the portal, what they may do there, and where it is."""

    account: Account
    session: Json
    customer: Json
    features: Json
    home: str

    def own(self, kind: str, id_: str) -> Json:
        """One of the customer's own objects."""
        found = self.account.get(kind, id_)
        if found["customer"] != self.customer["id"]:
            raise not_found(kind, id_)
        return found

    def allows(self, feature: str) -> None:
        if not self.features[feature]["enabled"]:
            raise ApiError("The portal is configured without this.", status=403)


def answer(account: Account, request: Request, id_: str, secret: str, rest: str) -> Response:
    session = account.get(portal_session.KIND, id_)
    if not hmac.compare_digest(session["_secret"], secret):
        raise not_found("session", id_)
    configuration = account.get(portal_configuration.KIND, session["configuration"])
    customer = account.get("customer", session["customer"])
    visit = Visit(account, session, customer, configuration["features"], f"/portal/{id_}/{secret}")
    if request.method != "POST":
        return _show(visit, rest, request.asked)
    try:
        return _act(visit, rest, request.form)
    except ApiError as refused:
        return page(portal_home.render(visit, error=str(refused)), 402 if refused.status == 402 else 400)


def _act(visit: Visit, what: str, form: dict[str, str]) -> Response:
    if what == "pay":
        visit.allows("invoice_history")
        refused = invoice_page.pay(visit.account, visit.own("invoice", form["invoice"]))
        if refused is not None:
            raise refused
        return redirect(f"{visit.home}?done=paid")
    with visit.account.storage.transaction():
        done = _change(visit, what, form)
    return redirect(_after(visit, what) or f"{visit.home}?done={done}")


def _change(visit: Visit, what: str, form: dict[str, str]) -> str:
    """Does it; says what was done, a word of `portal_home.DONE`."""
    account = visit.account
    if what == "card":
        visit.allows("payment_method_update")
        serving_oneself.change_card(account, visit.customer, form.get("number", ""))
        return "card"
    held = visit.own("subscription", form.get("subscription", ""))
    if what == "plan":
        visit.allows("subscription_update")
        when = serving_oneself.change_plan(account, held, account.get("price", form["price"]), visit.features)
        return f"plan-{when}"
    visit.allows("subscription_cancel")
    if what == "cancel":
        serving_oneself.cancel(account, held, visit.features, form.get("feedback", ""))
        return "cancel"
    if what == "keep":
        serving_oneself.reactivate(account, held)
        return "keep"
    raise ApiError("There is no such action.", status=404)


def _after(visit: Visit, what: str) -> str | None:
    """Where a flow that the session was made for goes on to."""
    flow = visit.session["flow"]
    flows = {"card": "payment_method_update", "cancel": "subscription_cancel", "plan": "subscription_update"}
    if flow is None or not flow["type"].startswith(flows.get(what, "?")):
        return None
    return (
        str(flow["after_completion"]["redirect"]["return_url"])
        if flow["after_completion"]["redirect"]
        else None
    )


def _show(visit: Visit, what: str, asked: dict[str, str]) -> Response:
    flow = visit.session["flow"]
    if not what and flow is not None and not asked:
        what, asked = _flow_page(flow)
    if what == "plan":
        visit.allows("subscription_update")
        held = visit.own("subscription", asked["subscription"])
        return page(_confirm_plan(visit, held, visit.account.get("price", asked["price"])))
    if what == "cancel":
        visit.allows("subscription_cancel")
        return page(_confirm_cancel(visit, visit.own("subscription", asked["subscription"])))
    return page(portal_home.render(visit, done=asked.get("done", "")))


def _flow_page(flow: Json) -> tuple[str, dict[str, str]]:
    if flow["type"] == "subscription_cancel":
        return "cancel", {"subscription": flow["subscription_cancel"]["subscription"]}
    if flow["type"] == "subscription_update_confirm":
        wanted = flow["subscription_update_confirm"]
        return "plan", {"subscription": wanted["subscription"], "price": wanted["items"][0]["price"]}
    return "", {}


def _confirm_plan(visit: Visit, held: Json, price: Json) -> str:
    named = f"{name_of(visit.account, price)}, {layout.rate(price)}"
    if serving_oneself.waits(held, price, visit.features):
        end = layout.day(held["items"]["data"][0]["current_period_end"])
        told = f"<p>You keep what you have until {end}; then it is {e(named)}. Nothing is due today.</p>"
    else:
        given = serving_oneself.parameters(held, price, visit.features)
        asked = {"subscription": held["id"], "subscription_details": given}
        invoice = previewing.preview(visit.account, asked)
        now = bool(given.get("trial_end")) or invoice["billing_reason"] == "subscription_update"
        rows = [
            (line["description"], money(line["amount"], line["currency"]))
            for line in invoice["lines"]["data"]
        ]
        total = (
            "Due today" if now else "On your next invoice",
            money(invoice["amount_due"], invoice["currency"]),
        )
        told = f"<p>From now on: {e(named)}.</p><div class=box>{layout.amounts(rows, total)}</div>"
    form = layout.button(f"{visit.home}/plan", "Confirm", "first", subscription=held["id"], price=price["id"])
    return layout.page("Change plan", _back(visit), "<h1>Change plan</h1>", told, form)


def _confirm_cancel(visit: Visit, held: Json) -> str:
    feature = visit.features["subscription_cancel"]
    end = layout.day(held["items"]["data"][0]["current_period_end"])
    told = (
        "It ends at once." if feature["mode"] == "immediately" else f"It runs until {end} and is not renewed."
    )
    reasons = "".join(
        f"<option value={e(one)}>{e(one.replace('_', ' '))}</option>" for one in _reasons(feature)
    )
    asks = (
        f"<label>Why?<select name=feedback><option value=''>—</option>{reasons}</select></label>"
        if reasons
        else ""
    )
    form = (
        f'<form method=post action="{visit.home}/cancel"><input type=hidden name=subscription value="{e(held["id"])}">'
        f"{asks}<button class='first danger'>Cancel subscription</button></form>"
    )
    return layout.page("Cancel", _back(visit), "<h1>Cancel subscription</h1>", f"<p>{told}</p>", form)


def _reasons(feature: Json) -> list[str]:
    reason = feature["cancellation_reason"]
    return list(reason["options"]) if reason["enabled"] else []


def _back(visit: Visit) -> str:
    return f'<p><a href="{e(visit.home)}?done=">← Back</a></p>'
