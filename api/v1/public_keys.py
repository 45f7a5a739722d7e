"""Public keys with which a tenant's own server, or its identity provider, signs user tokens."""

from typing import Any

from ninja import Router, Schema
from pydantic import Field

from accounts import public_keys
from accounts.actions import PublicKeyExists, TooManyPublicKeys, register_public_keys, revoke_public_key
from accounts.actions.public_keys import MOST
from accounts.models import PublicKey
from accounts.names import storable
from accounts.public_keys import KeyRefused, Parsed
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.paging import Cursor, Limit, Page, at_key, cut, keys_after
from api.shapes import Body, Name
from realtime.events import stamp

router = Router(tags=["public keys"])

_EXAMPLE = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA…\n-----END PUBLIC KEY-----\n"


class NewPublicKey(Body):
    """Exactly one of `pem`, `jwk` and `jwks`."""

    name: Name | None = Field(None, max_length=200, examples=["Identity provider"])
    pem: str | None = Field(None, description="One public key as PEM.", examples=[_EXAMPLE])
    jwk: dict[str, Any] | None = Field(None, description="One public key as JWK.")
    jwks: dict[str, Any] | None = Field(None, description="A JWK set: all its keys for signatures, or none.")


class PublicKeyOut(Schema):
    id: str = Field(description="Name it as `kid` in a token's header.")
    kid: str | None = Field(description="The JWK's own, which does as well; null where it came with none.")
    name: str
    algorithm: str = Field(
        description="`RS256`, `ES256` or `EdDSA`: what tokens under this key are signed with."
    )
    pem: str
    active: bool
    created_at: str
    revoked_at: str | None

    @classmethod
    def of(cls, key: PublicKey) -> "PublicKeyOut":
        return cls(
            id=key.id,
            kid=key.kid,
            name=key.name,
            algorithm=key.algorithm,
            pem=key.pem,
            active=key.revoked_at is None,
            created_at=stamp(key.created_at),
            revoked_at=stamp(key.revoked_at) if key.revoked_at else None,
        )


class Registered(Schema):
    data: list[PublicKeyOut]


@router.get("/public-keys", response=Page[PublicKeyOut], auth=Key("keys:read"))
def list_public_keys(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[PublicKeyOut]:
    """List public keys.

    Revoked ones too, oldest first.
    """
    found, more = cut(keys_after(PublicKey.objects.all(), cursor), limit, at_key)
    return Page(data=[PublicKeyOut.of(key) for key in found], next=more)


@router.post("/public-keys", response={201: Registered}, auth=Key("keys:write", also="tokens:mint"))
def make_public_keys(request: ApiRequest, body: NewPublicKey) -> tuple[int, Registered]:
    """Register public keys.

    RSA from 2048 bits (RS256), P-256 (ES256), Ed25519 (EdDSA). User tokens that the private key signs are good here
    from now on. 409 `public_key_exists` where one is registered already. In test mode tokens name them by `id` alone,
    and `kid` is null.
    """
    try:
        made = register_public_keys(_parsed(body), body.name, test=request.tenant.is_test)
    except KeyRefused as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    except PublicKeyExists as refused:
        raise Problem(409, "public_key_exists", str(refused)) from None
    except TooManyPublicKeys:
        raise Problem(403, "public_key_limit_reached", f"At most {MOST} public keys may be active.") from None
    return 201, Registered(data=[PublicKeyOut.of(key) for key in made])


@router.get("/public-keys/{key_id}", response=PublicKeyOut, auth=Key("keys:read"))
def get_public_key(request: ApiRequest, key_id: str) -> PublicKeyOut:
    """Read a public key."""
    return PublicKeyOut.of(_find(key_id))


@router.delete("/public-keys/{key_id}", response={204: None}, auth=Key("keys:write", also="tokens:mint"))
def remove_public_key(request: ApiRequest, key_id: str) -> tuple[int, None]:
    """Revoke a public key.

    User tokens that it signed stop working at once; open sockets close with 4001 within a second. Doing it again
    changes nothing.
    """
    revoke_public_key(_find(key_id).id)
    return 204, None


def _parsed(body: NewPublicKey) -> list[Parsed]:
    given = [name for name in ("pem", "jwk", "jwks") if getattr(body, name) is not None]
    if len(given) != 1:
        raise KeyRefused("Send one of pem, jwk and jwks.")
    if body.pem is not None:
        return [public_keys.from_pem(body.pem)]
    if body.jwk is not None:
        return [public_keys.from_jwk(body.jwk)]
    return public_keys.from_set(body.jwks or {})


def _find(key_id: str) -> PublicKey:
    key = PublicKey.objects.filter(id=key_id).first() if storable(key_id) else None
    if key is None:
        raise Problem(404, "not_found", "There is no such public key.")
    return key
