"""Where objects are kept: one SQLite file, one writer, every request a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from stripe_stand_in import Json

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS objects (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, customer TEXT,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, customer, number);
CREATE TABLE IF NOT EXISTS agenda (
  object TEXT NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL, rank INTEGER NOT NULL, timeline TEXT NOT NULL,
  PRIMARY KEY (object, what));
CREATE INDEX IF NOT EXISTS agenda_by_time ON agenda (timeline, at, rank);
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, path TEXT NOT NULL, parameters TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  request TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, forged INTEGER NOT NULL DEFAULT 0, rule INTEGER,
  answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, due);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES: Final = ("objects", "agenda", "answers", "deliveries", "settings")


class Storage:
    """Objects by id. What is handed out is the caller's own copy: nothing changes until it is put back."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        # A stand-in's data may be lost with the machine; waiting for the disk would only slow tests.
        self.database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _TABLES)
        self._depth = 0

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one it is a part that may fail by itself."""
        name = f"level{self._depth}"
        self.database.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self.database.execute("ROLLBACK")
            else:
                self.database.execute(f"ROLLBACK TO {name}")
                self.database.execute(f"RELEASE {name}")
            raise
        self._depth -= 1
        self.database.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def put(self, thing: Json) -> None:
        customer = thing.get("customer")
        self.database.execute(
            "INSERT INTO objects (id, kind, customer, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, body = excluded.body",
            (thing["id"], thing["object"], customer, json.dumps(thing)),
        )

    def find(self, id_: str) -> Json | None:
        row = self.database.execute("SELECT body FROM objects WHERE id = ?", (id_,)).fetchone()
        return cast(Json, json.loads(row["body"])) if row else None

    def delete(self, id_: str) -> None:
        self.database.execute("DELETE FROM objects WHERE id = ?", (id_,))

    def all(self, kind: str, customer: str | None = None) -> list[Json]:
        """Newest first."""
        query, values = "SELECT body FROM objects WHERE kind = ?", [kind]
        if customer is not None:
            query, values = f"{query} AND customer = ?", [kind, customer]
        rows = self.database.execute(f"{query} ORDER BY number DESC", values)
        return [json.loads(row["body"]) for row in rows]

    def setting(self, name: str, otherwise: Json) -> Json:
        row = self.database.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return cast(Json, json.loads(row["value"])) if row else otherwise

    def set(self, name: str, value: Json) -> None:
        self.database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    def empty(self) -> None:
        for table in TABLES:
            self.database.execute(f"DELETE FROM {table}")  # noqa: S608 — names of our own
