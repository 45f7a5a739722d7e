"""A visitor with a socket that stays open while somebody else pays, or does not."""

from __future__ import annotations

import json
import secrets
import socket
import time
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.personas import Workspace, knock


class Visitor:
    """Bob, in the room `general`. A context manager; nothing here needs an event loop."""

    def __init__(self, workspace: Workspace, process: int = 1) -> None:
        target, protocols = knock(workspace.token("bob"), "/ws/chat/general/", snug=True, query="")
        port = workspace.ports[process]
        self._connecting = connect(
            f"ws://{workspace.host}:{port}{target}",
            subprotocols=protocols,
            compression=None,
            proxy=None,
            sock=socket.create_connection(("127.0.0.1", port)),
        )

    def __enter__(self) -> Visitor:
        self.socket = self._connecting.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._connecting.__exit__(kind, error, at)

    def say(self, characters: int) -> str:
        """Say something of that length: `chat_message` when it was heard, otherwise the error's code."""
        client_id = secrets.token_hex(8)
        frame = {"type": "chat_message", "message": "x" * characters, "client_id": client_id}
        self.socket.send(json.dumps(frame))
        deadline = time.monotonic() + 10
        while (left := deadline - time.monotonic()) > 0:
            heard: dict[str, Any] = json.loads(self.socket.recv(timeout=left))
            if heard.get("client_id") == client_id:
                return str(heard["error"]["code"] if heard["type"] == "error" else heard["type"])
        raise AssertionError("neither echo nor error")

    def may_say(self, characters: int, *, within: float = 2) -> bool:
        """Whether a message of that length is heard, at the latest after so many seconds."""
        deadline = time.monotonic() + within
        while self.say(characters) != "chat_message":
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def closed_with(self, *, within: float = 2) -> int | None:
        """The close code, if the server closes within so many seconds."""
        deadline = time.monotonic() + within
        try:
            while (left := deadline - time.monotonic()) > 0:
                self.socket.recv(timeout=left)
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        return None
