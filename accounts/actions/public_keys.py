"""Registering and revoking public keys. Runs inside the tenant's schema."""

from collections.abc import Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import keys
from accounts.models import PublicKey, new_key_id
from accounts.names import clean_name
from accounts.public_keys import Parsed
from audit.kinds import Action
from audit.records import record
from realtime import publish
from tenants.context import schema_connection

# Whoever rotates keys has two; whoever has many providers some more.
MOST: Final = 50
UNNAMED: Final = "Public key"


class PublicKeyExists(Exception):
    """One of the keys, or its kid, is registered already; the text is a sentence."""


class TooManyPublicKeys(Exception):
    """There would be more than MOST."""


def register_public_keys(
    parsed: Sequence[Parsed], name: str | None = None, *, test: bool = False
) -> list[PublicKey]:
    """Trust these keys to sign user tokens, all of them or none. On a test side (`test`) they go by our ids alone: a
    `kid` that somebody else chose does not say of which side a token is.

    Raises PublicKeyExists, TooManyPublicKeys, names.BadName for a name that cannot be kept.
    """
    name = clean_name(name)[:80] or UNNAMED
    try:
        with transaction.atomic():
            made = [
                PublicKey.objects.create(
                    id=new_key_id(test=test),
                    name=name,
                    **(each._replace(kid=None) if test else each)._asdict(),
                )
                for each in parsed
            ]
            if PublicKey.objects.filter(revoked_at=None).count() > MOST:
                raise TooManyPublicKeys
            for key in made:
                record(Action.PUBLIC_KEY_REGISTERED, key.id, name=name, algorithm=key.algorithm, kid=key.kid)
            _tell()
    except IntegrityError:
        raise PublicKeyExists("This key, or one of this kid, is registered already.") from None
    return made


@transaction.atomic
def revoke_public_key(key_id: str) -> bool:
    """Void a key and every user token it signed, on open sockets too; False where there is no such active key."""
    changed = PublicKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=timezone.now())
    if changed:
        record(Action.PUBLIC_KEY_REVOKED, key_id)
        _tell(key_id=key_id)
    return bool(changed)


def _tell(**more: str) -> None:
    """Every process forgets which keys there are: also that there was none of a new one's id."""
    schema = schema_connection().schema_name
    keys.forget(schema)
    publish.tell_all(type="changed", schema=schema, **more)
