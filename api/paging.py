"""Lists: `{data, next}`, with a cursor that says nothing to anyone but us."""

import base64
from typing import Annotated, Generic, TypeVar

from ninja import Query, Schema
from pydantic import Field

from api.errors import Problem

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before.")]


class Page(Schema, Generic[T]):
    """One page of a list. `next` is null at the end."""

    data: list[T]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")


def cursor_at(position: int) -> str:
    """The cursor after the row at `position`."""
    return base64.urlsafe_b64encode(f"v1:{position}".encode()).decode().rstrip("=")


def cursor_after(id_: str) -> str:
    """The cursor after the row with this id, for lists whose rows are not numbered."""
    return base64.urlsafe_b64encode(f"v1:{id_}".encode()).decode().rstrip("=")


def id_in(cursor: str | None) -> str | None:
    """The id after which a cursor points, None for the beginning. Raises Problem."""
    if not cursor:
        return None
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        said = ""
    id_ = said.removeprefix("v1:")
    if not id_.isascii() or not id_.isprintable() or cursor_after(id_) != cursor:
        raise invalid_cursor()
    return id_


def invalid_cursor() -> Problem:
    return Problem(422, "invalid_cursor", "This cursor is not one of ours.")


def position_of(cursor: str | None) -> int | None:
    """Where a cursor points, None for the beginning. Raises Problem."""
    if not cursor:
        return None
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        position = int(said.removeprefix("v1:"))
    except ValueError:
        position = -1
    if not 0 <= position < 2**62 or cursor_at(position) != cursor:
        raise invalid_cursor()
    return position
