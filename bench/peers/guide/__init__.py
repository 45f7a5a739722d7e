"""The chat of the usual Channels guide: a consumer a socket, RedisChannelLayer, one ORM insert a message, uvicorn."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.peers.starting import PeerUnavailableError, running
from bench.shapes import Shape
from bench.target import Door, Target
from ops.local import Stack
from ops.local.network import private_port
from ops.local.paths import PROJECT, PYTHON
from ops.local.supervisor import Program

NAME = "guide"
# The measured clients, and those that come before them.
_MORE_USERS = 200


def describe(cache: Path) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("channels", "channels-redis", "uvicorn"))
    return f"the guide's consumer ({packages})"


@contextmanager
def serve(folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
    with Stack(folder, web_workers=0, worker=False, holder="bin/bench") as stack:
        env = {**stack.env, "DJANGO_SETTINGS_MODULE": "bench.peers.guide.settings"}
        tokens = _prepared(env, shape.connections + _MORE_USERS)
        port = private_port()
        arguments = ["-m", "uvicorn", "bench.peers.guide.asgi:application", "--port", str(port)]
        program = Program(
            name=NAME,
            argv=[PYTHON, *arguments, "--no-access-log", "--log-level", "warning", "--backlog", "4096"],
            env=env,
            cwd=PROJECT,
            log=folder / f"{NAME}.log",
        )
        with running(program, port) as pid:
            yield Target(
                name=NAME,
                port=port,
                processes={
                    "server": (pid,),
                    "redis": (stack.processes["valkey"],),
                    "database": (stack.processes["postgres"],),
                },
                door=lambda number, room: Door(
                    f"/ws/chat/{room}/?token={tokens[number]}", f"localhost:{port}"
                ),
            )


def _prepared(env: dict[str, str], users: int) -> list[str]:
    """Empty tables and a token for each user."""
    done = subprocess.run(
        [PYTHON, "-m", "bench.peers.guide.prepare", str(users)],
        cwd=PROJECT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerUnavailableError(f"its tables could not be made: {done.stderr.strip()[-300:]}")
    return done.stdout.split()
