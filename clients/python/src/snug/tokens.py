"""User tokens, signed here: no request is made, and Snug need not be there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import jwt

LONGEST = 24 * 3600


def sign(
    signing_secret: str,
    key_id: str,
    sub: str,
    *,
    ttl: int = 3600,
    name: str | None = None,
    avatar: str | None = None,
    rooms: Sequence[str] | None = None,
) -> str:
    """A token with which `sub`, your own id for a user, may chat for `ttl` seconds.

    `rooms`: exactly the rooms it may enter; without it, public rooms and those in which the user is a member. Raises
    ValueError for what Snug would refuse.
    """
    if not 1 <= ttl <= LONGEST:
        raise ValueError(f"ttl is 1 to {LONGEST:,} seconds.")
    if not 1 <= len(sub) <= 128 or "/" in sub:
        raise ValueError("sub has 1 to 128 characters, and no slash.")
    now = time.time()
    claims: dict[str, Any] = {"sub": sub, "aud": "snug", "iat": int(now * 1000) / 1000, "exp": int(now) + ttl}
    extra = {"name": name, "avatar": avatar, "rooms": list(rooms) if rooms is not None else None}
    claims |= {claim: value for claim, value in extra.items() if value is not None}
    return jwt.encode(claims, signing_secret, algorithm="HS256", headers={"kid": key_id})
