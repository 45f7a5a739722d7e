"""A transaction in one round trip: its rows, its faults, and what stays on the connection."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tenants import pipeline
from tenants.pipeline import PREPARED_AT, Statement, WritingConnection, numbered

MAKE = Statement(b"CREATE TEMPORARY TABLE told (n int)")
TELL, ALL = b"INSERT INTO told VALUES ($1) RETURNING n", Statement(b"SELECT n FROM told ORDER BY n")
BROKEN = Statement(b"SELECT 1 / $1::int", (0,))


@pytest.fixture
async def db() -> AsyncIterator[WritingConnection]:
    connection = await WritingConnection.connect(
        settings.DATABASE_URL, autocommit=True, prepare_threshold=None
    )
    async with connection:
        await connection.settle()
        await connection.transact([MAKE])
        yield connection


async def prepared(db: WritingConnection) -> int:
    row = await (await db.execute("SELECT count(*) FROM pg_prepared_statements")).fetchone()
    return int(row[0]) if row else 0


async def setting(db: WritingConnection, name: str) -> Any:
    return (await db.transact([Statement(f"SHOW {name}".encode())]))[0][0][0]


def test_values_are_numbered_in_the_order_of_their_first_use() -> None:
    assert numbered(b"%(a)s + %(b)s::int + %(a)s") == (b"$1 + $2::int + $1", ("a", "b"))


async def test_each_statement_answers_with_its_rows(db: WritingConnection) -> None:
    told = await db.transact(
        [Statement(TELL, (1,)), Statement(b"DELETE FROM told"), Statement(TELL, (2,)), ALL]
    )
    assert told == [[(1,)], [], [(2,)], [(2,)]]


@pytest.mark.parametrize("rounds", [0, PREPARED_AT + 1], ids=["at once", "once prepared"])
async def test_a_fault_undoes_all_of_it_and_the_connection_goes_on(
    db: WritingConnection, rounds: int
) -> None:
    told = Statement(TELL, (1,))
    for _ in range(rounds):
        await db.transact([told])
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await db.transact([told, BROKEN, told, ALL])
        assert await db.transact([ALL]) == [[(1,)] * rounds]
    assert not db.closed


async def test_a_fault_before_statements_that_are_just_being_prepared_harms_only_its_own(
    db: WritingConnection,
) -> None:
    others = [Statement(b"SELECT $1::int + %d" % n, (1,)) for n in range(5)]
    for _ in range(PREPARED_AT + 2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await db.transact([BROKEN, *others])
        for _ in range(PREPARED_AT):
            assert await db.transact(others) == [[(1 + n,)] for n in range(5)]


async def test_a_connection_that_broke_is_closed(db: WritingConnection) -> None:
    with pytest.raises(psycopg.OperationalError):
        await db.transact([Statement(b"SELECT pg_terminate_backend(pg_backend_pid())"), ALL])
    assert db.closed


async def test_what_comes_often_is_prepared_once_and_so_much_at_most(
    db: WritingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MOST_PREPARED", 20)
    often = Statement(b"SELECT $1::int", (1,))
    for _ in range(PREPARED_AT - 1):
        await db.transact([often])
    assert await prepared(db) == 0
    for _ in range(5):
        await db.transact([often])
    assert await prepared(db) == 1
    for n in range(100):
        for _ in range(PREPARED_AT):
            assert await db.transact([Statement(b"SELECT $1::int + %d" % n, (1,))]) == [[(1 + n,)]]
        assert await prepared(db) <= 21


async def test_what_is_set_holds_for_the_session_or_behind_a_pooler_for_the_transaction(
    db: WritingConnection,
) -> None:
    assert db.keeps_session
    assert await setting(db, "lock_timeout") == "2s"
    assert await setting(db, "enable_seqscan") == "off"
    pooled = await WritingConnection.connect(settings.DATABASE_URL, autocommit=True, prepare_threshold=None)
    async with pooled:  # as if `settle` had found that the session is somebody else's in between
        assert await setting(pooled, "lock_timeout") == "2s"
        assert await setting(pooled, "enable_seqscan") == "on"
        for _ in range(PREPARED_AT + 1):
            await pooled.transact([Statement(b"SELECT $1::int", (1,))])
        assert await prepared(pooled) == 0
        row = await (await pooled.execute("SHOW lock_timeout")).fetchone()
        assert row == ("0",)
