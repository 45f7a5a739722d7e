"""Bun's own WebSocket server with native publish: no Redis, one process for all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.client import Door
from bench.peers.node_packages import installed
from bench.peers.starting import PeerUnavailableError, run, running
from bench.shapes import Shape
from bench.target import Target
from ops.local.network import private_port
from ops.local.supervisor import Program

NAME = "bun"
_SERVER = Path(__file__).parent / "server.js"


def describe(cache: Path) -> str:
    return f"Bun {json.loads((_SERVER.parent / 'package.json').read_text())['dependencies']['bun']}"


@contextmanager
def serve(folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
    program_file = _program(installed(NAME, cache))
    port = private_port()
    program = Program(
        name=NAME,
        argv=[str(program_file), str(_SERVER), str(port)],
        env={**os.environ, "NODE_ENV": "production"},
        log=folder / f"{NAME}.log",
    )
    with running(program, port) as pid:
        yield Target(
            name=NAME,
            port=port,
            processes={"server": (pid,)},
            door=lambda number, room: Door(f"/?room={room}&user=user{number}", f"127.0.0.1:{port}"),
        )


def _program(folder: Path) -> Path:
    """The first of the installed builds that this machine's processor runs."""
    builds = sorted((folder / "node_modules" / "@oven").glob("bun-*/bin/bun"))
    for build in builds:
        try:
            run([str(build), "--version"], timeout=20)
        except PeerUnavailableError:
            continue
        return build
    raise PeerUnavailableError("no build of Bun for this machine was installed")
