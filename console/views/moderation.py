"""`/console/moderation/`: filters, repeats, and the hook that is asked before a message is sent."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from console.access import StaffRequest, admins_only
from console.banners import banners
from console.moderation_forms import ACTIONS, KINDS, FilterForm, HookForm, RepeatsForm
from moderation import actions
from moderation.models import Filter, Rules

HOME: Final = "/console/moderation/"
MOST_SHOWN: Final = 200


@require_safe
@admins_only
def moderation(request: StaffRequest) -> HttpResponse:
    return _show(request)


@require_POST
@admins_only
def add_filter(request: StaffRequest) -> HttpResponse:
    form = FilterForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.create_filter(said["kind"], said["pattern"], said["action"])
        except (actions.FilterExists, actions.TooManyFilters, ValueError) as refused:
            form.add_error("pattern", _sentence(refused))
        else:
            messages.success(request, "Added. It holds for what is said from now on.", "filters")
            return _to("filters")
    return _show(request, 422, filter_form=form)


@require_POST
@admins_only
def delete_filter(request: StaffRequest, filter_id: str) -> HttpResponse:
    actions.delete_filter(filter_id)
    messages.success(request, "The filter is deleted.", "filters")
    return _to("filters")


@require_POST
@admins_only
def limit_repeats(request: StaffRequest) -> HttpResponse:
    form = RepeatsForm(request.POST)
    if form.is_valid():
        actions.limit_repeats(form.cleaned_data["most"], form.cleaned_data["seconds"])
        messages.success(request, "Saved.", "repeats")
        return _to("repeats")
    return _show(request, 422, repeats_form=form)


@require_POST
@admins_only
def allow_repeats(request: StaffRequest) -> HttpResponse:
    actions.limit_repeats(None)
    messages.success(request, "Everyone may say the same as often as they like.", "repeats")
    return _to("repeats")


@require_POST
@admins_only
def set_hook(request: StaffRequest) -> HttpResponse:
    form = HookForm(request.POST)
    if form.is_valid():
        try:
            actions.set_hook(form.cleaned_data["url"], form.cleaned_data["on_failure"], keep_unseen=True)
        except ValueError as refused:
            form.add_error("url", str(refused))
        else:
            messages.success(request, "Saved. It is asked about each message from now on.", "hook")
            return _to("hook")
    return _show(request, 422, hook_form=form)


@require_POST
@admins_only
def rotate_hook_secret(request: StaffRequest) -> HttpResponse:
    actions.rotate_hook_secret(keep_unseen=True)
    return _to("hook")


@require_POST
@admins_only
def remove_hook(request: StaffRequest) -> HttpResponse:
    actions.remove_hook()
    messages.success(request, "Removed. Nobody is asked any more.", "hook")
    return _to("hook")


def _show(request: StaffRequest, status: int = 200, **given: forms.Form) -> HttpResponse:
    rules = actions.rules()
    shown = list(Filter.objects.order_by("kind", "pattern")[: MOST_SHOWN + 1])
    context: dict[str, Any] = {
        "tenant": request.tenant,
        "member": request.user,
        "banners": banners(request.tenant, request.user),
        "filters": [(each, KINDS[each.kind], ACTIONS[each.action]) for each in shown[:MOST_SHOWN]],
        "more": len(shown) > MOST_SHOWN,
        "rules": rules,
        "secret": rules.take_unseen_secret(),
        "filter_form": FilterForm(),
        "repeats_form": RepeatsForm(initial=_repeats(rules)),
        "hook_form": HookForm(initial={"url": rules.hook_url, "on_failure": rules.hook_on_failure}),
    }
    return render(request, "console/moderation.html", context | given, status=status)


def _repeats(rules: Rules) -> dict[str, int]:
    return {"most": rules.repeats_most or 3, "seconds": rules.repeats_seconds}


def _sentence(refused: Exception) -> str:
    """Without the field that an API call would have to mend."""
    return str(refused).removeprefix("pattern: ").removeprefix("action: ")


def _to(section: str) -> HttpResponse:
    return HttpResponseRedirect(f"{HOME}#{section}")
