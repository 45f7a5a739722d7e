"""One attempt: the request as a receiver gets it."""

import logging
import time
from datetime import datetime
from typing import Any, Final

import msgspec

from outbound import Client, Failed
from realtime.events import stamp
from tenants import encryption
from webhooks import signing
from webhooks.courier.claims import Claim, Outcome

logger = logging.getLogger("snug.webhooks")

AGENT: Final = "Snug-Webhooks/1"


def body_of(type_: str, created_at: datetime, data: Any) -> bytes:
    """What is sent, byte for byte, each time."""
    return msgspec.json.encode({"type": type_, "timestamp": stamp(created_at), "data": data})


async def attempt(client: Client, claim: Claim, now: datetime) -> Outcome:
    """Send it once. Whatever goes wrong is the outcome, never an exception."""
    body = body_of(claim.type, claim.created_at, claim.data)
    began = time.monotonic()
    headers: list[tuple[str, str]] = []
    try:
        headers = _headers(claim, now, body)
        answer = await client.post(claim.url, headers, body)
    except Failed as failed:
        return Outcome(url=claim.url, sent=headers, milliseconds=_since(began), error=str(failed))
    except Exception as fault:  # a fault of ours must not end the courier
        logger.exception("an attempt at %s", claim.endpoint_id)
        return Outcome(
            url=claim.url,
            sent=headers,
            milliseconds=_since(began),
            error=f"A fault of ours: {type(fault).__name__}.",
        )
    return Outcome(
        url=claim.url,
        sent=headers,
        milliseconds=_since(began),
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
    )


def _headers(claim: Claim, now: datetime, body: bytes) -> list[tuple[str, str]]:
    secrets = [encryption.decrypt(claim.secret)]
    if claim.previous_secret and claim.previous_until and claim.previous_until > now:
        secrets.append(encryption.decrypt(claim.previous_secret))
    return [
        ("content-type", "application/json"),
        ("user-agent", AGENT),
        *signing.headers_for(f"evt_{claim.uuid.hex}", now, body, secrets),
    ]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
