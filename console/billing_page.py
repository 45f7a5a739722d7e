"""The billing page, put together from our own tables alone: Stripe may be away, and it opens at once all the same."""

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from billing import actions
from billing.errors import BillingRefused, BillingUnavailable, CardDeclined
from billing.reading import Billing, Cost, billing_of, can_buy, usage, what_it_would_cost
from billing.usage import beyond, month_of
from console.access import StaffRequest
from console.money import exact, usd
from console.plan_cards import cards
from console.standing import open_invoice, standing_of
from tenants import directory
from tenants.directory import TenantInfo
from tenants.models import Tenant
from tenants.plans import OVERAGE_BLOCK, PLANS, TRIAL_DAYS, Interval

PAGE: Final = "/console/billing/"
# Stripe knows many more; these are most of the world's trade.
TAX_IDS: Final = {
    "eu_vat": "EU VAT number",
    "gb_vat": "UK VAT number",
    "ch_vat": "Swiss VAT number",
    "no_vat": "Norwegian VAT number",
    "us_ein": "US EIN",
    "ca_bn": "Canadian BN",
    "br_cnpj": "Brazilian CNPJ",
    "au_abn": "Australian ABN",
    "in_gst": "Indian GST number",
    "jp_trn": "Japanese registration number",
    "ae_trn": "UAE TRN",
    "sa_vat": "Saudi VAT number",
}


def show(
    request: StaffRequest, status: int = 200, refused: BillingRefused | None = None, **changed: Any
) -> HttpResponse:
    """Render the page; with `refused`, that nothing came of what was just asked for, and why."""
    tenant = present(request)
    billing = billing_of(tenant)
    interval = interval_in(request) or billing.interval or "month"
    context = frame(request, tenant) | {
        "billing": billing,
        "standing": standing_of(tenant, billing),
        "open_invoice": open_invoice(billing),
        "credit": exact(billing.credit_cents) if billing.credit_cents else "",
        "usage": usage(tenant),
        "interval": interval,
        "cards": cards(tenant, billing, interval),
        "costs": _costs(tenant, interval),
        "overage_open": bool(billing.plan.overage_usd) and billing.status == "active" and not billing.invoice,
        "ceiling": billing.overage_ceiling_usd or billing.block_cents // 10,
        "block_price": usd(billing.block_cents),
        "used_beyond": used_beyond(tenant),
        "invoice_choices": by_invoice_choices(billing),
        "by_invoice_is_for": _by_invoice_is_for(billing),
        "refused": refused,
    }
    return render(request, "console/billing.html", context | changed, status=status)


def used_beyond(tenant: TenantInfo) -> dict[str, object] | None:
    """The connections beyond the plan that were used this calendar month so far, and what they cost; None for none."""
    blocks, cents = beyond(tenant.id, month_of(timezone.now()))
    return {"connections": blocks * OVERAGE_BLOCK, "costs": usd(cents)} if blocks else None


def frame(request: StaffRequest, tenant: TenantInfo) -> dict[str, Any]:
    """What every page about billing shows."""
    return {
        "tenant": tenant,
        "member": request.user,
        "can_buy": can_buy(),
        "trial_days": TRIAL_DAYS,
        "overage_block": OVERAGE_BLOCK,
    }


def present(request: StaffRequest) -> TenantInfo:
    """The tenant as it is now: `request.tenant` may be a moment old, and a payment may just have changed it."""
    return directory.look_up(request.tenant.host) or request.tenant


def interval_in(request: StaffRequest) -> Interval | None:
    """The interval that a form or an address names."""
    word = request.POST.get("interval") or request.GET.get("by")
    return "year" if word == "year" else "month" if word == "month" else None


def interval_asked(request: StaffRequest) -> Interval:
    """The same for what is to be bought: by the month where none is named. Raises BillingRefused for any other word."""
    interval = interval_in(request)
    if interval is None and (request.POST.get("interval") or request.GET.get("by")):
        raise BillingRefused("Plans are paid by the month or by the year.")
    return interval or "month"


def status_of(refused: BillingRefused) -> int:
    """503 while Stripe is away, 422 for a card, 409 for what does not go as things stand."""
    if isinstance(refused, BillingUnavailable):
        return 503
    return 422 if isinstance(refused, CardDeclined) else 409


def to_billing(section: str = "", query: str = "") -> HttpResponseRedirect:
    """Back to the page, after a change."""
    return HttpResponseRedirect(f"{PAGE}{query}{f'#{section}' if section else ''}")


def away(url: str) -> HttpResponseRedirect:
    """To a page of Stripe's."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def _costs(tenant: TenantInfo, interval: Interval) -> list[tuple[Cost, str, str, str]]:
    """Nothing for a workspace that was opened this month: it has no last one."""
    opened, now = Tenant.objects.values_list("created_at", flat=True).get(pk=tenant.id), timezone.now()
    if (opened.year, opened.month) == (now.year, now.month):
        return []
    return [
        (cost, exact(cost.base_cents), exact(cost.overage_cents), exact(cost.cents))
        for cost in what_it_would_cost(tenant, interval)
    ]


def _by_invoice_is_for(billing: Billing) -> str:
    """Which plans may be paid by invoice, for who pays for another; "" for everybody else."""
    if not can_buy() or not billing.subscribed or billing.interval is None:
        return ""
    return "" if actions.by_invoice_goes(billing.plan.key, billing.interval) else actions.BY_INVOICE


def by_invoice_choices(billing: Billing) -> list[tuple[str, str]]:
    """What may be paid by invoice: `plan interval`, and in words. A running plan goes on as it is."""
    choices = [
        (f"{plan.key} {interval}", f"{plan.name}, ${dollars:,} a {interval}")
        for plan in PLANS.values()
        for interval, dollars in (("month", plan.price_usd), ("year", plan.yearly_usd))
        if plan.paid and actions.by_invoice_goes(plan.key, interval)
    ]
    if (
        not can_buy()
        or billing.by_invoice
        or billing.ends_at
        or billing.standing in ("past_due", "suspended")
    ):
        return []
    if billing.subscribed:
        return [choice for choice in choices if choice[0] == f"{billing.plan.key} {billing.interval}"]
    return choices
