"""On whose behalf this code runs: said once at the door, read where something is recorded.

docs/decisions/audit.md says why this is a context variable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

# Jobs, management commands, and whatever nobody asked for.
SNUG: Final = "snug"


class Actor(NamedTuple):
    """Who acts, by public id, and from which address ("" where there is none)."""

    id: str
    address: str = ""


_NOBODY: Final = Actor(SNUG)
_acting: ContextVar[Actor] = ContextVar("acting", default=_NOBODY)


def current() -> Actor:
    """Whoever acts now."""
    return _acting.get()


@contextmanager
def a_request() -> Iterator[None]:
    """One request: whoever is identified in it acts until it ends, and not for the next one on the same thread."""
    token = _acting.set(_NOBODY)
    try:
        yield
    finally:
        _acting.reset(token)


def identify(id_: str, address: str) -> None:
    """For the doors: from here on in this request they act."""
    _acting.set(Actor(id_, address))
