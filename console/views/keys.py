"""API keys: made, shown once, rotated, revoked."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone

from accounts.actions import KeyRotated, KeyUnusable, create_api_key, revoke_api_key, rotate_api_key
from accounts.models import ApiKey
from console.access import StaffRequest, changes, to
from console.forms import OVERLAPS, KeyForm
from console.page import show

SECTION = "keys"


@changes(SECTION)
def create(request: StaffRequest) -> HttpResponse:
    """Make a key and go to where its secret is shown, once: a reload must not make another."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return show(request, 422, key_form=form)
    try:
        key, _, _ = create_api_key(
            form.cleaned_data["name"], form.chosen_scopes, keep_unseen=True, expires_at=form.expires_at
        )
    except ValueError as refused:
        form.add_error("name", str(refused))
        return show(request, 422, key_form=form)
    return to(SECTION, f"?key={key.id}")


@changes(SECTION)
def rotate(request: StaffRequest, key_id: str) -> HttpResponse:
    """Make the key that takes its place and go to where its secret is shown, once."""
    old = ApiKey.objects.filter(id=key_id).first()
    overlap = OVERLAPS.get(request.POST.get("overlap", ""))
    if old is None or overlap is None:
        return to(SECTION)
    try:
        key, _, _ = rotate_api_key(key_id, overlap[1], expires_at=_as_long_again(old), keep_unseen=True)
    except (KeyUnusable, KeyRotated):
        messages.warning(request, "That key was rotated or revoked already.", SECTION)
        return to(SECTION)
    return to(SECTION, f"?key={key.id}")


@changes(SECTION)
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    if revoke_api_key(key_id):
        messages.success(request, "The key is revoked. User tokens that it signed no longer work.", SECTION)
    else:
        messages.warning(request, "That key was revoked already.", SECTION)
    return to(SECTION)


def _as_long_again(key: ApiKey) -> datetime | None:
    """When the key that takes this one's place ends: after as much time as this one was given."""
    return timezone.now() + (key.expires_at - key.created_at) if key.expires_at else None
