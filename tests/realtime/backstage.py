"""What a test does behind the product's back, without the product's code: fill rooms, age messages, look into Redis."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import redis
from psycopg import sql

from tests.personas import Workspace

# The tables of a schema, but for the search index, which the worker brings up at any moment. pg_tables would look at
# those of all schemas, of which a test run makes thousands.
TABLES = """
    SELECT c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = %s::regnamespace
    AND d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p')
    AND c.relname NOT IN ('rooms_searchentry', 'rooms_searchmark')
"""


# Connections that nobody uses just now, by address: opening one takes as long as ten queries.
_idle: dict[str, list[psycopg.Connection[Any]]] = {}


@contextmanager
def database() -> Iterator[psycopg.Connection[Any]]:
    """A connection of one's own to the stack's database, on which each statement is committed at once. What it is set
    to is whatever the one before left."""
    url = os.environ["DATABASE_URL"]
    idle = _idle.setdefault(url, [])
    try:
        db = idle.pop()
    except IndexError:
        db = psycopg.connect(url, autocommit=True)
    try:
        yield db
    except BaseException:
        db.close()
        raise
    idle.append(db)


def rows(workspace: Workspace, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run SQL with the workspace's schema as the search path."""
    with database() as db:
        schema = sql.Identifier(f"t{_id_in(db, workspace)}")
        db.execute(sql.SQL("SET search_path = {}, public").format(schema))
        cursor = db.execute(query, values)
        return cursor.fetchall() if cursor.description else []


def schema_of(workspace: Workspace) -> str:
    return f"t{tenant_id_of(workspace)}"


def tenant_id_of(workspace: Workspace) -> int:
    with database() as db:
        return _id_in(db, workspace)


def _id_in(db: psycopg.Connection[Any], workspace: Workspace) -> int:
    row = db.execute("SELECT id FROM public.tenants_tenant WHERE slug = %s", [workspace.slug]).fetchone()
    assert row is not None
    return int(row[0])


def fill(workspace: Workspace, count: int, room: str = "general", text: str = "message") -> None:
    """Put `count` more messages by `filler` into a room, as the writer would have."""
    rows(
        workspace,
        "INSERT INTO accounts_member (external_id, kind, role, name, avatar, password, created_at) "
        "VALUES ('filler', 'user', '', '', '', '!', now()) ON CONFLICT DO NOTHING",
    )
    rows(
        workspace,
        """
        WITH room AS (UPDATE rooms_room SET last_seq = last_seq + %s, last_rev = last_rev + %s WHERE name = %s
                      RETURNING id, last_seq, last_rev)
        INSERT INTO rooms_message (id, room_id, seq, rev, sender_id, body, created_at)
        SELECT gen_random_uuid(), room.id, room.last_seq - n, room.last_rev - n, m.id, %s, now()
        FROM room, accounts_member m, generate_series(0, %s - 1) AS n WHERE m.external_id = 'filler'
        """,
        count,
        count,
        room,
        text,
        count,
    )


def shared() -> redis.Redis:
    """The Redis that all processes share."""
    return redis.Redis.from_url(os.environ["REDIS_URL"])


async def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Look until something holds."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
