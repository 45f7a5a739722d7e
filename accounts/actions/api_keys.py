"""Making and revoking API keys. All of it runs inside the tenant's schema."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Member, new_key_id
from accounts.names import clean_name
from accounts.scopes import SCOPES, allows
from audit.kinds import Action
from audit.records import record
from realtime import publish
from realtime.events import stamp
from tenants import encryption, sides
from tenants.context import schema_connection

INTERNAL = "internal"
MOST_OVERLAP: Final = timedelta(days=7)


class KeyUnusable(Exception):
    """There is no such key, or it is revoked or has expired."""


class KeyRotated(Exception):
    """Another key has taken its place already; the text is its id."""


@transaction.atomic
def create_api_key(
    name: str,
    scopes: Sequence[str] = ("admin",),
    *,
    keep_unseen: bool = False,
    expires_at: datetime | None = None,
    test: bool = False,
) -> tuple[ApiKey, str, str]:
    """A new key with its bot: (key, secret, signing secret). The secret cannot be had again.

    `keep_unseen` keeps it, encrypted, until somebody first looks at the console: nobody is at hand to be shown it now.
    `test` is for a test side's schema: in a live one nobody could use it, nor a live key there.
    Raises ValueError for unknown scopes or none, and for a bad name.
    """
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"There is no scope {', '.join(sorted(unknown))}. There are {', '.join(SCOPES)}.")
    if not scopes:
        raise ValueError("A key needs at least one scope.")
    name = clean_name(name)
    if not 1 <= len(name) <= 80:
        raise ValueError("A key's name has 1 to 80 characters.")
    key_id = new_key_id(test=test)
    bot = Member.objects.create(external_id=f"bot:{key_id}", kind=Member.Kind.BOT, name=name, password="!")
    key = ApiKey(id=key_id, name=name, scopes=list(dict.fromkeys(scopes)), bot=bot, expires_at=expires_at)
    secret, signing = _arm(key, keep_unseen)
    record(Action.KEY_CREATED, key.id, name=name, scopes=key.scopes, expires_at=_told(expires_at))
    return key, secret, signing


@transaction.atomic
def rotate_api_key(
    key_id: str, overlap: timedelta, *, expires_at: datetime | None = None, keep_unseen: bool = False
) -> tuple[ApiKey, str, str]:
    """A key that takes another's place, with its scopes and its bot: (key, secret, signing secret).

    Both work until the overlap is over (at most MOST_OVERLAP), and so do the user tokens that either signs. Raises
    KeyUnusable, and KeyRotated for one whose place is taken already.
    """
    old = ApiKey.objects.select_for_update().filter(id=key_id, internal=False).first()
    if old is None or not old.usable:
        raise KeyUnusable(key_id)
    if old.replaced_by is not None:
        raise KeyRotated(old.replaced_by)
    new_id = new_key_id(test=sides.is_test_key(old.id))
    new = ApiKey(id=new_id, name=old.name, scopes=old.scopes, bot=old.bot, expires_at=expires_at)
    secret, signing = _arm(new, keep_unseen)
    ends = timezone.now() + min(overlap, MOST_OVERLAP)
    old.expires_at, old.replaced_by = min(old.expires_at or ends, ends), new.id
    old.save(update_fields=["expires_at", "replaced_by"])
    record(Action.KEY_ROTATED, old.id, replaced_by=new.id, works_until=_told(old.expires_at))
    schema = schema_connection().schema_name
    keys.forget(schema)
    over = {"key_id": old.id} if not overlap else {}
    publish.tell_all(type="changed", schema=schema, **over)
    return new, secret, signing


def _arm(key: ApiKey, keep_unseen: bool) -> tuple[str, str]:
    """Give a new key its secrets and store it: (secret, signing secret)."""
    secret = sides.new_secret(keys.MARK, test=sides.is_test_key(key.id))
    signing = secrets.token_urlsafe(32)
    prefix = keys.prefix_of(secret)
    assert prefix is not None  # it has just been made
    key.prefix = prefix
    key.secret_hash = keys.hash_secret(secret)
    key.signing_secret = encryption.encrypt(signing)
    key.unseen_secret = encryption.encrypt(secret) if keep_unseen else None
    key.save(force_insert=True)
    return secret, signing


def _told(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


@transaction.atomic
def revoke_api_key(key_id: str) -> bool:
    """Void a key and every user token it signed, on open sockets too; False where there is no such active key."""
    changed = ApiKey.objects.filter(id=key_id, internal=False, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if changed:
        record(Action.KEY_REVOKED, key_id)
        keys.forget(schema_connection().schema_name)
        publish.tell_all(type="changed", schema=schema_connection().schema_name, key_id=key_id)
    return bool(changed)


def internal_key(*, test: bool = False) -> ApiKey:
    """The key with which Snug itself signs: for guests and on the command line. Made at first use; `test` is for a test
    side's schema."""
    key, _ = ApiKey.objects.get_or_create(
        internal=True,
        defaults={
            "id": new_key_id(test=test),
            "name": INTERNAL,
            "prefix": INTERNAL,
            "secret_hash": b"",
            "signing_secret": encryption.encrypt(secrets.token_urlsafe(32)),
        },
    )
    return key


def signing_key() -> ApiKey | None:
    """The newest active key a tenant's own server could sign user tokens with, or None."""
    active = ApiKey.objects.filter(internal=False, revoked_at=None).order_by("-created_at")
    return next((key for key in active if key.usable and allows(frozenset(key.scopes), "tokens:mint")), None)
