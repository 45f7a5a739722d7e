"""Webhooks: signed as Stripe signs them, sent until they are taken, and spoiled on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Final

import httpx

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.rendering import plain
from stripe_stand_in.rules import Rules

# Pauses before the second, third … attempt, in seconds; the last one repeats. Stripe's are minutes to hours.
PAUSES: Final = (1, 2, 5, 15, 60, 300, 1800, 3600)
GIVES_UP_AFTER: Final = 3 * 86400
PATIENCE: Final = 15.0


def signature(secret: str, body: str, at: int) -> str:
    """The `Stripe-Signature` header of a body sent at a time (Unix seconds)."""
    mac = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


@dataclass
class Deliverer:
    """Sends the deliveries of the account, one after the other to each endpoint."""

    account: Account
    rules: Rules
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(timeout=PATIENCE, trust_env=False)
        # What a process was sending when it was stopped is sent again.
        self._execute("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")

    def _execute(self, query: str, *values: object) -> sqlite3.Cursor:
        return self.account.storage.database.execute(query, values)

    async def run(self, rung: asyncio.Event) -> None:
        """Until cancelled."""
        while True:
            rung.clear()
            if await self.deliver_due():
                continue
            try:
                async with asyncio.timeout(self._pause()):
                    await rung.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float:
        row = self._execute("SELECT min(due) AS due FROM deliveries WHERE state = 'pending'").fetchone()
        return min(60.0, max(0.01, row["due"] - time.time())) if row["due"] is not None else 60.0

    async def deliver_due(self) -> bool:
        """Sends the first due delivery of each endpoint; False when there is none."""
        self._sort_new()
        rows = self._execute(
            "SELECT * FROM deliveries WHERE state = 'pending' AND due <= ? ORDER BY due, number", time.time()
        ).fetchall()
        firsts = {row["endpoint"]: row for row in reversed(rows)}
        await asyncio.gather(*(self._send(row) for row in firsts.values()))
        return bool(firsts)

    def _sort_new(self) -> None:
        """Every new delivery meets the rules before it is sent."""
        for row in self._execute("SELECT * FROM deliveries WHERE state = 'new' ORDER BY number").fetchall():
            event = self.account.storage.find(row["event"])
            if event is None:
                self._execute("DELETE FROM deliveries WHERE number = ?", row["number"])
            else:
                self.rules.sort(row["number"], row["endpoint"], event)

    async def _send(self, row: sqlite3.Row) -> None:
        self._execute("UPDATE deliveries SET state = 'sending' WHERE number = ?", row["number"])
        event = self.account.storage.find(row["event"])
        endpoint = self.account.storage.find(row["endpoint"])
        if event is None or endpoint is None or endpoint.get("status") != "enabled":
            self._execute("UPDATE deliveries SET state = 'failed' WHERE number = ?", row["number"])
            return
        answer, taken = await self.post(endpoint, json.dumps(plain(event), indent=2), bool(row["forged"]))
        with self.account.storage.transaction():
            self._record(row, event["id"], answer, taken)

    def _record(self, row: sqlite3.Row, event_id: str, answer: str, taken: bool) -> None:
        attempts = row["attempts"] + 1
        state, due = "delivered", 0.0
        if row["forged"]:
            state = "forged"
        elif not taken:
            pauses = self.account.storage.setting("webhooks", {"pauses": PAUSES})["pauses"]
            due = time.time() + pauses[min(attempts, len(pauses)) - 1]
            state = "pending" if sum(pauses[:attempts]) < GIVES_UP_AFTER else "failed"
        elif (event := self.account.storage.find(event_id)) is not None:
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            self.account.storage.put(event)
        self._execute(
            "UPDATE deliveries SET state = ?, due = ?, attempts = ?, answer = ? WHERE number = ?",
            *(state, due, attempts, answer, row["number"]),
        )

    async def post(self, endpoint: Json, body: str, forged: bool) -> tuple[str, bool]:
        """One attempt: what was answered, and whether it was taken (2xx). Forged: with a wrong secret."""
        secret = "whsec_of_somebody_else" if forged else endpoint["_secret"]
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks) stand-in",
            "stripe-signature": signature(secret, body, int(time.time())),
        }
        try:
            answer = await self.client.post(endpoint["url"], content=body.encode(), headers=headers)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}", False
        return str(answer.status_code), answer.is_success

    def unfinished(self) -> int:
        """How many deliveries are new, being sent, or due by now."""
        row = self._execute(
            "SELECT count(*) AS n FROM deliveries"
            " WHERE state IN ('new', 'sending') OR (state = 'pending' AND due <= ?)",
            time.time(),
        ).fetchone()
        return int(row["n"])
