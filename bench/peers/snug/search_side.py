"""What the benchmark of search does behind the product's back: fill a room, stop the worker, index, ask.

`python -m bench.peers.snug.search_side fill SCHEMA COUNT`, `… index SCHEMA` (prints messages and seconds as JSON) and
`… keep SCHEMA...` (goes round as the worker does, without its pause of up to a minute, until it is ended) run in the
product's own environment.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.peers.starting import PeerUnavailableError
from ops.local.paths import PROJECT, PYTHON

WORDS = 20_000
# Word n is said the more often the smaller n is, as in any language; each message has 8 to 17.
_FILL = """
    WITH room AS (
      UPDATE {rooms} SET last_seq = last_seq + %(count)s, last_rev = last_rev + %(count)s
      WHERE id = (SELECT min(id) FROM {rooms}) RETURNING id, last_seq, last_rev
    ), said AS (
      SELECT n, (SELECT string_agg('w' || floor(power(%(words)s::int, random()))::int, ' ')
                 FROM generate_series(1, 8 + n %% 10) k WHERE n IS NOT NULL) AS body
      FROM generate_series(0, %(count)s::int - 1) n
    )
    INSERT INTO {messages} (id, room_id, seq, rev, sender_id, body, created_at)
    SELECT gen_random_uuid(), room.id, room.last_seq - n, room.last_rev - n, (SELECT min(id) FROM {members}), body,
           now() - n * interval '1 second'
    FROM said, room
"""


@dataclass(frozen=True, slots=True)
class SearchSide:
    """A workspace of a running stack, as the benchmark of search handles it."""

    env: Mapping[str, str]
    worker: int
    schemas: Sequence[str]
    host: str
    port: int
    secret: str

    @contextmanager
    def worker_stopped(self) -> Iterator[None]:
        """Nobody indexes meanwhile."""
        os.kill(self.worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.worker, signal.SIGCONT)

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """What is said is indexed all the while."""
        process = subprocess.Popen([*_PROGRAM, "keep", *self.schemas], cwd=PROJECT, env=self.env)
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    def fill(self, count: int) -> None:
        """So many messages more in a room. Raises PeerUnavailableError."""
        self._run("fill", self.schemas[0], str(count))

    def index(self) -> tuple[int, float]:
        """Index what is not; how many messages it were, and the seconds. Raises PeerUnavailableError."""
        messages, seconds = json.loads(self._run("index", self.schemas[0]))
        return messages, seconds

    def ask(self, question: str) -> tuple[float, int]:
        """One search over HTTP: milliseconds, and how many messages its first page has."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Host": self.host, "Authorization": f"Bearer {self.secret}"}
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/search?q={urllib.parse.quote(question)}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        connection.close()
        if answer.status != 200:
            raise PeerUnavailableError(f"a search was answered with {answer.status}: {body[:200]!r}")
        return took, len(json.loads(body)["data"])

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*_PROGRAM, *words], cwd=PROJECT, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PeerUnavailableError(f"{words[0]} failed: {done.stderr.strip()[-300:]}")
        return done.stdout.splitlines()[-1] if done.stdout else ""


_PROGRAM = (PYTHON, "-m", "bench.peers.snug.search_side")


async def _fill(schema: str, count: int) -> None:
    from psycopg import sql

    from rooms.tables import tables_of
    from tenants.database import share

    async with share(schema) as db:
        values = {"count": count, "words": WORDS}
        await db.execute(sql.SQL(_FILL).format(**tables_of(schema)), values)
        await db.execute(sql.SQL("ANALYZE {messages}").format(**tables_of(schema)))


async def _index(schema: str) -> tuple[int, float]:
    from psycopg import sql

    from rooms.search import indexing
    from rooms.tables import tables_of
    from tenants.database import share

    began = time.perf_counter()
    messages = 0
    while True:
        async with share(schema) as db:
            step = await indexing.catch_up(db, schema)
        messages += step.messages
        if not step.more:
            break
    took = time.perf_counter() - began
    async with share(schema) as db:  # as autovacuum would, a minute later
        await db.execute(sql.SQL("ANALYZE {search_entries}").format(**tables_of(schema)))
    return messages, took


async def _keep(schemas: Sequence[str]) -> None:
    from rooms.search import indexing

    while True:
        await indexing.go_round(schemas, 45)
        await asyncio.sleep(0.2)


async def _main(words: list[str]) -> None:
    from tenants.database import close_pool

    try:
        if words[0] == "fill":
            for _ in range(0, int(words[2]), 20_000):
                await _fill(words[1], min(20_000, int(words[2])))
        elif words[0] == "index":
            print(json.dumps(await _index(words[1])))
        else:
            await _keep(words[1:])
    finally:
        await close_pool()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    asyncio.run(_main(sys.argv[1:]))
