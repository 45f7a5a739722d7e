"""Making and revoking API keys. All of it runs inside the tenant's schema."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Member, new_key_id
from accounts.names import clean_name
from accounts.scopes import SCOPES, allows
from audit.kinds import Action
from audit.records import record
from realtime import publish
from tenants import encryption
from tenants.context import schema_connection

INTERNAL = "internal"


@transaction.atomic
def create_api_key(
    name: str,
    scopes: Sequence[str] = ("admin",),
    *,
    keep_unseen: bool = False,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str, str]:
    """A new key with its bot: (key, secret, signing secret). The secret cannot be had again.

    `keep_unseen` keeps it, encrypted, until somebody first looks at the console: nobody is at hand to be shown it now.
    Raises ValueError for unknown scopes or none, and for a bad name.
    """
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"There is no scope {', '.join(sorted(unknown))}.")
    if not scopes:
        raise ValueError("A key needs at least one scope.")
    name = clean_name(name)
    if not 1 <= len(name) <= 80:
        raise ValueError("A key's name has 1 to 80 characters.")
    key_id = new_key_id()
    secret, signing = keys.MARK + secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    bot = Member.objects.create(external_id=f"bot:{key_id}", kind=Member.Kind.BOT, name=name, password="!")
    key = ApiKey.objects.create(
        id=key_id,
        name=name,
        prefix=secret[: keys.PREFIX_LENGTH],
        secret_hash=keys.hash_secret(secret),
        signing_secret=encryption.encrypt(signing),
        unseen_secret=encryption.encrypt(secret) if keep_unseen else None,
        scopes=list(scopes),
        bot=bot,
        expires_at=expires_at,
    )
    record(
        Action.KEY_CREATED,
        key.id,
        name=name,
        scopes=key.scopes,
        expires_at=expires_at.isoformat() if expires_at else None,
    )
    return key, secret, signing


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


def internal_key() -> ApiKey:
    """The key with which Snug itself signs: for guests and on the command line. Made at first use."""
    key, _ = ApiKey.objects.get_or_create(
        internal=True,
        defaults={
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
