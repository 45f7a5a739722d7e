"""API keys. A key gives no more than it has: neither scopes nor time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, WithJsonSchema

from accounts import actions, scopes
from accounts.actions import KeyRotated, KeyUnusable
from accounts.actions.api_keys import MOST_OVERLAP
from accounts.models import ApiKey
from accounts.names import storable
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.moments import Moment
from api.paging import Cursor, Limit, Page, at_key, cut, keys_after
from api.shapes import Body, KeyName, Whole
from realtime.events import stamp

router = Router(tags=["keys"])

# Told in the document, checked by whoever makes keys.
Scope = Annotated[str, WithJsonSchema({"type": "string", "enum": list(scopes.SCOPES)})]
_EXPIRES: Final = "When it ends by itself; absent: never, or with the key that makes it."
_MOST_SECONDS: Final = int(MOST_OVERLAP.total_seconds())


class NewKey(Body):
    name: KeyName = Field(max_length=80, description="Where it will be used.", examples=["Shop backend"])
    scopes: list[Scope] = Field(
        min_length=1, max_length=50, description="What it may do.", examples=[["messages:write"]]
    )
    expires_at: Moment | None = Field(None, description=_EXPIRES)


class KeyRotation(Body):
    overlap: Annotated[int, Field(strict=True, ge=0, le=_MOST_SECONDS), Whole] = Field(
        86_400, description="Seconds for which the old key and the new one both work.", examples=[3600]
    )
    expires_at: Moment | None = Field(
        None, description="When the new key ends; absent: when the old one would have ended."
    )


class KeyOut(Schema):
    id: str
    name: str
    prefix: str = Field(description="How its secret begins.")
    scopes: list[str]
    active: bool = Field(description="Neither revoked nor expired.")
    created_at: str
    last_used_at: str | None = Field(description="To the minute.")
    expires_at: str | None
    revoked_at: str | None
    replaced_by: str | None = Field(description="The key that took its place, where it was rotated.")

    @classmethod
    def of(cls, key: ApiKey) -> "KeyOut":
        return cls(**_fields(key))


class KeyWithSecrets(KeyOut):
    secret: str | None = Field(description="Shown this once.")
    signing_secret: str | None = Field(
        description="Shown this once. For signing user tokens; null without the scope `tokens:mint`."
    )

    @classmethod
    def made(cls, key: ApiKey, secret: str, signing: str) -> "KeyWithSecrets":
        """A key that has just been made."""
        may_sign = scopes.allows(frozenset(key.scopes), "tokens:mint")
        return cls(**_fields(key), secret=secret, signing_secret=signing if may_sign else None)


@router.get("/keys", response=Page[KeyOut], auth=Key("keys:read"))
def list_keys(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[KeyOut]:
    """List keys.

    Revoked and expired ones too, oldest first. Never their secrets.
    """
    found, more = cut(keys_after(ApiKey.objects.filter(internal=False), cursor), limit, at_key)
    return Page(data=[KeyOut.of(key) for key in found], next=more)


@router.post("/keys", response={201: KeyWithSecrets}, auth=Key("keys:write"))
def make_key(request: ApiRequest, body: NewKey) -> tuple[int, KeyWithSecrets]:
    """Make a key.

    It may do no more than the key that makes it, and not for longer; a test key makes test keys. Its secrets are in
    this answer and nowhere else.
    """
    _check_covers(request, body.scopes)
    expires_at = _within_own_time(request, body.expires_at)
    try:
        made = actions.create_api_key(
            body.name, body.scopes, expires_at=expires_at, test=request.tenant.is_test
        )
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    return 201, KeyWithSecrets.made(*made)


@router.get("/keys/{key_id}", response=KeyOut, auth=Key("keys:read"))
def get_key(request: ApiRequest, key_id: str) -> KeyOut:
    """Read a key."""
    return KeyOut.of(_find(key_id))


@router.post("/keys/{key_id}/rotate", response={201: KeyWithSecrets}, auth=Key("keys:write"))
def rotate_key(
    request: ApiRequest, key_id: str, body: KeyRotation | None = None
) -> tuple[int, KeyWithSecrets]:
    """Rotate a key.

    Answers a new key with the same scopes and the same bot. The old one works until the overlap is over, and user
    tokens hold for as long as the key that signed them. 409 `key_rotated` where that was done before.
    """
    old, wish = _find(key_id), body or KeyRotation.model_construct()
    _check_covers(request, old.scopes)
    if not old.usable:
        raise _unusable()
    wanted = wish.expires_at if "expires_at" in wish.model_fields_set else old.expires_at
    expires_at = _within_own_time(request, wanted)
    try:
        made = actions.rotate_api_key(old.id, timedelta(seconds=wish.overlap), expires_at=expires_at)
    except KeyUnusable:
        raise _unusable() from None
    except KeyRotated as rotated:
        raise Problem(409, "key_rotated", f"The key {rotated} has taken its place already.") from None
    return 201, KeyWithSecrets.made(*made)


@router.delete("/keys/{key_id}", response={204: None}, auth=Key("keys:write"))
def revoke_key(request: ApiRequest, key_id: str) -> tuple[int, None]:
    """Revoke a key.

    It stops working at once, and so does every user token that it signed; open sockets close with 4001 within a second.
    A key may revoke itself. Doing it again changes nothing.
    """
    key = _find(key_id)
    _check_covers(request, key.scopes)
    actions.revoke_api_key(key.id)
    return 204, None


def _find(key_id: str) -> ApiKey:
    key = ApiKey.objects.filter(id=key_id, internal=False).first() if storable(key_id) else None
    if key is None:
        raise Problem(404, "not_found", "There is no such key.")
    return key


def _check_covers(request: ApiRequest, wanted: Iterable[str]) -> None:
    """Raises Problem where the caller would lend what it does not have, or lay hands on a key that may do more."""
    beyond = [scope for scope in wanted if not scopes.allows(request.auth.scopes, scope)]
    known = [scope for scope in beyond if scope in scopes.SCOPES]
    if known:
        raise Problem(
            403, "missing_scope", f"This key lacks {', '.join(known)}, and keys give no more than they have."
        )


def _within_own_time(request: ApiRequest, wanted: datetime | None) -> datetime | None:
    """When a new key is to end: no later than the key that makes it. Raises Problem."""
    if wanted is not None and wanted <= timezone.now():
        raise Problem(409, "moment_passed", "expires_at must lie in the future.")
    own = ApiKey.objects.values_list("expires_at", flat=True).get(id=request.auth.key_id)
    if own is not None and wanted is not None and wanted > own:
        raise Problem(
            403, "forbidden", f"expires_at must not lie after the end of the key that asks, {stamp(own)}."
        )
    return wanted or own


def _unusable() -> Problem:
    return Problem(409, "key_unusable", "This key is revoked or has expired.")


def _fields(key: ApiKey) -> dict[str, Any]:
    moments = ("last_used_at", "expires_at", "revoked_at")
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "active": key.usable,
        "created_at": stamp(key.created_at),
        "replaced_by": key.replaced_by,
        **{name: stamp(at) if (at := getattr(key, name)) else None for name in moments},
    }
