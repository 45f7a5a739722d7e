"""The verbs of this app. Only these modules publish."""

from rooms.actions.create_room import RoomExists, RoomLimitReached, create_room
from rooms.actions.join import add_member, remove_member
from rooms.actions.post import Posted, post_message

__all__ = [
    "Posted",
    "RoomExists",
    "RoomLimitReached",
    "add_member",
    "create_room",
    "post_message",
    "remove_member",
]
