"""How fast one may write: the plan's rate, that of an address's guests, and a room's slow mode."""

from typing import NamedTuple

from accounts.identity import Identity
from realtime import limits
from realtime.events import ErrorCode
from realtime.limits import MessageRate
from rooms import access
from rooms.access import RoomRecord
from rooms.texts import Refused
from tenants import guest_limits
from tenants.addresses import place_of
from tenants.directory import TenantInfo

_WINDOW = int(limits.WINDOW)


class Pace(NamedTuple):
    """What an attempt to write counts against: the user's rate in this process and, of guests, in the whole cluster the
    places that they come from."""

    rate: MessageRate
    places: tuple[str, ...] = ()


def places_of(tenant: TenantInfo, who: Identity, address: str) -> tuple[str, ...]:
    """Where a guest speaks from, and where they were let in if that is elsewhere: whether many guests are made here and
    used elsewhere, or made elsewhere and used here, they are one crowd. None of users, for whom a tenant vouches."""
    if who.kind != "guest":
        return ()
    here = place_of(tenant.schema_name, address)
    return (here,) if who.place in (None, here) else (here, str(who.place))


async def check_rate(tenant: TenantInfo, pace: Pace | None) -> None:
    """Count one attempt. Raises Refused with RATE_LIMITED for what is too much; without a pace nothing is."""
    if pace is None:
        return
    limit = tenant.limits.messages_per_10s
    if wait := pace.rate.hit(limit):
        text = f"At most {limit} messages in 10 seconds. Try again in {wait:g} s."
        raise Refused(ErrorCode.RATE_LIMITED, text, retry_after=wait)
    most = guest_limits.messages_per_10s(tenant.limits)
    for place in pace.places:
        if not await limits.hit(tenant.schema_name, _said_at(place), most, _WINDOW):
            pace.rate.deny()
            wait = limits.left(_WINDOW)
            text = f"Too many messages come from guests at your address. Try again in {wait:g} s."
            raise Refused(ErrorCode.RATE_LIMITED, text, retry_after=wait)


async def take_back(tenant: TenantInfo, pace: Pace) -> None:
    """Uncount an attempt that was allowed: it was a repeat, which costs nothing."""
    pace.rate.take_back()
    for place in pace.places:
        await limits.forgive(tenant.schema_name, _said_at(place), _WINDOW)


async def take_turn(tenant: TenantInfo, room: RoomRecord, sender: Identity) -> bool:
    """Whether the sender has now used up a turn in slow mode. Raises Refused with SLOW_MODE before their next one."""
    if not room.slow_mode or access.may_moderate(sender, room):
        return False
    wait = await limits.take_turn(tenant.id, room.id, sender.external_id, room.slow_mode)
    if wait:
        text = f"Slow mode: one message every {room.slow_mode} s. Try again in {wait:g} s."
        raise Refused(ErrorCode.SLOW_MODE, text, retry_after=wait)
    return True


async def give_back_turn(tenant: TenantInfo, room: RoomRecord, sender: Identity) -> None:
    """It turned out that nothing new was said."""
    await limits.give_back_turn(tenant.id, room.id, sender.external_id)


def _said_at(place: str) -> str:
    return f"guests-said:{place}"
