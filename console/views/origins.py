"""The sites that may embed the widget."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from console.access import StaffRequest, admins_only, to
from console.page import show
from tenants.actions import set_origins


@require_POST
@admins_only
def save(request: StaffRequest) -> HttpResponse:
    """Replace the list, one origin a line; nothing is saved unless all of them are good."""
    text = request.POST.get("origins", "")[:20_000]
    try:
        saved = set_origins(request.tenant.id, text.splitlines())
    except ValueError as refused:
        return show(request, 422, origins_text=text, origins_error=str(refused))
    if saved:
        messages.success(
            request, f"Saved. {len(saved)} origin{'s' if len(saved) > 1 else ''} may embed the chat."
        )
    else:
        messages.success(request, "Saved. Only this workspace’s own pages may show the chat now.")
    return to("origins")
