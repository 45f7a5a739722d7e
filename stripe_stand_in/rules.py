"""What happens to webhooks on their way, on demand: held, dropped, doubled, delayed, reordered, forged."""

from __future__ import annotations

import time
from fnmatch import fnmatch
from typing import Any, Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account

ACTIONS: Final = ("hold", "drop", "double", "delay", "forge", "reorder")


class Rules:
    """Rules in the order in which they were made; the first that fits a delivery decides.

    A rule: `action`, `types` (patterns, default all), `customer` (default every), `times` (how many deliveries it is
    for, default all), `seconds` (of a delay), `count` (how many a reorder gathers before it lets them go, last first).
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def all(self) -> list[Json]:
        found: list[Json] = self._account.storage.setting("rules", {"rules": []})["rules"]
        return found

    def _keep(self, rules: list[Json]) -> None:
        self._account.storage.set("rules", {"rules": rules})

    def add(self, rule: Json) -> Json:
        rules = self.all()
        number = max((one["id"] for one in rules), default=0) + 1
        self._keep([*rules, rule | {"id": number, "met": 0}])
        return rule | {"id": number}

    def clear(self) -> None:
        self._keep([])

    def sort(self, number: int, endpoint: str, event: Json) -> None:
        """Decides on a new delivery."""
        rules = self.all()
        rule = next((one for one in rules if _fits(one, event)), None)
        if rule is None:
            self._set(number, "pending", time.time())
            return
        rule["met"] += 1
        self._keep(rules)
        action = rule["action"]
        if action == "drop":
            self._set(number, "dropped", 0)
        elif action == "hold":
            self._set(number, "held", 0)
        elif action == "delay":
            self._set(number, "pending", time.time() + rule["seconds"])
        elif action == "double":
            self._set(number, "pending", time.time())
            self.again(event["id"], endpoint)
        elif action == "forge":
            self._set(number, "pending", time.time(), forged=True)
        else:
            self._gather(number, rule)

    def _gather(self, number: int, rule: Json) -> None:
        self._set(number, "held", 0, rule=rule["id"])
        rows = self._execute(
            "SELECT number FROM deliveries WHERE state = 'held' AND rule = ? ORDER BY number DESC", rule["id"]
        ).fetchall()
        if len(rows) >= rule["count"]:
            self.release([row["number"] for row in rows])

    def release(self, numbers: list[int]) -> None:
        """Lets held deliveries go, in this order."""
        now = time.time()
        for place, number in enumerate(numbers):
            self._set(number, "pending", now - 1 + place / 1000)

    def again(self, event: str, endpoint: str, forged: bool = False) -> int:
        """One more delivery of an event, past all rules."""
        cursor = self._execute(
            "INSERT INTO deliveries (event, endpoint, state, due, forged) VALUES (?, ?, 'pending', ?, ?)",
            *(event, endpoint, time.time(), int(forged)),
        )
        return int(cursor.lastrowid or 0)

    def _set(
        self, number: int, state: str, due: float, *, forged: bool = False, rule: int | None = None
    ) -> None:
        self._execute(
            "UPDATE deliveries SET state = ?, due = ?, forged = ?, rule = ? WHERE number = ?",
            *(state, due, int(forged), rule, number),
        )

    def _execute(self, query: str, *values: object) -> Any:
        return self._account.storage.database.execute(query, values)


def _fits(rule: Json, event: Json) -> bool:
    if rule.get("times") is not None and rule["met"] >= rule["times"]:
        return False
    if rule.get("customer") and event.get("_customer") != rule["customer"]:
        return False
    return any(fnmatch(event["type"], pattern) for pattern in rule.get("types") or ["*"])
