"""Public keys with which the tenant's own server, or its identity provider, signs user tokens."""

from django.contrib import messages
from django.http import HttpResponse

from accounts.actions import PublicKeyExists, TooManyPublicKeys, register_public_keys, revoke_public_key
from accounts.actions.public_keys import MOST
from accounts.names import BadName
from accounts.public_keys import KeyRefused, from_text
from console.access import StaffRequest, changes, to
from console.forms import PublicKeyForm
from console.page import show

SECTION = "public-keys"


@changes(SECTION)
def register(request: StaffRequest) -> HttpResponse:
    """Trust what was pasted: one key, or all of a set."""
    form = PublicKeyForm(request.POST)
    if not form.is_valid():
        return show(request, 422, public_key_form=form)
    try:
        made = register_public_keys(from_text(form.cleaned_data["pasted"]), form.cleaned_data["name"])
    except BadName as refused:
        form.add_error("name", str(refused))
    except (KeyRefused, PublicKeyExists) as refused:
        form.add_error("pasted", str(refused))
    except TooManyPublicKeys:
        form.add_error("pasted", f"At most {MOST} public keys may be in use.")
    else:
        said = "The key is" if len(made) == 1 else f"{len(made)} keys are"
        messages.success(request, f"{said} registered. Tokens signed with it are good from now on.", SECTION)
        return to(SECTION)
    return show(request, 422, public_key_form=form)


@changes(SECTION)
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    if revoke_public_key(key_id):
        messages.success(request, "The key is revoked. User tokens that it signed no longer work.", SECTION)
    else:
        messages.warning(request, "That key was revoked already.", SECTION)
    return to(SECTION)
