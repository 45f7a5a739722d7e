"""The sites that may embed the widget."""

from django.contrib import messages
from django.http import HttpResponse

from console.access import StaffRequest, changes, to
from console.page import show
from workspaces.actions import change_origins

SECTION = "origins"


@changes(SECTION)
def save(request: StaffRequest) -> HttpResponse:
    """Replace the list, one origin a line; nothing is saved unless all of them are good."""
    text = request.POST.get("origins", "")[:20_000]
    try:
        saved = change_origins(request.tenant, text.splitlines())
    except ValueError as refused:
        return show(request, 422, origins_text=text, origins_error=str(refused))
    if saved:
        plural = "s" if len(saved) > 1 else ""
        messages.success(request, f"Saved. {len(saved)} origin{plural} may embed the chat.", SECTION)
    else:
        messages.success(request, "Saved. Only this workspace’s own pages may show the chat now.", SECTION)
    return to(SECTION)
