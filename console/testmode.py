"""What the console shows of test mode."""

from typing import Any

from accounts.scopes import allows
from console.access import StaffRequest
from console.forms import KeyForm
from workspaces.actions import keys_of_test_mode, take_test_secret

FRESH = "test_key"


class TestKeyForm(KeyForm):
    """A new test key."""

    prefix = "test"


def shown(request: StaffRequest) -> dict[str, Any]:
    """For the page's template: the test keys, and a secret that nobody has seen yet."""
    keys = keys_of_test_mode(request.tenant)
    return {
        "test_keys": [key for key in keys if key.usable],
        "test_form": TestKeyForm(),
        "fresh_test": _fresh_secret(request) if request.user.may_administer else None,
    }


def _fresh_secret(request: StaffRequest) -> dict[str, Any] | None:
    """The one that was just made. Showing it forgets it, so a browser that only looks ahead is shown nothing."""
    made = request.GET.get(FRESH)
    if not made or request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return None
    key = next((key for key in keys_of_test_mode(request.tenant) if key.usable and key.id == made), None)
    secrets = take_test_secret(request.tenant, key.id) if key is not None else None
    if key is None or secrets is None:
        return None
    signing = secrets[1] if allows(frozenset(key.scopes), "tokens:mint") else ""
    return {"key": key, "secret": secrets[0], "signing_secret": signing}
