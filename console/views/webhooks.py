"""The workspace's webhooks: made here, each with a page of its own."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from console.access import StaffRequest, admins_only
from console.banners import banners
from console.webhook_forms import WebhookForm
from tenants.plans import plan_of
from webhooks import actions, reading
from webhooks.models import Delivery, Endpoint
from webhooks.types import TYPES

HOME = "/console/webhooks/"
MOST_SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def webhooks(request: StaffRequest) -> HttpResponse:
    """All of them. A POST makes one, and leads to its page, which shows the secret, once."""
    if request.method != "POST":
        return _show_all(request, WebhookForm())
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            endpoint, _ = actions.create_endpoint(
                form.cleaned_data["url"], form.chosen_events, request.tenant.limits, keep_unseen=True
            )
        except (actions.WebhookLimitReached, ValueError) as refused:
            form.add_error("url", str(refused))
        else:
            return _to(endpoint)
    return _show_all(request, form, 422)


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def webhook(request: StaffRequest, webhook_id: str) -> HttpResponse:
    """One of them, with its deliveries: `?state=` narrows them, `?before=` turns the page. A POST changes it."""
    endpoint = _find(webhook_id)
    if request.method != "POST":
        return _show(request, endpoint, WebhookForm(endpoint=endpoint))
    form = WebhookForm(request.POST, endpoint=endpoint)
    if form.is_valid():
        try:
            actions.change_endpoint(endpoint, url=form.cleaned_data["url"], events=form.chosen_events)
        except ValueError as refused:
            form.add_error("url", str(refused))
        else:
            messages.success(request, "Saved. It holds for what happens from now on.", "settings")
            return _to(endpoint, "settings")
    return _show(request, endpoint, form, 422)


@require_POST
@admins_only
def switch_off(request: StaffRequest, webhook_id: str) -> HttpResponse:
    endpoint = actions.change_endpoint(_find(webhook_id), enabled=False)
    messages.success(request, "It is switched off. What is waiting stays.", "webhook")
    return _to(endpoint)


@require_POST
@admins_only
def switch_on(request: StaffRequest, webhook_id: str) -> HttpResponse:
    endpoint = actions.change_endpoint(_find(webhook_id), enabled=True)
    messages.success(request, "It is switched on. What was waiting goes out now.", "webhook")
    return _to(endpoint)


@require_POST
@admins_only
def rotate(request: StaffRequest, webhook_id: str) -> HttpResponse:
    endpoint = _find(webhook_id)
    actions.rotate_secret(endpoint, keep_unseen=True)
    return _to(endpoint)


@require_POST
@admins_only
def test(request: StaffRequest, webhook_id: str) -> HttpResponse:
    endpoint = _find(webhook_id)
    try:
        sent = actions.send_test(endpoint)
    except actions.EndpointIsOff:
        messages.warning(request, "It is switched off: nothing is sent.", "webhook")
        return _to(endpoint)
    return HttpResponseRedirect(f"{HOME}deliveries/{sent.public_id}/")


@require_POST
@admins_only
def delete(request: StaffRequest, webhook_id: str) -> HttpResponse:
    actions.delete_endpoint(_find(webhook_id))
    messages.success(request, "The webhook is deleted.", "webhooks")
    return HttpResponseRedirect(HOME)


@require_http_methods(["GET", "HEAD"])
@admins_only
def delivery(request: StaffRequest, delivery_id: str) -> HttpResponse:
    """One delivery, with every attempt."""
    found = _find_delivery(delivery_id)
    context = {
        "delivery": found,
        "endpoint": found.endpoint,
        "body": reading.body_in_lines(found.event),
        "attempts": reading.attempts_of(found),
    }
    return render(request, "console/delivery.html", _frame(request) | context)


@require_POST
@admins_only
def replay(request: StaffRequest, delivery_id: str) -> HttpResponse:
    found = _find_delivery(delivery_id)
    try:
        actions.replay(found)
    except actions.EndpointIsOff:
        messages.warning(request, "Its webhook is switched off: nothing is sent.", "delivery")
    else:
        messages.success(
            request, "It is being sent again. Load this page anew to see what comes of it.", "delivery"
        )
    return HttpResponseRedirect(f"{HOME}deliveries/{found.public_id}/")


def _show_all(request: StaffRequest, form: WebhookForm, status: int = 200) -> HttpResponse:
    endpoints = list(Endpoint.objects.all())
    most = request.tenant.limits.max_webhooks
    context = {
        "endpoints": endpoints,
        "form": form,
        "most": most,
        "full": len(endpoints) >= most,
        "plan": plan_of(request.tenant.plan, request.tenant.plan_version),
    }
    return render(request, "console/webhooks.html", _frame(request) | context, status=status)


def _show(request: StaffRequest, endpoint: Endpoint, form: WebhookForm, status: int = 200) -> HttpResponse:
    deliveries = reading.deliveries().filter(endpoint=endpoint)
    state = request.GET.get("state", "")
    if state in Delivery.State.values:
        deliveries = deliveries.filter(state=state)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) <= 18:
        deliveries = deliveries.filter(event_id__lt=int(before))
    found = list(deliveries[: MOST_SHOWN + 1])
    # A browser that only looks ahead is shown no secret.
    looks = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    context = {
        "endpoint": endpoint,
        "secret": endpoint.take_unseen_secret() if looks else None,
        "form": form,
        "deliveries": found[:MOST_SHOWN],
        "older": found[MOST_SHOWN - 1].event_id if len(found) > MOST_SHOWN else None,
        "state": state,
        "states": Delivery.State.choices,
    }
    return render(request, "console/webhook.html", _frame(request) | context, status=status)


def _frame(request: StaffRequest) -> dict[str, Any]:
    return {
        "tenant": request.tenant,
        "member": request.user,
        "banners": banners(request.tenant, request.user),
        "types": TYPES.items(),
    }


def _find(webhook_id: str) -> Endpoint:
    endpoint = reading.endpoint_of(webhook_id)
    if endpoint is None:
        raise Http404
    return endpoint


def _find_delivery(delivery_id: str) -> Delivery:
    found = reading.delivery_of(delivery_id)
    if found is None:
        raise Http404
    return found


def _to(endpoint: Endpoint, section: str = "webhook") -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{HOME}{endpoint.pk}/#{section}")
