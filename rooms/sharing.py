"""Whom somebody may know of: people of the rooms that they may enter. Runs inside the tenant's schema."""

from accounts.identity import Identity
from rooms import access
from rooms.models import Membership, Message, Room


def shares_a_room(caller: Identity, member_id: int) -> bool:
    """Whether a member is one of a room that the caller may enter, or has said something there.

    Whoever writes becomes a member, so the messages are asked for those alone who were removed since; and only those
    with a client_id, as chat clients send them: of these there is an index by room and sender.
    """
    rooms = Room.objects.filter(access.open_to(caller)).values("id")
    if Membership.objects.filter(member_id=member_id, room_id__in=rooms).exists():
        return True
    return Message.objects.filter(
        room_id__in=rooms, sender_id=member_id, client_id__isnull=False, deleted_at=None
    ).exists()
