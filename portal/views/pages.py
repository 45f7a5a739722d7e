"""Pages that only tell."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.reading import can_buy
from portal import figures
from tenants.hosts import tenant_url
from tenants.plans import OVERAGE_BLOCK, PLANS, TRIAL_DAYS


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    context = {"free": PLANS["free"], "on_sale": can_buy(), "snippet_src": tenant_url("acme", "/widget.js")}
    return render(request, "portal/landing.html", context)


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """`?by=year` shows the prices by the year."""
    context = {
        "plans": PLANS.values(),
        "rows": figures.rows(),
        "interval": "year" if request.GET.get("by") == "year" else "month",
        "on_sale": can_buy(),
        "trial_days": TRIAL_DAYS,
        "retry_days": settings.STRIPE_RETRY_DAYS,
        "overage_block": OVERAGE_BLOCK,
    }
    return render(request, "portal/pricing.html", context)
