"""API keys: made, shown once, revoked."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.actions import create_api_key, revoke_api_key
from console.access import StaffRequest, admins_only, to
from console.forms import KeyForm
from console.page import show


@require_POST
@admins_only
def create(request: StaffRequest) -> HttpResponse:
    """Make a key and go to where its secret is shown, once: a reload must not make another."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return show(request, 422, key_form=form)
    try:
        key, _, _ = create_api_key(form.cleaned_data["name"], form.chosen_scopes, keep_unseen=True)
    except ValueError as refused:
        form.add_error("name", str(refused))
        return show(request, 422, key_form=form)
    return to("keys", f"?key={key.id}")


@require_POST
@admins_only
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    if revoke_api_key(key_id):
        messages.success(request, "The key is revoked. User tokens that it signed no longer work.")
    else:
        messages.warning(request, "That key was revoked already.")
    return to("keys")
