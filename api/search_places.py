"""Where a page of a search ends, as a cursor: rank, time and id of its last message, when the first was made,
and a mark of what was asked for."""

import hashlib
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from ninja import Query
from pydantic import WithJsonSchema

from api.errors import Problem
from rooms.search import Place as End

_SHAPE: Final = "^([0-9a-f]{80})?$"
_LAYOUT: Final = struct.Struct(">fQQ16s4s")
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What a crafted cursor may name beyond is not to be had.
_MOST: Final = int((datetime(9999, 1, 1, tzinfo=UTC) - _BEGINNING) / timedelta(microseconds=1))

_Text = Annotated[str, WithJsonSchema({"type": "string", "pattern": _SHAPE})]
Place = Annotated[_Text | None, Query(description="`next` of the page before, with the same `q`.")]


def cursor_of(end: End | None, terms: Sequence[str]) -> str | None:
    """The cursor for what comes after, in a search for these terms."""
    if end is None:
        return None
    at, upto = ((moment - _BEGINNING) // timedelta(microseconds=1) for moment in (end.at, end.upto))
    return _LAYOUT.pack(end.rank, at, upto, end.id.bytes, _mark(terms)).hex()


def place_of(cursor: str | None, terms: Sequence[str]) -> End | None:
    """Where a cursor points in a search for these terms, None for the beginning; one that we never gave points
    anywhere. Raises Problem."""
    if not cursor:
        return None
    if not re.fullmatch(_SHAPE, cursor):
        raise Problem(422, "invalid_cursor", "This cursor is not one of ours.")
    rank, at, upto, id_, mark = _LAYOUT.unpack(bytes.fromhex(cursor))
    if mark != _mark(terms):
        raise Problem(
            422, "invalid_cursor", "This cursor is of a search for something else: send the same q."
        )
    return End(rank, _moment(at), UUID(bytes=id_), _moment(upto))


def _mark(terms: Sequence[str]) -> bytes:
    """By which a search is known again. The rank that a cursor holds means nothing in another one."""
    return hashlib.sha256("\n".join(terms).encode()).digest()[:4]


def _moment(microseconds: int) -> datetime:
    return _BEGINNING + timedelta(microseconds=min(microseconds, _MOST))
