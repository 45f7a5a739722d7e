"""Pages that only tell."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import figures
from tenants.hosts import tenant_url
from tenants.plans import PLANS


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    context = {"free": PLANS["free"], "snippet_src": tenant_url("acme", "/widget.js")}
    return render(request, "portal/landing.html", context)


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/pricing.html", {"plans": PLANS.values(), "rows": figures.rows()})
