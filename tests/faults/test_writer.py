"""The group writer by itself: poison, locks, answers that never come, and a second process at the same rooms."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from ops.local.paths import PROJECT, PYTHON
from realtime.events import ErrorCode
from rooms.texts import Refused
from rooms.writing import writer as writing
from rooms.writing.work import Written
from rooms.writing.writer import Writer
from tenants import database
from tests.faults.drafts import Desk, Notes, desk_of, write_all
from tests.faults.machine import Machine, stored, tables
from tests.faults.proxy import Wire
from tests.personas import Workspace

NewWorkspace = Callable[..., Workspace]


@pytest.fixture
async def pools() -> AsyncIterator[None]:
    yield
    await database.close_pool()


@pytest.fixture
async def notes() -> Notes:
    return Notes()


@pytest.fixture
async def writer(notes: Notes, pools: None) -> AsyncIterator[Writer]:
    made = Writer(notes)
    yield made
    await made.close()


@pytest.mark.parametrize("state", ["P0001", "54000", "23514", "55000", "XX000"])
async def test_a_poisoned_message_fails_alone(
    workspace: Workspace, elsewhere: Workspace, writer: Writer, notes: Notes, state: str
) -> None:
    """Whatever the database calls its objection: program_limit_exceeded, for one, counts as operational."""
    mine, theirs = await desk_of(workspace), await desk_of(elsewhere)
    _poison(mine, state)
    drafts = [mine.draft(f"mine {n}") for n in range(7)] + [theirs.draft(f"theirs {n}") for n in range(4)]
    poison = mine.draft("poison")
    drafts.insert(5, poison)

    began = time.monotonic()
    outcomes = dict(zip([draft.id for draft in drafts], await write_all(writer, drafts), strict=True))

    assert time.monotonic() - began < writing.PATIENCE / 3
    refused = outcomes.pop(poison.id)
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.INTERNAL_ERROR
    assert all(isinstance(outcome, Written) for outcome in outcomes.values())
    assert Counter(notes.ids) == Counter(outcomes.keys())
    assert _bodies(mine) == [f"mine {n}" for n in range(7)]
    assert _bodies(theirs) == [f"theirs {n}" for n in range(4)]


async def test_a_tenant_whose_room_is_locked_keeps_the_others_waiting_only_briefly(
    workspace: Workspace, elsewhere: Workspace, writer: Writer
) -> None:
    mine, theirs = await desk_of(workspace), await desk_of(elsewhere)
    with _locked(theirs):
        began = time.monotonic()
        written, refused = await write_all(writer, [mine.draft("free"), theirs.draft("locked")])
        assert time.monotonic() - began < 8
        assert isinstance(written, Written)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.retry_after) == (ErrorCode.RATE_LIMITED, 1.0)
    assert isinstance((await write_all(writer, [theirs.draft("free again")]))[0], Written)


@pytest.mark.parametrize("fault", ["cuts", "silences"])
async def test_a_commit_whose_answer_was_lost_is_written_once(
    workspace: Workspace, notes: Notes, pools: None, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async with Wire(settings.DATABASE_URL).open() as wire:
        with monkeypatch.context() as patched:
            patched.setattr(database, "LONGEST_USE", 1.0)
            patched.setattr(settings, "DATABASE_URL", wire.url)
            writer, here = Writer(notes), await desk_of(workspace)
            drafts = [here.draft(f"message {n}", client_id=f"c-{n}") for n in range(5)]
            setattr(wire, fault, 2)
            outcomes = await write_all(writer, drafts)
            assert (wire.cuts, wire.silences) == (0, 0)
            await writer.close()
            await database.close_pool()

    assert [outcome.seq for outcome in outcomes if isinstance(outcome, Written)] == [1, 2, 3, 4, 5]
    assert notes.ids == [draft.id for draft in drafts]
    assert _bodies(here) == [draft.body for draft in drafts]


async def test_senders_are_told_to_come_back_when_the_database_stays_away(
    workspace: Workspace, notes: Notes, pools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await desk_of(workspace)
    await database.close_pool()
    async with Wire(settings.DATABASE_URL).open() as wire:
        nobody_there = wire.url
    with monkeypatch.context() as patched:
        patched.setattr(settings, "DATABASE_URL", nobody_there)
        patched.setattr(database, "_LONGEST_WAIT", 0.2)
        patched.setattr(writing, "PATIENCE", 0.5)
        patched.setattr(writing, "MOST_WAITING", 3)
        writer = Writer(notes)
        first = asyncio.create_task(write_all(writer, [here.draft("first")]))
        await asyncio.sleep(0.05)  # it has left the queue
        began = time.monotonic()
        outcomes = await write_all(writer, [here.draft(f"waiting {n}") for n in range(4)])
        outcomes += await first
        assert time.monotonic() - began < 5
        await writer.close()
        await database.close_pool()

    assert [outcome.code for outcome in outcomes if isinstance(outcome, Refused)] == [
        ErrorCode.RATE_LIMITED
    ] * 5
    assert all(outcome.retry_after for outcome in outcomes if isinstance(outcome, Refused))
    assert notes.announced == []
    assert _bodies(here) == []


async def test_two_processes_at_the_same_rooms_write_each_message_once(machine: Machine) -> None:
    for _ in range(10):  # on a busy machine one may be through before the other begins
        if await _both_wrote(machine):
            return
    raise AssertionError("they were never at it at the same time")


async def _both_wrote(machine: Machine) -> bool:
    """Whether each of the two wrote some of what both were given; that each was written once is made sure anyway."""
    slugs = [machine.workspace().slug for _ in range(2)]
    client_ids = [f"c-{n}" for n in range(60)]
    rooms = ["one", "two", "three"]
    order = json.dumps({"slugs": slugs, "rooms": rooms, "client_ids": client_ids})
    hammers = [_hammer(machine, order) for _ in range(2)]
    try:
        for hammer in hammers:
            assert hammer.stdout is not None
            assert await asyncio.to_thread(hammer.stdout.readline) == "ready\n"
        for hammer in hammers:
            assert hammer.stdin is not None
            hammer.stdin.write("go\n")
            hammer.stdin.flush()
        answers = [await asyncio.to_thread(hammer.communicate, timeout=30) for hammer in hammers]
    finally:
        for hammer in hammers:
            hammer.kill()

    first, second = (json.loads(out) for out, _ in answers)
    assert first["outcomes"] == second["outcomes"]
    assert len(first["outcomes"]) == len(slugs) * len(rooms) * len(client_ids)
    assert sorted(first["announced"] + second["announced"]) == sorted(
        id_ for id_, _ in first["outcomes"].values()
    )
    with machine.database() as db:
        for slug in slugs:
            schema = db.execute("SELECT schema_name FROM tenants_tenant WHERE slug = %s", [slug]).fetchone()
            assert schema is not None
            for room in rooms:
                kept = stored(db, schema[0], room)
                assert [each.seq for each in kept] == list(range(1, len(client_ids) + 1))
                assert [each.rev for each in kept] == [each.seq for each in kept]
                assert {each.client_id for each in kept} == set(client_ids)
                for each in kept:
                    assert first["outcomes"][f"{slug} {room} {each.client_id}"] == [each.message_id, each.seq]
    return min(len(first["announced"]), len(second["announced"])) > 0


def _hammer(machine: Machine, order: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PYTHON, "-m", "tests.faults.hammer", order],
        env=machine.stack.env,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _poison(where: Desk, state: str) -> None:
    names = {
        "function": sql.Identifier(where.tenant.schema_name, "poison"),
        **tables(where.tenant.schema_name),
    }
    body = f"BEGIN IF NEW.body = 'poison' THEN RAISE EXCEPTION USING ERRCODE = '{state}'; END IF; RETURN NEW; END"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as db:
        db.execute(
            sql.SQL("CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {body}").format(
                body=sql.Literal(body), **names
            )
        )
        db.execute(
            sql.SQL(
                "CREATE TRIGGER poison BEFORE INSERT ON {messages} FOR EACH ROW EXECUTE FUNCTION {function}()"
            ).format(**names)
        )


@contextmanager
def _locked(where: Desk) -> Iterator[None]:
    lock = sql.SQL("SELECT FROM {rooms} WHERE id = %s FOR UPDATE").format(**tables(where.tenant.schema_name))
    with psycopg.connect(settings.DATABASE_URL) as db:
        db.execute(lock, [where.room_id])
        yield
        db.rollback()


def _bodies(where: Desk) -> list[str]:
    """What the room holds, in order; its numbers must have no gap."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as db:
        kept = stored(db, where.tenant.schema_name, where.room)
    assert [each.seq for each in kept] == list(range(1, len(kept) + 1))
    assert [each.rev for each in kept] == [each.seq for each in kept]
    return [each.body for each in kept]
