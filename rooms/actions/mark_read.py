"""How far somebody has read."""

from accounts.identity import Identity
from rooms.access import RoomRecord
from rooms.actions import announcing
from rooms.writing.work import Marked, ReadMark
from tenants.directory import TenantInfo


async def mark_read(tenant: TenantInfo, room: RoomRecord, reader: Identity, seq: int) -> Marked:
    """Note that `reader` has read up to `seq`, never backwards. Raises Refused beyond the room's last message."""
    mark = ReadMark(
        tenant=tenant,
        room_id=room.id,
        room_name=room.name,
        member_id=reader.member_id,
        user=reader.external_id,
        seq=seq,
    )
    return await announcing.writer().write(mark)
