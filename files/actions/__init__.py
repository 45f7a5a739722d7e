"""The verbs of this room. They run inside the tenant's schema."""

from files.actions.discard import discard, discard_of_room
from files.actions.keep import TooManyWaiting, keep

__all__ = ["TooManyWaiting", "discard", "discard_of_room", "keep"]
