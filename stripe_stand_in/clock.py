"""Times and billing periods. Every time is in whole Unix seconds, every period in UTC."""

from __future__ import annotations

import calendar
import time
from datetime import UTC, datetime, timedelta
from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400


def real() -> int:
    return int(time.time())


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def later(start: int, interval: str, count: int) -> int:
    """`start` moved by `count` days, weeks, months or years; the 31st becomes the last day of a shorter month."""
    at = moment(start)
    if interval in ("day", "week"):
        return int((at + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = at.month - 1 + count * (12 if interval == "year" else 1)
    year, month = at.year + months // 12, months % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return int(at.replace(year=year, month=month, day=day).timestamp())


def period_end(anchor: int, start: int, interval: str, count: int) -> int:
    """The first end of a period after `start`, where periods are counted from the anchor."""
    turns = 1
    while (end := later(anchor, interval, turns * count)) <= start:
        turns += 1
    # An anchor ahead (the end of a trial, a date that was asked for) ends the first, short period.
    while anchor > start and later(anchor, interval, (turns - 1) * count) > start:
        turns -= 1
        end = later(anchor, interval, turns * count)
    return end


def day(seconds: int) -> str:
    """As on an invoice: 3 Nov 2026."""
    at = moment(seconds)
    return f"{at.day} {at:%b %Y}"
