"""What else holds for whoever speaks. Runs inside the tenant's schema."""

from typing import Any, Final

from django.db import transaction

from audit.kinds import Action
from audit.records import record
from moderation.models import Rules
from moderation.telling import rules_changed
from tenants import encryption
from webhooks.signing import new_secret
from webhooks.targets import check_url

MOST_REPEATS: Final = 100
LONGEST: Final = 24 * 3600
_ONE: Final = 1  # the one row's key
_WELL: Final[dict[str, Any]] = {"hook_failed_at": None, "hook_failure": ""}


def rules() -> Rules:
    """What is set, or what holds where nothing is."""
    return Rules.objects.filter(pk=_ONE).first() or Rules(pk=_ONE)


def limit_repeats(most: int | None, seconds: int = 60) -> Rules:
    """Let nobody say the same more than `most` times within `seconds`; None: as often as they like. Raises ValueError
    with a sentence."""
    if most is not None and not 1 <= most <= MOST_REPEATS:
        raise ValueError(f"repeats.most: 1 to {MOST_REPEATS}.")
    if not 1 <= seconds <= LONGEST:
        raise ValueError(f"repeats.seconds: 1 to {LONGEST:,}.")
    told = {"repeats": None if most is None else {"most": most, "seconds": seconds}}
    return _change(told, repeats_most=most, repeats_seconds=seconds)


def set_hook(url: str, on_failure: str, *, keep_unseen: bool = False) -> tuple[Rules, str | None]:
    """Ask this address about each message from now on; its secret, if it is new, is shown this once.

    Raises ValueError with a sentence. `keep_unseen` lets the console's next page show it.
    """
    url = check_url(url)
    changed: dict[str, Any] = {"hook_url": url, "hook_on_failure": on_failure}
    secret = None
    if rules().hook_url != url:  # another server: it must not be able to pass for the one before
        secret = new_secret()
        changed |= _sealed(secret, keep_unseen) | _WELL
    return _change({"hook": url, "on_failure": on_failure}, **changed), secret


def rotate_hook_secret(*, keep_unseen: bool = False) -> tuple[Rules, str] | None:
    """Another secret for the same address, shown this once; it signs from now on. None where there is no hook."""
    known = rules()
    if not known.hook_url:
        return None
    secret = new_secret()
    told = {"hook": known.hook_url, "secret": "rotated"}
    return _change(told, **_sealed(secret, keep_unseen)), secret


def remove_hook() -> bool:
    """Ask nobody any more; False where nobody was."""
    if not rules().hook_url:
        return False
    gone = {
        "hook_url": "",
        "hook_secret": None,
        "hook_unseen": False,
        "hook_on_failure": Rules.OnFailure.ALLOW,
    }
    _change({"hook": None}, **gone, **_WELL)
    return True


@transaction.atomic
def _change(told: dict[str, Any], **fields: Any) -> Rules:
    known = Rules.objects.select_for_update().filter(pk=_ONE).first() or Rules(pk=_ONE)
    if all(getattr(known, name) == value for name, value in fields.items()):
        return known  # nothing changes, so there is nothing to tell
    changed, _ = Rules.objects.update_or_create(pk=_ONE, defaults=fields)
    record(Action.MODERATION_CHANGED, "moderation", **told)
    rules_changed()
    return changed


def _sealed(secret: str, keep_unseen: bool) -> dict[str, Any]:
    return {"hook_secret": encryption.encrypt(secret), "hook_unseen": keep_unseen}
