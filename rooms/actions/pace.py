"""How fast one may write: the plan's rate, and a room's slow mode."""

from accounts.identity import Identity
from realtime import limits
from realtime.events import ErrorCode
from realtime.limits import MessageRate
from rooms import access
from rooms.access import RoomRecord
from rooms.texts import Refused
from tenants.directory import TenantInfo


def check_rate(tenant: TenantInfo, rate: MessageRate | None) -> None:
    """Count one attempt. Raises Refused with RATE_LIMITED for what is too much; without a rate nothing is."""
    limit = tenant.limits.messages_per_10s
    if rate is not None and (wait := rate.hit(limit)):
        text = f"At most {limit} messages in 10 seconds. Try again in {wait:g} s."
        raise Refused(ErrorCode.RATE_LIMITED, text, retry_after=wait)


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
