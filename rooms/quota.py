"""The rooms of a plan, counted one at a time: two processes that make a room at once must not both find the last place
free. Nobody but whoever makes rooms of the same workspace waits."""

from typing import Final

from django.db import connection

# Held until the transaction ends; to be taken before rooms are counted, in a statement of its own: a statement sees
# the database as it was when it began.
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def lock_name(schema: str) -> str:
    """What LOCK is to be given."""
    return f"{schema}: rooms"


def hold(schema: str) -> None:
    """Take the workspace's lock for the rest of this transaction. For sync code."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [lock_name(schema)])
