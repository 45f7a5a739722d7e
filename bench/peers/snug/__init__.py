"""Our own server: one web process (or more) and the worker, on PostgreSQL and Valkey, every message committed."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import jwt

from bench.client import Door
from bench.peers.snug.search_side import SearchSide
from bench.peers.starting import PeerUnavailableError
from bench.shapes import Shape
from bench.slow_disk import slow_database
from bench.target import Target
from ops.local import Stack
from ops.local.paths import PROJECT, PYTHON

NAME = "snug"
_TTL = 4 * 3600


def describe(cache: Path) -> str:
    commit = subprocess.run(
        ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"Snug {commit.stdout.strip() or 'outside git'}, its web processes and the worker"


@contextmanager
def serve(folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
    with ExitStack() as parts:
        slow = parts.enter_context(slow_database(folder, shape.fsync_ms)) if shape.fsync_ms else None
        stack = parts.enter_context(production(folder, shape, slow[0] if slow else None))
        found = target(stack, shape)
        yield replace(found, processes={**found.processes, "database": (slow[1],)}) if slow else found


def production(folder: Path, shape: Shape, database_url: str | None = None) -> Stack:
    """The stack as it runs in production, without TLS; a context manager."""
    return Stack(
        folder,
        web_workers=shape.workers,
        separate_web_ports=True,
        extra_env={"SNUG_ENV": "production", "SNUG_PUBLIC_SCHEME": "http"},
        database_url=database_url,
        holder="bin/bench",
    )


@dataclass(frozen=True, slots=True)
class Workplace:
    """A workspace made for measuring, and the way into it."""

    host: str
    schema: str
    secret: str
    key_id: str
    signing_secret: str
    ports: tuple[int, ...]

    def door(self, number: int, room: str, process: int) -> Door:
        """How this client enters this room by this web process: a token of its own, signed here."""
        now = int(time.time())
        claims = {"sub": f"user{number}", "iat": now, "exp": now + _TTL, "aud": "snug"}
        token = jwt.encode(claims, self.signing_secret, "HS256", {"kid": self.key_id})
        protocols = f"Sec-WebSocket-Protocol: snug.v1, bearer.{token}"
        return Door(f"/ws/chat/{room}/", self.host, (protocols,), self.ports[process % len(self.ports)])


def workplaces(stack: Stack, shape: Shape) -> list[Workplace]:
    """New workspaces that have the shape's rooms. Raises PeerUnavailableError."""
    opened = json.loads(_in_product(stack, str(shape.tenants), *shape.room_names))
    return [
        Workplace(**each | {"host": f"{each['host']}:{stack.web_port}"}, ports=tuple(stack.web_ports))
        for each in opened
    ]


def target(stack: Stack, shape: Shape) -> Target:
    """A stack that serves already, and new workspaces in it."""
    places = workplaces(stack, shape)
    schemas = [place.schema for place in places]
    return Target(
        name=NAME,
        port=stack.web_ports[0],
        processes=_processes(stack),
        door=lambda number, room: places[shape.tenant_of(room)].door(number, room, shape.worker_of(number)),
        stored=lambda mark: int(_in_product(stack, "--count", mark, *schemas)),
        database_url=stack.env["DATABASE_URL"],
        search=SearchSide(
            stack.env,
            stack.processes["worker"],
            schemas,
            places[0].host,
            places[0].ports[0],
            places[0].secret,
        ),
    )


def _processes(stack: Stack) -> dict[str, tuple[int, ...]]:
    """Every process of the stack has a role: nothing that serves goes uncounted."""
    roles = {"valkey": "redis", "postgres": "database"}
    found: dict[str, tuple[int, ...]] = {}
    for name, pid in stack.processes.items():
        role = roles.get(name, "server")
        found[role] = (*found.get(role, ()), pid)
    return found


def _in_product(stack: Stack, *words: str) -> str:
    done = subprocess.run(
        [PYTHON, "-m", "bench.peers.snug.workspace", *words],
        cwd=PROJECT,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerUnavailableError(f"the workspaces could not be made: {done.stderr.strip()[-300:]}")
    return done.stdout.splitlines()[-1]
