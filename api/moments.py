"""Moments in time as callers write them: RFC 3339, with an offset."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import BeforeValidator, WithJsonSchema

_WITH_OFFSET = Annotated[datetime, msgspec.Meta(tz=True)]


def _moment(said: object) -> datetime:
    if not isinstance(said, str):
        raise ValueError("a moment is a string")
    try:
        # In UTC at once: what lies beyond its calendar can be stored, and then not be read again.
        return msgspec.convert(said, _WITH_OFFSET).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise ValueError("a moment is written as RFC 3339 has it, such as 2030-01-31T12:00:00Z") from None


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
