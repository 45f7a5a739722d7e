"""A server under load, as the load generator sees it: where it is, what its processes are, what its clients say."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from bench.client import Door, Socket


class Dialect(Protocol):
    """What a peer's clients say. Whatever a message looks like, its text goes through unchanged."""

    def chat(self, socket: Socket, text: str) -> bytes:
        """The frame with which this client sends a message."""

    def heard(self, socket: Socket, frame: bytes) -> bool:
        """Answer what must be answered to keep a connection; whether with this frame the client has come in."""


class PlainJson:
    """The guide's frames, and ours: the first frame of the server says that one is in."""

    def chat(self, socket: Socket, text: str) -> bytes:
        return json.dumps({"type": "chat_message", "message": text}).encode()

    def heard(self, socket: Socket, frame: bytes) -> bool:
        return True


class SearchSide(Protocol):
    """A server that can find messages, behind its back."""

    def worker_stopped(self) -> AbstractContextManager[None]: ...

    def indexing(self) -> AbstractContextManager[None]: ...

    def fill(self, count: int) -> None: ...

    def index(self) -> tuple[int, float]: ...

    def ask(self, question: str) -> tuple[float, int]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """A running server. `processes` are the roots of its process trees by role: server, redis, database.

    `stored` counts the messages in the database that hold the marker it is given; None where nothing is stored.
    `database_url` is that database's. `search` is for servers that can find what was said.
    """

    name: str
    port: int
    processes: Mapping[str, tuple[int, ...]]
    door: Callable[[int, str], Door]  # (number of the client, room)
    dialect: Dialect = field(default_factory=PlainJson)
    stored: Callable[[str], int] | None = None
    database_url: str | None = None
    search: SearchSide | None = None
