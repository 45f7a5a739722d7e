"""Test mode: its keys made, shown once, revoked; and all else in it taken away."""

from django.contrib import messages
from django.http import HttpResponse

from console.access import StaffRequest, changes, to
from console.page import show
from console.testmode import FRESH, TestKeyForm
from workspaces.actions import (
    NoTestMode,
    ResetTooOften,
    make_test_key,
    reset_test_mode,
    revoke_test_key,
)

SECTION = "test"


@changes(SECTION)
def create(request: StaffRequest) -> HttpResponse:
    """Make a test key and go to where its secret is shown, once: a reload must not make another."""
    form = TestKeyForm(request.POST)
    if not form.is_valid():
        return show(request, 422, test_form=form)
    try:
        name, scopes = form.cleaned_data["name"], form.chosen_scopes
        key = make_test_key(request.tenant, name, scopes, expires_at=form.expires_at)
    except ValueError as refused:
        form.add_error("name", str(refused))
        return show(request, 422, test_form=form)
    return to(SECTION, f"?{FRESH}={key.id}")


@changes(SECTION)
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    if revoke_test_key(request.tenant, key_id):
        messages.success(
            request, "The test key is revoked. User tokens that it signed no longer work.", SECTION
        )
    else:
        messages.warning(request, "That test key was revoked already.", SECTION)
    return to(SECTION)


@changes(SECTION)
def reset(request: StaffRequest) -> HttpResponse:
    """Empty test mode; its keys stay."""
    try:
        reset_test_mode(request.tenant.id)
    except ResetTooOften as refused:
        messages.warning(request, f"{refused} Wait {refused.retry_after} seconds.", SECTION)
    except NoTestMode:
        messages.warning(request, "There is nothing to reset: make a test key first.", SECTION)
    else:
        messages.success(request, "Test mode is empty. Its keys still work.", SECTION)
    return to(SECTION)
