"""What a tenant may use. Billing writes it (the plan and a tenant's own figures); everyone else only reads."""

from collections.abc import Mapping
from typing import Final

import msgspec

MAY_BE_UNLIMITED: Final = frozenset({"max_rooms", "history_days"})


class Limits(msgspec.Struct, frozen=True):
    """The figures of one plan. None means unlimited.

    Lengths are Unicode code points after trimming, `history_days` whole days, `max_file_bytes` bytes; connections are
    counted over the tenant as a whole, all processes and nodes together.
    """

    max_connections: int
    connections_per_user: int
    max_message_length: int
    messages_per_10s: int
    max_rooms: int | None
    history_days: int | None
    api_per_minute: int
    max_file_bytes: int
    max_webhooks: int

    def overridden(self, own: Mapping[str, object]) -> "Limits":
        """These limits with a tenant's own figures in place; what is no limit, or no figure for it, is ignored."""
        known = {name: value for name, value in own.items() if self._takes(name, value)}
        return msgspec.structs.replace(self, **known) if known else self

    def _takes(self, name: str, value: object) -> bool:
        if value is None:
            return name in MAY_BE_UNLIMITED
        return name in self.__struct_fields__ and type(value) is int and value >= 0


def limits_for(
    plan: str, own: Mapping[str, object], version: int | None = None, extra_connections: int = 0
) -> Limits:
    """The limits in force for a tenant that bought `version` of `plan` (None: as it is sold now), with its own figures,
    and the connections that its owner agreed to pay for beyond them."""
    from tenants.plans import plan_of

    limits = plan_of(plan, version).limits.overridden(own)
    if not extra_connections:
        return limits
    return msgspec.structs.replace(limits, max_connections=limits.max_connections + extra_connections)
