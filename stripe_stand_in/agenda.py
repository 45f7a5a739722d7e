"""What is to happen when, on each timeline: the real one, and one a test clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stripe_stand_in.storage import Storage


class Work(StrEnum):
    """Kinds of work; of several at the same second the one further up is done first."""

    SCHEDULE_PHASE = "schedule.phase"
    SUBSCRIPTION_CANCEL = "subscription.cancel"
    SUBSCRIPTION_PERIOD = "subscription.period"
    SUBSCRIPTION_EXPIRE = "subscription.expire"
    PENDING_UPDATE_EXPIRE = "subscription.pending_update"
    COLLECTION_RESUME = "subscription.resume_collection"
    TRIAL_WILL_END = "subscription.trial_will_end"
    INVOICE_UPCOMING = "invoice.upcoming"
    INVOICE_FINALIZE = "invoice.finalize"
    INVOICE_RETRY = "invoice.retry"
    INVOICE_OVERDUE = "invoice.overdue"
    CHECKOUT_EXPIRE = "checkout.expire"


_RANKS = {work: rank for rank, work in enumerate(Work)}


@dataclass(frozen=True)
class Due:
    """One entry: the object, what is to be done with it, and when."""

    object: str
    work: Work
    at: int


class Agenda:
    """An object has at most one entry of a kind."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, object_: str, work: Work, at: int | None, timeline: str | None) -> None:
        """None as the time takes the entry away."""
        self.drop(object_, work)
        if at is not None:
            self._storage.database.execute(
                "INSERT INTO agenda (object, what, at, rank, timeline) VALUES (?, ?, ?, ?, ?)",
                (object_, work, at, _RANKS[work], timeline or ""),
            )

    def drop(self, object_: str, work: Work | None = None) -> None:
        query, values = "DELETE FROM agenda WHERE object = ?", [object_]
        if work is not None:
            query, values = f"{query} AND what = ?", [object_, work]
        self._storage.database.execute(query, values)

    def first(self, timeline: str | None, until: int) -> Due | None:
        row = self._storage.database.execute(
            "SELECT object, what, at FROM agenda WHERE timeline = ? AND at <= ? ORDER BY at, rank, rowid LIMIT 1",
            (timeline or "", until),
        ).fetchone()
        return Due(row["object"], Work(row["what"]), row["at"]) if row else None
