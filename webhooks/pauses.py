"""When to try again: sooner at first, then ever later, for a day."""

import random
from datetime import datetime, timedelta
from typing import Final

PATIENCE: Final = timedelta(hours=24)
# Seconds; the last one from then on.
_PAUSES: Final = (5, 30, 120, 300, 900, 1800, 3600, 7200, 14400)
# Those that failed together do not come back together.
_JITTER: Final = 0.2


def next_attempt(attempts: int, now: datetime, first_at: datetime) -> datetime | None:
    """When to try again after so many attempts, the one now included; None when a day has passed since the first."""
    end = first_at + PATIENCE
    if now >= end:
        return None
    pause = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nobody gains by guessing it
    return min(now + timedelta(seconds=pause * spread), end)
