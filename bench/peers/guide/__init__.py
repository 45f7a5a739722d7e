"""The chat of the usual Channels guide: a consumer a socket, RedisChannelLayer, one ORM insert a message.

On uvicorn with its defaults, and on daphne, the server that Channels' own documents name."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg

from bench.client import Door
from bench.peers.guide.tables import SCHEMA
from bench.peers.starting import PeerUnavailableError, running
from bench.shapes import Shape
from bench.target import Target
from ops.local import Stack
from ops.local.network import private_port
from ops.local.paths import PROJECT, PYTHON
from ops.local.supervisor import Program

# The measured clients, and those that come before them.
_MORE_USERS = 200
_MODULE = "bench.peers.guide.asgi:application"


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide's application under one ASGI server; `words` start that, without its port."""

    NAME: str
    words: tuple[str, ...]

    def describe(self, cache: Path) -> str:
        packages = ("channels", "channels-redis", self.words[0])
        return f"the guide's consumer ({', '.join(f'{name} {version(name)}' for name in packages)})"

    @contextmanager
    def serve(self, folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
        with Stack(folder, web_workers=0, worker=False, holder="bin/bench") as stack:
            env = {**stack.env, "DJANGO_SETTINGS_MODULE": "bench.peers.guide.settings"}
            tokens = _prepared(env, shape.connections + _MORE_USERS)
            port = private_port()
            program = Program(
                name=self.NAME,
                argv=[PYTHON, "-m", *self.words, "--port", str(port), _MODULE],
                env=env,
                cwd=PROJECT,
                log=folder / f"{self.NAME}.log",
            )
            with running(program, port) as pid:
                yield Target(
                    name=self.NAME,
                    port=port,
                    processes={
                        "server": (pid,),
                        "redis": (stack.processes["valkey"],),
                        "database": (stack.processes["postgres"],),
                    },
                    door=lambda number, room: Door(
                        f"/ws/chat/{room}/?token={tokens[number]}", f"localhost:{port}"
                    ),
                    stored=lambda mark: _stored(stack.env["DATABASE_URL"], mark),
                    database_url=stack.env["DATABASE_URL"],
                )


UVICORN = Guide("guide", ("uvicorn", "--no-access-log", "--log-level", "warning", "--backlog", "4096"))
DAPHNE = Guide("guide-daphne", ("daphne", "--no-server-name", "-v", "0", "-b", "127.0.0.1"))


def _stored(database_url: str, mark: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            f"SELECT count(*) FROM {SCHEMA}.chat_message WHERE position(%s in content) > 0", [mark]
        ).fetchone()
    assert found is not None
    return int(found[0])


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
