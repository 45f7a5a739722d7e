"""A product to break: a stack with durable storage, its processes, what its database holds, and how well it is."""

import asyncio
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import psycopg
import redis
from psycopg import sql

from ops.local import Stack
from realtime import groups
from tests.personas import PASSWORD, Chat, Workspace

PATIENCE = 30.0
# What a web process logs only through a fault of our own.
FAULTS = ("Traceback", "never retrieved", "never awaited", "was destroyed", "was not announced")


@dataclass(frozen=True)
class Stored:
    """A message as the database holds it."""

    seq: int
    rev: int
    message_id: str
    sender: str
    client_id: str
    body: str
    deleted: bool
    reactions: dict[str, int]


class Machine:
    """A stack to be hurt, for the length of one test."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._logs_began = {log: log.stat().st_size for log in self._logs()}

    def workspace(self, plan: str = "business") -> Workspace:
        """A workspace of its own, opened by the product's command."""
        slug = f"f{secrets.token_hex(6)}"
        owner = ("--owner-email", f"alice@{slug}.example", "--owner-password", PASSWORD)
        told = json.loads(self.stack.manage("create_tenant", slug, "--plan", plan, *owner, "--json"))
        return Workspace(
            slug=slug,
            host=told["host"].partition(":")[0],
            owner_email=told["owner"]["email"],
            owner_id=told["owner"]["id"],
            key_id=told["api_key"]["id"],
            secret=told["api_key"]["secret"],
            signing_secret=told["api_key"]["signing_secret"],
            ports=tuple(self.stack.web_ports),
        )

    # ---- its database

    def database(self) -> psycopg.Connection[Any]:
        """A connection of the test's own."""
        return psycopg.connect(self.stack.own_env["DATABASE_URL"], autocommit=True)

    async def until_waiting_for_lock(self) -> None:
        """Return once a statement of the product waits for a lock."""
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        async with asyncio.timeout(5):
            with self.database() as db:
                while not db.execute(waiting).fetchone():
                    await asyncio.sleep(0.005)

    def schema(self, workspace: Workspace) -> str:
        named = "SELECT schema_name FROM public.tenants_tenant WHERE slug = %s"
        with self.database() as db:
            row = db.execute(named, [workspace.slug]).fetchone()
        assert row is not None
        return str(row[0])

    def sessions(self) -> list[int]:
        """PostgreSQL's processes that serve the product, the oldest first."""
        with self.database() as db:
            rows = db.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid() ORDER BY backend_start"
            ).fetchall()
        return [int(row[0]) for row in rows]

    # ---- hurting it

    def kill(self, *names: str) -> Callable[[], float]:
        """`kill -9`. Call the answer to wait for recovery: the seconds until everything served again."""
        began = time.monotonic()
        killed = [(name, self.stack.kill(name)) for name in names]

        def recovered() -> float:
            for name, pid in killed:
                self.stack.wait_until_restarted(name, pid, PATIENCE)
            return time.monotonic() - began

        return recovered

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a process and its children (SIGSTOP) for the length of a block."""
        parent = self.stack.processes[name]
        os.kill(parent, signal.SIGSTOP)
        # Only now: it makes no more of them, and buries none, so that none can be gone when it is told to go on.
        pids = family(parent)
        try:
            for pid in pids[1:]:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)

    # ---- how it is

    def memory(self, name: str) -> int:
        """Resident bytes of a process."""
        status = Path(f"/proc/{self.stack.processes[name]}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024

    def readiness(self, process: int) -> int:
        """The status of `/readyz` of one web process; 0 when it does not answer."""
        connection = HTTPConnection("127.0.0.1", self.stack.web_ports[process], timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()

    def said(self, most: int = 80) -> str:
        """The end of what the web processes logged since the test began."""
        return "\n".join(f"{name}:\n" + "\n".join(lines[-most:]) for name, lines in self._lines())

    def complaints(self) -> list[str]:
        """Lines that the web processes logged since then through a fault of our own."""
        return [
            f"{name}: {line}"
            for name, lines in self._lines()
            for line in lines
            if any(fault in line for fault in FAULTS)
        ]

    def _logs(self) -> list[Path]:
        return sorted(self.stack.data_dir.logs.glob("web-?.log"))

    def _lines(self) -> Iterator[tuple[str, list[str]]]:
        for log in self._logs():
            with log.open("rb") as file:
                file.seek(min(self._logs_began.get(log, 0), log.stat().st_size))
                yield log.stem, file.read().decode(errors="replace").splitlines()


@dataclass(frozen=True)
class Home:
    """A room to talk in while things break."""

    machine: Machine
    workspace: Workspace
    room: str
    schema: str

    @classmethod
    def made(cls, machine: Machine, workspace: Workspace) -> Self:
        room = f"r{secrets.token_hex(6)}"
        with workspace.api() as api:
            assert api.post("/api/v1/rooms", json={"name": room, "kind": "public"}).status_code == 201
        return cls(machine, workspace, room, machine.schema(workspace))

    @asynccontextmanager
    async def chat(self, name: str, *, process: int, query: str = "") -> AsyncIterator[Chat]:
        """A socket to the room."""
        token = self.workspace.token(name)
        async with self.workspace.chat(token, self.room, process=process, query=query) as chat:
            yield chat

    @asynccontextmanager
    async def pair(self) -> AsyncIterator[tuple[Chat, Chat]]:
        """Bob on the first process, who will talk, and Ann on the second, who will listen."""
        async with self.chat("bob", process=0) as bob, self.chat("ann", process=1) as ann:
            await bob.entered()
            await ann.entered()
            assert (await bob.next())["user_id"] == "ann"
            yield bob, ann

    async def opens(self) -> list[int]:
        """Open a new socket on every process and say something there; the status of `/readyz` of each."""
        for process in range(len(self.workspace.ports)):
            async with self.chat("late", process=process) as chat:
                await chat.entered()
                await chat.say("is anybody there?")
        processes = range(len(self.workspace.ports))
        return [await asyncio.to_thread(self.machine.readiness, process) for process in processes]

    def stored(self) -> list[Stored]:
        """Every message of the room as the database holds it, by seq."""
        with self.machine.database() as db:
            return stored(db, self.schema, self.room)

    def unannounced(self, sender: str, client_id: str, text: str) -> int:
        """A message that was committed and never published, as by a process that died in between; its seq."""
        numbered = sql.SQL(
            "WITH r AS (UPDATE {rooms} SET last_seq = last_seq + 1, last_rev = last_rev + 1 WHERE name = %s "
            "RETURNING id, last_seq, last_rev) INSERT INTO {messages} "
            "(id, room_id, seq, rev, sender_id, body, client_id, created_at) SELECT gen_random_uuid(), r.id, "
            "last_seq, last_rev, m.id, %s, %s, now() FROM r, {members} m WHERE m.external_id = %s RETURNING seq"
        ).format(**tables(self.schema))
        with self.machine.database() as db:
            row = db.execute(numbered, [self.room, text, client_id, sender]).fetchone()
        assert row is not None
        return int(row[0])

    def leases(self) -> int:
        """How many connections of the workspace count against its plan now."""
        with self.redis() as client:
            return int(client.zcount(groups.leases(self._tenant_id), time.time() * 1000, "+inf"))

    def redis(self) -> "redis.Redis":
        """A client of the test's own."""
        return redis.Redis.from_url(self.machine.stack.own_env["REDIS_URL"])

    def people_key(self) -> str:
        """Where Redis holds who is in the room."""
        query = sql.SQL("SELECT id FROM {rooms} WHERE name = %s").format(**tables(self.schema))
        with self.machine.database() as db:
            row = db.execute(query, [self.room]).fetchone()
        assert row is not None
        return groups.people(self._tenant_id, row[0])

    @property
    def _tenant_id(self) -> int:
        return int(self.schema.removeprefix("t"))


def stored(db: psycopg.Connection[Any], schema: str, room: str) -> list[Stored]:
    """Every message of a room of a tenant's schema, by seq."""
    query = sql.SQL(
        "SELECT m.seq, m.rev, m.id::text, s.external_id, coalesce(m.client_id, ''), m.body, "
        "m.deleted_at IS NOT NULL, (SELECT coalesce(jsonb_object_agg(x->>'emoji', (x->>'count')::int), '{{}}') "
        "FROM jsonb_array_elements(m.reactions) x) FROM {messages} m "
        "JOIN {members} s ON s.id = m.sender_id JOIN {rooms} r ON r.id = m.room_id "
        "WHERE r.name = %s ORDER BY m.seq"
    ).format(**tables(schema))
    return [Stored(*row) for row in db.execute(query, [room]).fetchall()]


def tables(schema: str) -> dict[str, sql.Identifier]:
    """The tables of a conversation in a tenant's schema."""
    names = {"messages": "rooms_message", "members": "accounts_member", "rooms": "rooms_room"}
    return {name: sql.Identifier(schema, table) for name, table in names.items()}


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            children.append(int(entry.name))
    return [pid, *children]
