"""`/console/activity/`: who changed what. For owners and admins: it shows their colleagues' addresses."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.names import storable
from console.access import StaffRequest, admins_only
from console.activity import WORDS, lines
from console.banners import banners


@require_safe
@admins_only
def activity(request: StaffRequest) -> HttpResponse:
    """`?action=` and `?actor=` narrow it; `?before=` turns the page."""
    action, actor = (_asked(request, name) for name in ("action", "actor"))
    before = request.GET.get("before", "")
    found, more = lines(action, actor, int(before) if _is_number(before) else None)
    narrowed = {name: value for name, value in (("action", action), ("actor", actor)) if value}
    context = {
        "tenant": request.tenant,
        "member": request.user,
        "banners": banners(request.tenant, request.user),
        "lines": found,
        "older": urlencode({**narrowed, "before": more}) if more else "",
        "actions": sorted(WORDS.items(), key=lambda words: words[1]),
        "action": action,
        "actor": actor,
        "narrowed": narrowed,
    }
    return render(request, "console/activity.html", context)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _asked(request: StaffRequest, name: str) -> str:
    said = request.GET.get(name, "").strip()[:140]
    return said if storable(said) else "\N{REPLACEMENT CHARACTER}"  # which nobody is called: an empty page
