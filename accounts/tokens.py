"""User tokens: JWTs that a tenant signs to say who its own user is.

Pure functions over a key already found; accounts.authentication finds it. Nothing here touches a database.
"""

import json
import math
import re
import time
from typing import Any, Final, NamedTuple

import jwt
import msgspec
from jwt.types import Options

from accounts import names
from tenants import sides

HS256: Final = "HS256"
# With a public key that the tenant registered.
PUBLIC_ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
AUDIENCE: Final = "snug"
MAX_BYTES: Final = 4096
MAX_TTL: Final = 24 * 3600
LEEWAY: Final = 60
MAX_ROOMS: Final = 100
UNKNOWN_KEY: Final = "the token's kid: there is no such API key here, or it was revoked"
UNKNOWN_PUBLIC_KEY: Final = "the token's kid: there is no such public key here, or it was revoked"
NO_KEY_ID: Final = "the token's kid is no API key's id, key_…: HS256 is for those alone"
HS256_FOR_PUBLIC_KEY: Final = (
    "the token's kid names a public key, and its alg is HS256: sign with the private key of it"
)
PUBLIC_ALG_FOR_API_KEY: Final = (
    "the token's kid names an API key, and its alg is not HS256: sign with HS256 and the key's signing secret"
)
MAX_KID: Final = 128

_KEY_ID = re.compile(rf"{sides.KEY}(?:[0-9a-f]{{16}}|{sides.TEST}[0-9a-f]{{14}})")
_ROOM = re.compile(r"[A-Za-z0-9_-]{1,80}")
_CRITICAL: Final = "the token's header has crit, and nothing that it could name is understood here"
_WRONG_SIGNATURE: Final = (
    "the signature does not match: sign with the key's signing secret, not with the key itself"
)
_WRONG_PUBLIC_SIGNATURE: Final = "the signature does not match the public key that the token's kid names"
# PyJWT's own checks of claims do not tell which one is wrong, and raise what Python raises for odd numbers.
_UNCHECKED: Final[Options] = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenRefused(Exception):
    """The token is not accepted; the text says why, and never repeats the token."""


class TokenExpired(TokenRefused):
    """The token was good once."""


class TokenTooLarge(TokenRefused):
    """The token would be over MAX_BYTES, and so be refused wherever it is used."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What an accepted token says. Times are Unix seconds."""

    sub: str
    exp: int
    issued_at: float
    name: str | None = None
    avatar: str | None = None
    rooms: frozenset[str] | None = None
    place: str | None = None  # of guests


class Header(NamedTuple):
    """What an unverified token says of itself: enough to find the key with, and nothing to believe."""

    kid: str
    alg: str

    @property
    def public(self) -> bool:
        """Whether it is to be checked with a public key; otherwise with an API key's signing secret."""
        return self.alg != HS256


def header_of(token: str) -> Header:
    """What the token's header says. Keys that it brings along (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.

    Raises TokenRefused.
    """
    if len(token.encode(errors="surrogatepass")) > MAX_BYTES:
        raise TokenRefused(f"the token is over {MAX_BYTES} bytes")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        # PyJWT refuses most of what is critical by itself, in words that may change; ours then say less.
        raise TokenRefused(_CRITICAL if "crit" in str(error).lower() else "this is not a JWT") from None
    alg, kid = header.get("alg"), header.get("kid")
    if alg != HS256 and alg not in PUBLIC_ALGORITHMS:
        raise TokenRefused(
            f"the token's alg must be {HS256}, or {', '.join(PUBLIC_ALGORITHMS)} with a public key"
        )
    if "crit" in header:  # it asks for what we do not know to be heeded
        raise TokenRefused(_CRITICAL)
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("the token's header names no key (kid)")
    if alg == HS256 and not _KEY_ID.fullmatch(kid):
        raise TokenRefused(UNKNOWN_KEY if kid.startswith(sides.KEY) else NO_KEY_ID)
    if len(kid) > MAX_KID or not kid.isprintable():
        raise TokenRefused(UNKNOWN_PUBLIC_KEY)
    return Header(kid, alg)


def is_key_id(kid: str) -> bool:
    """Whether this could be an id that we gave to a key."""
    return _KEY_ID.fullmatch(kid) is not None


def verify(token: str, key: Any, algorithm: str = HS256, *, may_be_guest: bool = False) -> Claims:
    """Check signature and claims with a key that is for `algorithm` alone, whatever the token says of itself: a signing
    secret, or a public key as `cryptography` has it. `may_be_guest` allows a reserved `sub`: only Snug's own key may
    say that. Raises TokenExpired or TokenRefused.
    """
    return _claims(_signed(token, key, algorithm), may_be_guest=may_be_guest)


