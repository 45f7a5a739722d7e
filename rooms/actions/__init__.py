"""The verbs of this app. Only these modules publish."""

from rooms.actions.change_message import delete_message, edit_message, react
from rooms.actions.change_room import change_room
from rooms.actions.create_room import RoomExists, RoomLimitReached, create_room
from rooms.actions.delete_room import LastRoom, delete_room
from rooms.actions.delete_user import delete_user, leave_all
from rooms.actions.join import FOR_EVER, add_member, mute_member, remove_member
from rooms.actions.mark_read import mark_read
from rooms.actions.post import NothingToAnswer, Posted, post_message
from rooms.writing.work import FilesRefused, MessageDeleted

__all__ = [
    "FOR_EVER",
    "FilesRefused",
    "LastRoom",
    "MessageDeleted",
    "NothingToAnswer",
    "Posted",
    "RoomExists",
    "RoomLimitReached",
    "add_member",
    "change_room",
    "create_room",
    "delete_message",
    "delete_room",
    "delete_user",
    "edit_message",
    "leave_all",
    "mark_read",
    "mute_member",
    "post_message",
    "react",
    "remove_member",
]
