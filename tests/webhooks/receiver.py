"""A tenant's own server: it takes what is sent to it, and answers as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def type(self) -> str:
        return str(self.json["type"])

    @property
    def data(self) -> Any:
        return self.json["data"]


@dataclass
class Receiver:
    """`answer` gives the status for a request; `came` wakes whoever waits."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], int] = lambda request: 204
    headers: dict[str, str] = field(default_factory=dict)
    text: bytes = b""
    came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def wait_for(self, enough: Callable[[list[Received]], Any], timeout: float = 20) -> list[Received]:
        """Until what was received is enough."""
        with self.came:
            assert self.came.wait_for(lambda: enough(self.received), timeout), [r.json for r in self.received]
            return list(self.received)

    def wait_for_types(self, *types: str) -> list[Received]:
        """Until one of each has come, however many others have."""
        return self.wait_for(lambda all_: set(types) <= {each.type for each in all_})

    def of(self, type_: str) -> list[Received]:
        return [each for each in self.received if each.type == type_]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            status = receiver.answer(got)
            with receiver.came:  # before it is answered: whoever sees what came of it finds it here
                receiver.received.append(got)
                receiver.came.notify_all()
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            text = b"" if status == 204 else receiver.text
            if status != 204:
                self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
