"""What guests may do: the one place of these figures.

Anyone may become a guest, and another one the next moment, so that what each of them may is no limit to a person. What
the guests of one address do is counted together. An office, a school or a mobile network may stand behind one address:
the figures leave room for tens of people at once, and docs/subsystems/guests.md says how they were chosen.
"""

from typing import Final

from tenants.entitlements import Limits

# Requests for a new guest from one address in a minute: without a proof of work, and in all.
FREE_A_MINUTE: Final = 20
ASKED_A_MINUTE: Final = 120

# Leading zero bits of a proof. Each bit more doubles the work; a phone must be through with the hardest in seconds.
EASIEST: Final = 16
HARDEST: Final = 20

# Files of one guest that wait for a message, and of one address in an hour.
FILES_WAITING: Final = 20
FILES_AN_HOUR: Final = 100

_PEOPLE: Final = 5  # who may be as busy at one address as a single user ever may
_USUAL: Final = 60
_LARGEST_FILES: Final = 20


def usual_a_minute(limits: Limits) -> int:
    """How many new guests in a minute a workspace of this size may see without asking for proofs."""
    return max(_USUAL, limits.max_connections // 10)


def connections(limits: Limits) -> int:
    """Open connections of an address's guests: half of all there may be, so that one address never shuts out others."""
    return -(-limits.max_connections // 2)


def messages_per_10s(limits: Limits) -> int:
    """Messages, edits and reactions of an address's guests in 10 seconds."""
    return _PEOPLE * limits.messages_per_10s


def requests_per_minute(limits: Limits) -> int:
    """Calls of the API with the tokens of an address's guests."""
    return _PEOPLE * limits.api_per_minute


def bytes_an_hour(limits: Limits) -> int:
    """What an address's guests may upload."""
    return _LARGEST_FILES * limits.max_file_bytes
