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
        raise Problem(422, "invalid_cursor", "This cursor is not one of ours.")
    return position
