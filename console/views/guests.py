"""Whether visitors come in as guests, and what is asked of a new one."""

from django.contrib import messages
from django.http import HttpResponse

from console.access import StaffRequest, changes, to
from console.page import show
from workspaces.actions import change_guests

SECTION = "guests"


@changes(SECTION)
def save(request: StaffRequest) -> HttpResponse:
    """Both at once: a box that is not ticked is not sent."""
    allowed = request.POST.get("allowed") == "yes"
    try:
        change_guests(request.tenant, allowed=allowed, proof=request.POST.get("proof", ""))
    except ValueError:
        return show(request, 422)  # nothing that the page's own form can send
    said = (
        "Visitors may chat as guests."
        if allowed
        else "Whoever is in the chat may stay; no new guest comes in."
    )
    messages.success(request, f"Saved. {said}", SECTION)
    return to(SECTION)
