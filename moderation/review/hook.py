"""The tenant's own server, asked about a message before anyone sees it.

One signed POST (Standard Webhooks). It answers 200 with `{"action": "allow"}`, `{"action": "refuse", "reason": "…"}` or
`{"action": "change", "message": "…"}`, or 204, which allows. Whatever else it does is a failure, and the tenant has
chosen what becomes of a message then. A server that keeps failing is left alone for a while: its customers wait
once, not with each message.
"""

import logging
import time
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec

from moderation.review.health import Health
from moderation.review.policy import Hook
from outbound import Client, Failed
from realtime.background import Background
from realtime.events import stamp
from realtime.loop_local import LoopLocal
from rooms.texts import Refused, check_text
from webhooks import signing
from webhooks.targets import local_allowed

logger = logging.getLogger("snug.moderation")

TYPE: Final = "message.before_send"
AGENT: Final = "Snug-Hook/1"
WITHIN: Final = 1.5  # seconds for all of it
MOST_REASON: Final = 200
# What waits for one tenant's server in one process; beyond it counts as failing.
MOST_AT_ONCE: Final = 100
# So many failures in a row, and it is not asked again for so many seconds.
MOST_FAILURES: Final = 5
REST: Final = 10.0
# An answer of a whole message, each character of it escaped.
_MOST_ANSWER: Final = 128 * 1024


class HookFailed(Exception):
    """No sound answer came; the text says why, in a sentence for the owner and the log."""


class Verdict(msgspec.Struct, frozen=True):
    """What it says: a text to send, or None and why not."""

    text: str | None
    reason: str = ""


class _Answer(msgspec.Struct):
    action: Literal["allow", "refuse", "change"]
    message: str | None = None
    reason: str | None = None


class _Standing(msgspec.Struct):
    """How one address has been doing, as this process knows it."""

    health: Health
    under_way: int = 0
    failures: int = 0
    rests_until: float = 0.0


class _Asker:
    """One a loop."""

    def __init__(self) -> None:
        self.client = Client(local_allowed=local_allowed())
        self.background = Background()
        self._standings: dict[tuple[str, str], _Standing] = {}

    def standing(self, schema: str, url: str) -> _Standing:
        found = self._standings.get((schema, url))
        if found is None:
            found = self._standings[schema, url] = _Standing(Health(schema, url, self.background))
        return found


_askers: LoopLocal[_Asker] = LoopLocal(_Asker)


async def ask(schema: str, hook: Hook, data: dict[str, Any], text: str, longest: int) -> Verdict:
    """What the tenant's server says to `text`, which may become at most `longest` characters. Raises HookFailed."""
    asker = _askers.get()
    standing = asker.standing(schema, hook.url)
    if standing.rests_until > time.monotonic():
        raise HookFailed("It failed too often, and is left alone for a while.")
    if standing.under_way >= MOST_AT_ONCE:
        crowded = "Too many messages wait for its answers."
        standing.health.failed(crowded)
        raise HookFailed(crowded)
    standing.under_way += 1
    try:
        verdict = _read(await _post(asker.client, hook, data), text, longest)
    except HookFailed as failed:
        standing.health.failed(str(failed))
        standing.failures += 1
        if standing.failures >= MOST_FAILURES:
            # One of those after the rest is a trial; the next failure ends it at once.
            standing.failures, standing.rests_until = MOST_FAILURES - 1, time.monotonic() + REST
        raise
    finally:
        standing.under_way -= 1
    standing.failures = 0
    standing.health.succeeded()
    return verdict


async def close() -> None:
    """End the running loop's connections."""
    if made := _askers.pop():
        await made.background.stop()
        await made.client.close()


async def _post(client: Client, hook: Hook, data: dict[str, Any]) -> tuple[int, str]:
    now = datetime.now(UTC)
    body = msgspec.json.encode({"type": TYPE, "timestamp": stamp(now), "data": data})
    headers = [
        ("content-type", "application/json"),
        ("user-agent", AGENT),
        *signing.headers_for(f"ask_{uuid4().hex}", now, body, [hook.secret]),
    ]
    try:
        answer = await client.post(hook.url, headers, body, within=WITHIN, most=_MOST_ANSWER)
    except Failed as failed:
        raise HookFailed(str(failed)) from None
    return answer.status, answer.body


def _read(answer: tuple[int, str], text: str, longest: int) -> Verdict:
    status, body = answer
    if status == 204:
        return Verdict(text)
    if status != 200:
        raise HookFailed(f"It answered {status}.")
    try:
        said = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError) as error:
        raise HookFailed(f"Its answer is not understood: {error}.") from None
    if said.action == "allow":
        return Verdict(text)
    if said.action == "refuse":
        return Verdict(None, _reason(said.reason))
    try:
        return Verdict(check_text(said.message, longest))
    except Refused as refused:
        raise HookFailed(f"Its message cannot be sent: {refused.message}") from None


def _reason(said: str | None) -> str:
    """A sentence for whoever wrote the message, in the tenant's own words."""
    return " ".join((said or "").replace("\x00", " ").split())[:MOST_REASON]
