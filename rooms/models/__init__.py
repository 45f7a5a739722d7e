"""One noun a module."""

from rooms.models.membership import Membership
from rooms.models.message import Message
from rooms.models.reaction import Reaction
from rooms.models.receipt import Receipt
from rooms.models.room import Room
from rooms.models.search_entry import SearchEntry
from rooms.models.search_mark import SearchMark

__all__ = ["Membership", "Message", "Reaction", "Receipt", "Room", "SearchEntry", "SearchMark"]
