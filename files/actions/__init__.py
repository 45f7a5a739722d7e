"""The verbs of this room. They run inside the tenant's schema."""

from files.actions.discard import discard, discard_of_room
from files.actions.keep import MOST_WAITING, TooLarge, TooManyWaiting, keep

__all__ = ["MOST_WAITING", "TooLarge", "TooManyWaiting", "discard", "discard_of_room", "keep"]
