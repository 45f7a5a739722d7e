"""Lists: `{data, next}`, with a cursor that says nothing to anyone but us."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query, Schema
from pydantic import Field, WithJsonSchema

from api.errors import Problem

T = TypeVar("T")
M = TypeVar("M", bound=Model)

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
_SHAPE: Final = "^([0-9a-f]{16})?$"
_Place = Annotated[str, WithJsonSchema({"type": "string", "pattern": _SHAPE})]
Cursor = Annotated[_Place | None, Query(description="`next` of the page before.")]
_KEY: Final = "key_"
_MOST: Final = 2**63 - 1  # what PostgreSQL's bigint holds
# So that nobody takes a cursor for a number that they may count with.
_VEIL: Final = 0x5A17_C3E9_48D2_6B0F


class Page(Schema, Generic[T]):
    """One page of a list. `next` is null at the end."""

    data: list[T]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")


def cursor_at(position: int) -> str:
    """The cursor after the row at `position`."""
    return f"{position ^ _VEIL:016x}"


def position_of(cursor: str | None) -> int | None:
    """Where a cursor points, None for the beginning; one that we never gave points anywhere. Raises Problem."""
    number = _number_in(cursor)
    return None if number is None else number & _MOST


def _at_row(row: Model) -> str:
    return cursor_at(row.pk)


def cut(rows: QuerySet[M], limit: int, mark: Callable[[M], str] = _at_row) -> tuple[list[M], str | None]:
    """The first of the rows, and the cursor after the last of them (`mark` makes it) where there are more."""
    found = list(rows[: limit + 1])
    return found[:limit], mark(found[limit - 1]) if len(found) > limit else None


def cut_by_place(rows: QuerySet[M], limit: int, cursor: str | None) -> tuple[list[M], str | None]:
    """`cut` for a list of some tens at most, where a place in it is as good as a key. Raises Problem."""
    start = position_of(cursor) or 0
    return cut(rows[start:], limit, lambda _: cursor_at(start + limit))


def at_key(key: Model) -> str:
    """The cursor after a key, whose id ends in a number of 64 bits."""
    return cursor_at(int(key.pk.removeprefix(_KEY), 16))


def keys_after(keys: QuerySet[M], cursor: str | None) -> QuerySet[M]:
    """Those after the one at which the cursor points, the oldest first; none for a cursor of no key. Raises Problem."""
    ordered = keys.order_by("created_at", "id")
    number = _number_in(cursor)
    if number is None:
        return ordered
    last = keys.filter(id=f"{_KEY}{number:016x}").values_list("created_at", "id").first()
    if last is None:
        return ordered.none()
    return ordered.filter(Q(created_at__gt=last[0]) | Q(created_at=last[0], id__gt=last[1]))


def _number_in(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not re.fullmatch(_SHAPE, cursor):
        raise Problem(422, "invalid_cursor", "This cursor is not one of ours.")
    return int(cursor, 16) ^ _VEIL
