"""`/console/billing/`: the page, the way back from Stripe, the papers. The buttons are in billing_changes.py."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing import actions, wishes
from billing.errors import BillingRefused, BillingUnavailable
from billing.reading import billing_of
from console.access import StaffRequest, owners_only
from console.billing_page import PAGE, TAX_IDS, away, frame, present, show, status_of, to_billing
from console.sheets import sheet
from console.standing import day, price
from tenants.hosts import tenant_url
from tenants.plans import Interval

LATE: Final = (
    "Our payment provider does not answer just now. What you did there is done, and shows here in minutes."
)


@require_safe
@owners_only
def page(request: StaffRequest) -> HttpResponse:
    return show(request)


@require_safe
@owners_only
def back(request: StaffRequest) -> HttpResponse:
    """Where Stripe's pages lead back to. What the address says is not believed: Stripe is asked how it stands."""
    from_sign_up = request.GET.get("to") == "console"
    section = "" if from_sign_up else "billing"
    try:
        actions.refresh(request.tenant.id)
    except BillingUnavailable:
        messages.warning(request, LATE, section)
    else:
        if request.GET.get("via") == "checkout":
            _tell_what_was_bought(request, section)
    return HttpResponseRedirect("/console/") if from_sign_up else to_billing()


@require_safe
@owners_only
def begin(request: StaffRequest) -> HttpResponse:
    """From a sign-up on to Checkout. The wish is signed by the portal, so nobody else's link begins a purchase."""
    wish = wishes.unseal(request.GET.get("wish", ""), request.tenant.slug)
    if wish is None or billing_of(present(request)).subscribed:
        return to_billing("plans")
    plan, interval = wish
    try:
        return away(checkout_url(request, plan, interval, to_console=True))
    except BillingRefused as refused:
        return show(request, status_of(refused), refused, opened=True, interval=interval)


@require_safe
@owners_only
def invoices(request: StaffRequest) -> HttpResponse:
    """Invoices and tax ids. They are Stripe's, and a page of their own: it may be slow, or away."""
    tenant = present(request)
    papers: dict[str, Any] = {"billing": billing_of(tenant), "tax_types": TAX_IDS.items()}
    status = 200
    try:
        papers["invoices"] = [sheet(invoice) for invoice in actions.invoices(tenant.id)]
        papers["tax_ids"] = [(one, TAX_IDS.get(one.type, one.type)) for one in actions.tax_ids(tenant.id)]
    except BillingRefused as refused:
        papers["unavailable"], status = refused.sentence, status_of(refused)
    return render(request, "console/invoices.html", frame(request, tenant) | papers, status=status)


def checkout_url(request: StaffRequest, plan: str, interval: Interval, *, to_console: bool = False) -> str:
    """Stripe Checkout for `plan`. Paid or turned back, it leads to the same page of ours, which asks Stripe."""
    ours = tenant_url(request.tenant.slug, f"{PAGE}return/?via=checkout{'&to=console' if to_console else ''}")
    return actions.start_checkout(
        request.tenant.id,
        plan,
        interval,
        email=request.user.email or "",
        success_url=ours,
        cancel_url=ours,
    )


def _tell_what_was_bought(request: StaffRequest, section: str) -> None:
    billing = billing_of(present(request))
    name = billing.plan.name
    if billing.subscribed and billing.trial_ends:
        then = price(billing.plan, billing.interval)
        words = f"{name} is in force. Free until {day(billing.trial_ends)}, then {then}."
        messages.success(request, words, section)
    elif billing.subscribed:
        messages.success(request, f"{name} is in force. The receipt comes by mail.", section)
    else:
        words = f"Nothing was bought, and nothing is charged. The workspace is open, on {name}."
        messages.warning(request, words, section)