def _signed(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    """What the token says, once its signature is right. Its claims are still to be checked."""
    try:
        return jwt.decode(token, key, algorithms=[algorithm], options=_UNCHECKED)
    except jwt.InvalidSignatureError:
        raise TokenRefused(_WRONG_SIGNATURE if algorithm == HS256 else _WRONG_PUBLIC_SIGNATURE) from None
    except jwt.InvalidAlgorithmError:
        raise TokenRefused(f"the token's alg must be {algorithm}: its key is for nothing else") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenRefused("this is not a JWT whose payload is a JSON object") from None


def sign(signing_secret: str, key_id: str, sub: str, ttl: int, **claims: Any) -> tuple[str, int]:
    """A token for `sub`, good for `ttl` seconds, and its `exp` in Unix seconds. Raises TokenTooLarge."""
    now = time.time()
    exp = int(now) + ttl
    # `iat` to the millisecond, so that a token minted right after a revocation does not fall under it; rounded down,
    # so that none minted right before escapes it.
    payload = {"sub": sub, "iat": math.floor(now * 1000) / 1000, "exp": exp, "aud": AUDIENCE}
    payload |= {name: value for name, value in claims.items() if value is not None}
    token = jwt.encode(payload, signing_secret, algorithm=HS256, headers={"kid": key_id})
    if len(token) > MAX_BYTES:
        raise TokenTooLarge(f"this token would be over {MAX_BYTES} bytes: name fewer rooms")
    return token, exp


def _quoted(value: object) -> str:
    """A claim's value as it may be shown in a sentence."""
    shown = json.dumps(value[:40] if isinstance(value, str) else value, ensure_ascii=False)
    return shown[:42].encode(errors="replace").decode()


def check_rooms(rooms: object) -> frozenset[str] | None:
    """The `rooms` claim, or None where there is none. Raises TokenRefused."""
    if rooms is None:
        return None
    if not isinstance(rooms, list) or len(rooms) > MAX_ROOMS:
        raise TokenRefused(f"rooms must be a list of at most {MAX_ROOMS} room names")
    for room in rooms:
        if not isinstance(room, str) or not _ROOM.fullmatch(room):
            raise TokenRefused(f"rooms holds {_quoted(room)}, which is no room name")
    return frozenset(rooms)


def _claims(payload: dict[str, Any], *, may_be_guest: bool) -> Claims:
    exp = _check_times(payload)
    if payload.get("sub") is None:
        raise TokenRefused("the token has no sub")
    audience = payload.get("aud", AUDIENCE)
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused(f"aud must be {AUDIENCE}")
    issued = payload.get("iat")
    try:
        sub = _guest_sub(payload["sub"]) if may_be_guest else names.check_sub(payload["sub"])
        name = names.clean_name(payload["name"]) if payload.get("name") is not None else None
        avatar = names.clean_avatar(payload["avatar"]) if payload.get("avatar") is not None else None
    except names.BadName as error:
        raise TokenRefused(str(error).rstrip(".")) from None
    return Claims(
        sub=sub,
        exp=exp,
        issued_at=exp - MAX_TTL if issued is None else issued,
        name=name,
        avatar=avatar,
        rooms=check_rooms(payload.get("rooms")),
        place=payload.get("place") if may_be_guest else None,
    )


def _check_times(payload: dict[str, Any]) -> int:
    """The token's `exp`, in Unix seconds. Raises TokenExpired or TokenRefused."""
    if payload.get("exp") is None:
        raise TokenRefused("the token has no exp")
    now, exp = time.time(), int(_seconds(payload["exp"], "exp"))
    for claim in ("iat", "nbf"):
        if claim in payload and _seconds(payload[claim], claim) > now + LEEWAY:
            raise TokenRefused(f"{claim} lies in the future: compare your server's clock")
    if exp <= now - LEEWAY:
        raise TokenExpired("the token has expired")
    if exp > now + MAX_TTL + LEEWAY:
        raise TokenRefused("exp must be at most 24 hours ahead")
    return exp


def _guest_sub(sub: object) -> str:
    if isinstance(sub, str) and re.fullmatch(r"guest:[a-z0-9]{8,40}", sub):
        return sub
    return names.check_sub(sub)


def _seconds(value: object, claim: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise TokenRefused(f"{claim} must be a number of Unix seconds")
    return value
