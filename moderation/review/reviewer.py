import logging
from typing import Any

from accounts.identity import Identity
from moderation.review import blocked, hook, repeats
from moderation.review.policy import Policy, Rule, policy_of
from rooms import access
from rooms.access import RoomRecord
from rooms.texts import NotChecked, NotLetThrough, Refused
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.moderation")

_FILTERED = "This message was not let through: it has words or links that are not allowed here."
_REFUSED = "This message was not let through."
_UNANSWERED = "This message could not be checked just now, and was not sent. Try again in a moment."
_BY_ME = "You have blocked this person. Unblock them to write here."
_BY_THEM = "You cannot write here."


class Reviewer:
    """Looks at one text of one person. Afterwards `reported` holds the filters that want it looked at."""

    def __init__(
        self, policy: Policy, tenant: TenantInfo, room: RoomRecord, sender: Identity, about: dict[str, Any]
    ) -> None:
        """`about` is what the tenant's server is told besides: `message_id` of an edit, `client_id` …"""
        self._policy, self._tenant, self._room, self._sender = policy, tenant, room, sender
        self._about = about
        self.reported: tuple[Rule, ...] = ()

    async def __call__(self, text: str) -> str:
        """The text as it may be written. Raises NotLetThrough."""
        if self._room.kind == "direct":
            await self._check_blocks()
        # A tenant's own server and those who moderate say what they like.
        if access.may_moderate(self._sender, self._room):
            return text
        found = self._policy.apply(text)
        if found.text is None:
            raise NotLetThrough("message_refused", _FILTERED)
        self.reported = found.reported
        await self._check_repeats(text)
        try:
            return await self._ask(found.text)
        except Refused:
            if self._policy.repeats is not None:
                await repeats.take_back(self._tenant, self._sender.external_id, text)
            raise

    async def _check_blocks(self) -> None:
        by_me = None if self._sender.is_bot else await blocked.by_me(self._tenant, self._room, self._sender)
        if by_me is not None:
            raise NotLetThrough("blocked", _BY_ME if by_me else _BY_THEM)

    async def _check_repeats(self, text: str) -> None:
        if self._policy.repeats is None or not text:
            return
        most, seconds = self._policy.repeats
        if await repeats.too_many(self._tenant, self._sender.external_id, text, most, seconds):
            often = "once" if most == 1 else f"{most} times"
            text = f"You have said this {often} in {seconds} seconds already."
            raise NotLetThrough("message_repeated", text)

    async def _ask(self, text: str) -> str:
        asked = self._policy.hook
        if asked is None:
            return text
        data = {
            "room": self._room.name,
            "kind": self._room.kind,
            "user_id": self._sender.external_id,
            "username": self._sender.username,
            "user_kind": self._sender.kind,
            "message": text,
            **self._about,
        }
        longest = self._tenant.limits.max_message_length
        try:
            verdict = await hook.ask(self._tenant.schema_name, asked, data, text, longest)
        except hook.HookFailed as failed:
            logger.warning("%s: the hook of %s: %s", self._tenant.slug, asked.url[:100], failed)
            if asked.refuses_on_failure:
                raise NotChecked(_UNANSWERED, hook.REST) from None
            return text
        if verdict.text is None:
            raise NotLetThrough("message_refused", verdict.reason or _REFUSED)
        return verdict.text


async def reviewer_for(
    tenant: TenantInfo, room: RoomRecord, sender: Identity, about: dict[str, Any]
) -> Reviewer | None:
    """Who looks at what this person says; None where nobody needs to. What is None in `about` is left out."""
    policy = await policy_of(tenant)
    if policy.idle and room.kind != "direct":
        return None
    told = {name: value for name, value in about.items() if value is not None}
    return Reviewer(policy, tenant, room, sender, told)
