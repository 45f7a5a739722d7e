"""`/console/` and the figures on it that move."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from console.access import StaffRequest, home_of, is_staff, staff_only
from console.numbers import numbers
from console.page import show


@require_safe
def welcome(request: StaffRequest) -> HttpResponse:
    """The bare address of a workspace: staff go on to where they work, others are shown the two doors."""
    if is_staff(request):
        return redirect(home_of(request))
    return render(request, "console/welcome.html", {"tenant": request.tenant})


@require_safe
@staff_only
def overview(request: StaffRequest) -> HttpResponse:
    return show(request)


@require_safe
@staff_only
def live(request: StaffRequest) -> HttpResponse:
    """The overview's figures, for a page that stays open."""
    now = numbers(request.tenant)
    return JsonResponse(
        {
            "connections": now.connections,
            "max_connections": request.tenant.limits.max_connections,
            "messages_today": now.messages_today,
            "rooms": now.rooms,
        }
    )


@require_safe
@staff_only
def preview(request: StaffRequest) -> HttpResponse:
    """An empty page with the widget on it, just as a customer's site would have it."""
    return render(request, "console/preview.html", {"tenant": request.tenant})
