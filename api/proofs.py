"""Proof of work: what a browser has to do before its visitor becomes a guest, while far more come than usual.

A challenge says until when it is good and how hard it is, and carries our signature over that, the workspace and the
address. Nothing is kept of it before it was solved, so that asking for a million of them costs us no memory.
docs/subsystems/guests.md says how hard it is, and what it is worth.
"""

import hmac
import math
import secrets
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from django.utils.crypto import salted_hmac

from api.errors import Problem
from realtime import limits
from tenants import guest_limits
from tenants.directory import TenantInfo

if TYPE_CHECKING:
    from api.callers import ApiRequest

WINDOW: Final = 60
FRESH: Final = 120  # seconds: a slow phone is through with the hardest long before
# Until when, how hard, and what makes it unlike any other. With the signature 48 bytes: 64 characters, one block of
# SHA-256, which whoever searches for a nonce computes once.
_SAID: Final = struct.Struct(">IB11s")


class NotProved(Exception):
    """The proof proves nothing; the text says why."""


def check_worth(request: "ApiRequest", address: str, asked: int, proof: tuple[str, str] | None) -> None:
    """Raise Problem with a challenge where a new guest needs a proof, a challenge and its nonce, and comes without: 403
    while far too many come, 429 where it is only this address that asks too often.

    `asked` is how many this address has asked for in this minute.
    """
    tenant = request.tenant
    if tenant.guest_proof == "never":
        return
    why = "More visitors than usual come in at this moment."
    if proof is not None:
        try:
            check(tenant, address, *proof)
            return
        except NotProved as refused:
            why = str(refused)
    crowd, mine = _pressure(tenant), asked / guest_limits.FREE_A_MINUTE
    if max(crowd, mine) <= 1 and tenant.guest_proof != "always":
        return
    bits = _difficulty(max(crowd, mine))
    asks: dict[str, Any] = {"challenge": challenge(tenant, address, bits), "difficulty": bits}
    if mine > 1 >= crowd:  # waiting helps too
        free, reset = guest_limits.FREE_A_MINUTE, request.rate.reset
        text = (
            f"At most {free} new guests a minute from one address. Wait, or find a nonce for the challenge."
        )
        raise Problem(429, "rate_limited", text, retry_after=reset, **asks)
    raise Problem(
        403, "proof_required", f"{why} Find a nonce for the challenge, and send both as proof.", **asks
    )


def _pressure(tenant: TenantInfo) -> float:
    """Count one who comes without a proof; how many come, in times of what is usual."""
    seen = limits.busiest_sync(tenant.schema_name, "guests", WINDOW)
    return seen / guest_limits.usual_a_minute(tenant.limits)


def _difficulty(pressure: float) -> int:
    """The leading zero bits that a proof needs now."""
    return min(guest_limits.HARDEST, guest_limits.EASIEST + int(math.log2(max(1, pressure))))


def challenge(tenant: TenantInfo, address: str, difficulty: int) -> str:
    """A new one, 64 characters."""
    said = _SAID.pack(int(time.time()) + FRESH, difficulty, secrets.token_bytes(11))
    return urlsafe_b64encode(said + _signature(tenant, address, said)).decode()


def check(tenant: TenantInfo, address: str, challenge: str, nonce: str) -> None:
    """Use up a challenge that was solved. Raises NotProved."""
    try:
        whole = urlsafe_b64decode(challenge)
    except ValueError:
        whole = b""
    said, signature = whole[: _SAID.size], whole[_SAID.size :]
    if len(said) != _SAID.size or not hmac.compare_digest(signature, _signature(tenant, address, said)):
        raise NotProved("This challenge was not made here, for this address.")
    until, difficulty, _ = _SAID.unpack(said)
    if until < time.time():
        raise NotProved("This challenge has expired.")
    if zero_bits(challenge + nonce) < difficulty:
        raise NotProved("The nonce does not solve the challenge.")
    if not limits.solve_sync(tenant.id, said.hex(), FRESH):
        raise NotProved("This challenge has been used.")


def zero_bits(text: str) -> int:
    """How many zero bits its SHA-256 begins with."""
    return 256 - int.from_bytes(sha256(text.encode()).digest()).bit_length()


def _signature(tenant: TenantInfo, address: str, said: bytes) -> bytes:
    whose = f"{tenant.schema_name}/{address}/{said.hex()}"
    return salted_hmac("snug.proof", whose, algorithm="sha256").digest()
