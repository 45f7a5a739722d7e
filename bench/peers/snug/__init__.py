"""Our own server: one web process (or more) and the worker, on PostgreSQL and Valkey, every message committed."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt

from bench.peers.starting import PeerUnavailableError
from bench.shapes import Shape
from bench.target import Door, Target
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
    production = {"SNUG_ENV": "production", "SNUG_PUBLIC_SCHEME": "http"}
    with Stack(
        folder,
        web_workers=shape.workers,
        separate_web_ports=True,
        extra_env=production,
        holder="bin/bench",
    ) as stack:
        yield target(stack, shape)


def target(stack: Stack, shape: Shape) -> Target:
    """A stack that serves already, with new workspaces that have the shape's rooms."""
    opened = json.loads(_in_product(stack, str(shape.tenants), *shape.room_names))
    schemas = [each["schema"] for each in opened]
    expires = int(time.time()) + _TTL

    def door(number: int, room: str) -> Door:
        tenant = opened[shape.tenant_of(room)]
        port = stack.web_ports[shape.worker_of(number) % len(stack.web_ports)]
        claims = {"sub": f"user{number}", "iat": expires - _TTL, "exp": expires, "aud": "snug"}
        token = jwt.encode(claims, tenant["signing_secret"], "HS256", {"kid": tenant["key_id"]})
        protocols = f"Sec-WebSocket-Protocol: snug.v1, bearer.{token}"
        return Door(f"/ws/chat/{room}/", f"{tenant['host']}:{stack.web_port}", (protocols,), port)

    return Target(
        name=NAME,
        port=stack.web_ports[0],
        processes=_processes(stack),
        door=door,
        stored=lambda mark: int(_in_product(stack, "--count", mark, *schemas)),
        database_url=stack.env["DATABASE_URL"],
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
