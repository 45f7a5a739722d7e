"""The buttons of the billing page. Each asks Stripe; a refusal is told on the page, and has changed nothing."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from billing import actions
from billing.errors import BillingRefused
from billing.reading import billing_of, what_stays
from console.access import StaffRequest, owners_only
from console.billing_page import (
    PAGE,
    away,
    by_invoice_choices,
    frame,
    interval_asked,
    present,
    show,
    status_of,
    to_billing,
    used_beyond,
)
from console.differences import differences, history_hidden
from console.money import exact, usd
from console.standing import ANSWER_US, LAST_INVOICE, day, drawn_up, open_invoice, price, unpaid_on_leaving
from console.views.billing import checkout_url
from tenants.hosts import tenant_url
from tenants.plans import INTERVALS, PLANS

P = ParamSpec("P")
Button = Callable[Concatenate[StaffRequest, P], HttpResponse]
SECTION = "billing"
_DOLLARS = re.compile(r"\$? ?(?:[0-9]{1,8}|[0-9]{1,3}(?:,[0-9]{3}){1,2})")
STILL_BOOKED = (
    "What was booked before is still to come: our payment provider stopped answering before it was taken back. Press "
    "the button below that keeps your plan."
)


def button(view: Button[P]) -> Button[P]:
    """Takes the owner's POST; a GET, from a reloaded or bookmarked address, leads to the page itself."""
    post = require_POST(owners_only(_telling(view)))

    @wraps(view)
    def guarded(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return to_billing()
        return post(request, *args, **kwargs)

    return guarded


def _telling(view: Button[P]) -> Button[P]:
    @wraps(view)
    def telling(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BillingRefused as refused:
            return show(request, status_of(refused), refused)

    return telling


@button
def checkout(request: StaffRequest) -> HttpResponse:
    return away(checkout_url(request, request.POST.get("plan", ""), interval_asked(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
@_telling
def change(request: StaffRequest) -> HttpResponse:
    """What a change would bring, to the cent; and with the button there, the change."""
    given = request.POST if request.method == "POST" else request.GET
    plan, interval = given.get("plan", ""), interval_asked(request)
    if plan not in PLANS or not PLANS[plan].paid:
        return to_billing("plans")
    if request.method != "POST":
        return _ask(request, plan)
    done = actions.change_plan(request.tenant.id, plan, interval)
    name = PLANS[plan].name
    words = f"{name} is in force from {day(done.at)} on." if done.at else f"{name} is in force."
    if done.still_booked:
        messages.warning(request, f"{words} {STILL_BOOKED}", SECTION)
    else:
        messages.success(request, words, SECTION)
    return to_billing()


def _ask(request: StaffRequest, plan: str) -> HttpResponse:
    tenant, wanted, interval = present(request), PLANS[plan], interval_asked(request)
    preview = actions.preview_change(tenant.id, plan, interval)
    if preview.kind == "same":
        return to_billing("plans")
    billing = billing_of(tenant)
    # What is drawn up already comes first: it uses up credit, of this change too.
    drawn = actions.drawn_up(tenant.id)
    credit_cents = preview.credit_cents if preview.now else billing.credit_cents
    credit_left = max(0, credit_cents - sum(one.cents for one in drawn))
    context = frame(request, tenant) | {
        "billing": billing,
        "wanted": wanted,
        "interval": interval,
        "price": price(wanted, interval),
        "preview": preview,
        "from_day": day(preview.at) if preview.at else "",
        "due": exact(max(0, preview.due_cents)),
        "by_mail": billing.by_invoice and preview.due_cents > 0,
        "drawn_up": drawn_up(drawn, credit_cents),
        "credit_left": credit_left,
        "next": exact(max(0, wanted.cents(interval) - credit_left)),
        "later": exact(max(0, preview.later_cents)),
        "open_invoice": open_invoice(billing),
        "credit": usd(-preview.due_cents) if preview.due_cents < 0 else "",
        "lines": [(words, exact(cents)) for words, cents in preview.lines if cents],
        "differences": differences(tenant, wanted),
        "hidden": history_hidden(tenant, wanted),
    }
    return render(request, "console/change_plan.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
@_telling
def cancel(request: StaffRequest) -> HttpResponse:
    """A plain page that says what leaving means; and with the button there, leaving."""
    tenant = present(request)
    billing = billing_of(tenant)
    if request.method != "POST":
        if not billing.subscribed or billing.ends_at:
            return to_billing()
        ends = billing.trial_ends or billing.renews_at
        beyond = billing.overage_on or used_beyond(tenant)
        context = frame(request, tenant) | {
            "billing": billing,
            "ends": day(ends) if ends and not billing.ends_at_once else "",
            "open_invoice": open_invoice(billing),
            "last_invoice": LAST_INVOICE if beyond else "",
            "answer_us": ANSWER_US,
            "unpaid": unpaid_on_leaving(billing, actions.drawn_up(tenant.id)),
            "stays": what_stays(tenant, PLANS["free"]),
            "differences": differences(tenant, PLANS["free"]),
            "hidden": history_hidden(tenant, PLANS["free"]),
        }
        return render(request, "console/cancel_plan.html", context)
    ends = actions.cancel(tenant.id)
    until = f"{billing.plan.name} ends on {day(ends)}" if ends else f"{billing.plan.name} has ended"
    after = "You can come back any time." if ends else "What is unpaid is still to be paid."
    messages.success(request, f"{until}. {after}", SECTION)
    return to_billing()


@button
def reactivate(request: StaffRequest) -> HttpResponse:
    actions.reactivate(request.tenant.id)
    messages.success(request, "Taken back. The plan goes on as before.", SECTION)
    return to_billing()


@button
def keep(request: StaffRequest) -> HttpResponse:
    actions.keep_plan(request.tenant.id)
    messages.success(request, "Taken back. The plan stays as it is.", SECTION)
    return to_billing()


@button
def portal(request: StaffRequest) -> HttpResponse:
    back = tenant_url(request.tenant.slug, f"{PAGE}return/?via=portal")
    return away(actions.portal_url(request.tenant.id, return_url=back))


@button
def pay(request: StaffRequest) -> HttpResponse:
    """To the oldest open invoice. Paid in the meantime, it is just put in force."""
    if url := actions.pay_url(request.tenant.id):
        return away(url)
    actions.refresh(request.tenant.id)
    if coming := open_invoice(billing_of(present(request))):
        messages.warning(request, coming, SECTION)
    else:
        messages.success(request, "No invoice is open. Everything is paid.", SECTION)
    return to_billing()


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
@_telling
def pay_by_invoice(request: StaffRequest) -> HttpResponse:
    """What paying by invoice means; and with the button there, doing so."""
    given = request.POST if request.method == "POST" else request.GET
    plan, _, by = given.get("choice", "").partition(" ")
    if by not in INTERVALS:
        return to_billing("plans")
    email = request.user.email or ""
    if request.method != "POST":
        return _ask_for_invoices(request, given.get("choice", ""))
    actions.pay_by_invoice(request.tenant.id, plan, "year" if by == "year" else "month", email=email)
    messages.success(request, "From now on invoices come by mail, due within 30 days.", SECTION)
    return to_billing()


def _ask_for_invoices(request: StaffRequest, choice: str) -> HttpResponse:
    tenant = present(request)
    billing = billing_of(tenant)
    words = dict(by_invoice_choices(billing)).get(choice)
    if words is None:
        return to_billing("plans")
    context = frame(request, tenant) | {
        "billing": billing,
        "choice": choice,
        "words": words,
        "drawn_up": drawn_up(actions.drawn_up(tenant.id), billing.credit_cents),
    }
    return render(request, "console/by_invoice.html", context)


@button
def pay_by_card(request: StaffRequest) -> HttpResponse:
    actions.pay_by_card(request.tenant.id)
    messages.success(request, "From the next one on, invoices are charged to the card.", SECTION)
    return to_billing()


@button
def overage(request: StaffRequest) -> HttpResponse:
    typed, on = request.POST.get("ceiling", "").strip(), request.POST.get("on") == "yes"
    try:
        ceiling = _whole_dollars(typed) if on else 0
        actions.set_overage(request.tenant.id, on, ceiling)
    except BillingRefused as refused:
        if not on or status_of(refused) != 409:
            raise
        near: dict[str, Any] = {"ceiling": typed[:20], "ceiling_refused": refused.sentence}
        return show(request, 409, None, overage_open=True, **near)
    words = f"On: for at most ${ceiling:,} a month." if on else "Off: the plan’s limit is the end."
    messages.success(request, f"Connections beyond the plan are {words[0].lower()}{words[1:]}", "beyond")
    return to_billing("beyond")


def _whole_dollars(typed: str) -> int:
    """A sum as it is typed; a comma parts thousands, and nothing else: "22,50" is not 2,250."""
    if not _DOLLARS.fullmatch(typed):
        raise BillingRefused("The ceiling is in whole US dollars, such as 30.")
    return int(re.sub(r"[$, ]", "", typed))


@button
def add_tax_id(request: StaffRequest) -> HttpResponse:
    added = actions.set_tax_id(
        request.tenant.id, request.POST.get("type", "")[:20], request.POST.get("value", "")[:60]
    )
    messages.success(request, f"{added.value} stands on invoices from now on.", SECTION)
    return to_billing()


@button
def remove_tax_id(request: StaffRequest, tax_id: str) -> HttpResponse:
    actions.remove_tax_id(request.tenant.id, tax_id)
    messages.success(request, "The tax id is gone from future invoices.", SECTION)
    return to_billing()
