"""A product to break: a stack with durable storage, its processes, what its database holds, and how well it is."""

import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ops.local import Stack
from ops.local.logs import last_words
from tests.personas import PASSWORD, Workspace

PATIENCE = 30.0


@dataclass(frozen=True)
class Stored:
    """A message as the database holds it."""

    seq: int
    rev: int
    message_id: str
    sender: str
    client_id: str
    body: str


class Machine:
    """A stack to be hurt, and the tenant that talks on it meanwhile."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

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

    def database(self) -> psycopg.Connection[Any]:
        """A connection of the test's own."""
        return psycopg.connect(self.stack.own_env["DATABASE_URL"], autocommit=True)

    def schema(self, workspace: Workspace) -> str:
        with self.database() as db:
            named = "SELECT schema_name FROM public.tenants_tenant WHERE slug = %s"
            row = db.execute(named, [workspace.slug]).fetchone()
        assert row is not None
        return str(row[0])

    def stored(self, workspace: Workspace, room: str = "general") -> list[Stored]:
        """Every message of a room, by seq."""
        return stored(self.stack.own_env["DATABASE_URL"], self.schema(workspace), room)

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
        pids = family(self.stack.processes[name])
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)

    def backends(self) -> list[int]:
        """PostgreSQL's processes that serve the product, the oldest first."""
        with self.database() as db:
            rows = db.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
                "ORDER BY backend_start"
            ).fetchall()
        return [int(row[0]) for row in rows]

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

    def said(self, most: int = 60) -> str:
        """The end of what the web processes logged."""
        logs = sorted(self.stack.data_dir.logs.glob("web-*.log"))
        return "\n".join(f"{log.name}:\n{last_words(log, most)}" for log in logs)

    def complaints(self) -> list[str]:
        """Lines of the web processes' logs that tell of a fault of our own: a traceback, a task that died."""
        marks = ("Traceback", "never retrieved", "never awaited", "Task was destroyed")
        lines = []
        for log in sorted(self.stack.data_dir.logs.glob("web-*.log")):
            lines += [
                line for line in log.read_text(errors="replace").splitlines() if any(m in line for m in marks)
            ]
        return lines


def stored(url: str, schema: str, room: str = "general") -> list[Stored]:
    query = sql.SQL(
        "SELECT m.seq, m.rev, m.id::text, s.external_id, coalesce(m.client_id, ''), m.body FROM {messages} m "
        "JOIN {members} s ON s.id = m.sender_id JOIN {rooms} r ON r.id = m.room_id WHERE r.name = %s ORDER BY m.seq"
    ).format(
        messages=sql.Identifier(schema, "rooms_message"),
        members=sql.Identifier(schema, "accounts_member"),
        rooms=sql.Identifier(schema, "rooms_room"),
    )
    with psycopg.connect(url, autocommit=True) as db:
        return [Stored(*row) for row in db.execute(query, [room]).fetchall()]


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
