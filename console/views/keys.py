"""API keys: made, shown once, revoked."""

from django.contrib import messages
from django.http import HttpResponse

from accounts.actions import create_api_key, revoke_api_key
from console.access import StaffRequest, changes, to
from console.forms import KeyForm
from console.page import show

SECTION = "keys"


@changes(SECTION)
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
    return to(SECTION, f"?key={key.id}")


@changes(SECTION)
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    if revoke_api_key(key_id):
        messages.success(request, "The key is revoked. User tokens that it signed no longer work.", SECTION)
    else:
        messages.warning(request, "That key was revoked already.", SECTION)
    return to(SECTION)
