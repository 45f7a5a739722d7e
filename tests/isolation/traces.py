"""Whose is what somebody saw? Everything in a workspace of this folder's tests carries the workspace's mark."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator

from psycopg import sql

from tests.realtime.backstage import TABLES, database

# A slug that no prose resembles: it stands in hosts, names, texts, titles and mail addresses.
MARK = re.compile(r"iso[0-9a-f]{14}")
# Ids that Snug makes up, which are nowhere the same in two workspaces.
OWN_ID = re.compile(r"staff:[0-9a-f]{12}|guest:[0-9a-f]{16}|key_[0-9A-Za-z]+")
MESSAGE_ID = re.compile(r'"(?:message_id|reply_to|id)": ?"([0-9a-f]{8}-[0-9a-f-]{27})"')
MOST_COMPLAINTS = 20


def new_mark() -> str:
    return f"iso{secrets.token_hex(7)}"


class Ledger:
    """What all the people of one workspace were shown: frames, answers, mails."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.seen: list[tuple[str, str]] = []

    def note(self, where: str, text: str) -> None:
        self.seen.append((where, text))

    def complaints(self, ids: set[str]) -> list[str]:
        """What was shown here and belongs elsewhere. `ids` are all those that this workspace has."""
        found = (
            f"{where}: {what} in {text[:300]!r}"
            for where, text in self.seen
            for what in self._strange(text, ids)
        )
        return [complaint for complaint, _ in zip(found, range(MOST_COMPLAINTS), strict=False)]

    def marked(self) -> int:
        """How many of the things seen name this workspace."""
        return sum(self.mark in text for _, text in self.seen)

    def _strange(self, text: str, ids: set[str]) -> Iterator[str]:
        for mark in set(MARK.findall(text)) - {self.mark}:
            yield f"the mark {mark}"
        for id_ in {*OWN_ID.findall(text), *MESSAGE_ID.findall(text)} - ids:
            yield f"the id {id_}"


def rows_of(schema: str) -> dict[str, list[str]]:
    """Every row of a schema as JSON, by table. Without the product's code: it is what is being tested."""
    with database() as db:
        tables = db.execute(TABLES, [schema]).fetchall()
        query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t")
        return {
            table: [row for (row,) in db.execute(query.format(sql.Identifier(schema, table)))]
            for (table,) in tables
        }


def foreign_rows(mark: str, rows: dict[str, list[str]]) -> list[str]:
    """Rows in a workspace's schema that carry another workspace's mark."""
    return [
        f"{table}: {row[:300]}"
        for table, table_rows in rows.items()
        for row in table_rows
        if set(MARK.findall(row)) - {mark}
    ]


def gaps(seqs: Iterable[int]) -> list[int]:
    """Where a room's numbers are not 1, 2, 3 …: those missing or there twice."""
    numbers = sorted(seqs)
    return sorted({*range(1, len(numbers) + 1)} ^ {*numbers}) or [
        n for n in set(numbers) if numbers.count(n) > 1
    ]
