"""Idempotency keys: the same request under the same key is done once and answered alike."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from stripe_stand_in import Json, clock
from stripe_stand_in.errors import idempotency_error
from stripe_stand_in.storage import Storage

KEPT_FOR = clock.DAY


@dataclass(frozen=True)
class Answer:
    """A stored answer: its status, its body, and the id of the request that got it first."""

    status: int
    body: str
    request: str


@dataclass
class Keys:
    """The keys of the last 24 hours (of the machine's time), and those being worked on."""

    storage: Storage
    _busy: set[str] = field(default_factory=set)

    def replay(self, key: str, path: str, params: Json) -> Answer | None:
        """The first answer; refused when the key was used for something else, or is being worked on."""
        if key in self._busy:
            raise idempotency_error(
                "There is currently another in-progress request using this Idempotent Key (that probably means you"
                f" submitted twice, and the other request is still going through): {key}.",
                409,
                "idempotency_key_in_use",
            )
        row = self.storage.database.execute(
            "SELECT * FROM answers WHERE key = ? AND created > ?", (key, clock.real() - KEPT_FOR)
        ).fetchone()
        if row is None:
            return None
        if row["path"] != path:
            raise idempotency_error(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for"
                f" ('{path}' vs '{row['path']}'). Try using a key other than '{key}'."
            )
        if row["parameters"] != _digest(params):
            raise idempotency_error(
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request."
            )
        return Answer(row["status"], row["body"], row["request"])

    def begin(self, key: str) -> None:
        self._busy.add(key)

    def end(self, key: str) -> None:
        self._busy.discard(key)

    def keep(self, key: str, path: str, params: Json, answer: Answer) -> None:
        self.storage.database.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, path, _digest(params), answer.status, answer.body, answer.request, clock.real()),
        )


def _digest(params: Json) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
