"""What the benchmark of search does behind the product's back: fill a room, stop the worker, index, ask."""

import json
import os
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.peers.starting import PeerUnavailableError
from ops.local.paths import PROJECT, PYTHON

_PROGRAM = (PYTHON, "-m", "bench.peers.snug.search_work")


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
