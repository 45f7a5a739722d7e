"""People who come through nginx, each from an address of their own on this machine."""

import asyncio
import json
import random
import socket
from dataclasses import dataclass, fields
from functools import cache
from http.client import HTTPResponse
from typing import Any, Self

import httpx
import websockets
from websockets.exceptions import InvalidStatus

from ops.local.network import LOOPBACK
from tests.containers.front import Front
from tests.containers.node import until
from tests.personas import Chat, Refused, Workspace, knock

BROWSER = "Mozilla/5.0 (a browser)"


def new_address() -> str:
    """An address of this machine that nobody has come from."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(2, 254)}"


class _Through(httpx.HTTPTransport):
    """Connects to nginx, whatever the host, from one address."""

    def __init__(self, front: Front, host: str, address: str) -> None:
        super().__init__(verify=front.trust(), local_address=address)
        self._host = host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": self._host}
        return super().handle_request(request)


def client(
    front: Front, host: str, address: str | None = None, *, server_name: str | None = None, **headers: str
) -> httpx.Client:
    """A client of `host` through nginx; `server_name` is what it asks for in TLS where that is not the host."""
    return httpx.Client(
        base_url=f"https://{LOOPBACK}:{front.https_port}",
        headers={"Host": f"{host}:{front.https_port}", "User-Agent": BROWSER, **headers},
        transport=_Through(front, server_name or host, address or new_address()),
        timeout=20,
    )


def as_typed(front: Front, host: str, target: str) -> tuple[int, str]:
    """Status and body of a GET whose target nobody has tidied up, as httpx would."""
    with (
        socket.create_connection((LOOPBACK, front.https_port), timeout=10) as wire,
        front.trust().wrap_socket(wire, server_hostname=host) as tls,
    ):
        tls.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {host}:{front.https_port}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = HTTPResponse(tls)
        answer.begin()
        return answer.status, answer.read().decode()


@dataclass(frozen=True)
class FrontedWorkspace(Workspace):
    """A workspace whose every request and socket comes through nginx; `process` is where nginx sends the visitor."""

    front: Front

    @classmethod
    def of(cls, workspace: Workspace, front: Front) -> Self:
        known = {field.name: getattr(workspace, field.name) for field in fields(Workspace)}
        return cls(**known, front=front)

    @property
    def origin(self) -> str:
        return f"https://{self.host}:{self.front.https_port}"

    def http(
        self, credential: str | None = None, process: int = 0, address: str | None = None
    ) -> httpx.Client:
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        return client(self.front, self.host, address or self.address(process), **headers)

    def process_of(self, address: str) -> int:
        """Which process serves this address, by nginx's own log."""
        known = len(self.front.requests(address))
        with client(self.front, self.host, address) as visitor:
            assert visitor.get("/healthz").status_code == 200
        # nginx answers first and writes then.
        until(lambda: len(self.front.requests(address)) > known, "nginx to write down a request")
        upstream = self.front.requests(address)[-1]["upstream"]
        return self.ports.index(int(upstream.rpartition(":")[2]))

    def address(self, process: int) -> str:
        """An address that nginx sends to this process, the same each time."""
        return _address(self, process)

    def new_address(self, process: int) -> str:
        """Another one, from which only whoever asks for it has come."""
        while True:
            address = new_address()
            if self.process_of(address) == process:
                return address

    async def connect(
        self,
        token: str | None,
        room: str = "general",
        *,
        process: int = 0,
        snug: bool = True,
        query: str = "",
        path: str | None = None,
        origin: str | None = None,
        headers: dict[str, str] | None = None,
        address: str | None = None,
    ) -> Chat:
        come_from = address or await asyncio.to_thread(self.address, process)
        target, protocols = knock(token, path or f"/ws/chat/{room}/", snug=snug, query=query)
        try:
            connection = await websockets.connect(
                f"wss://{self.host}:{self.front.https_port}{target}",
                host=LOOPBACK,
                port=self.front.https_port,
                ssl=self.front.trust(),
                local_addr=(come_from, 0),
                subprotocols=protocols,
                origin=origin,  # type: ignore[arg-type]
                user_agent_header=BROWSER,
                additional_headers=headers,
                compression=None,
                max_queue=None,
                proxy=None,
            )
        except InvalidStatus as error:
            # nginx's own refusals are pages.
            is_problem = error.response.headers.get("Content-Type") == "application/problem+json"
            body: dict[str, Any] = json.loads(bytes(error.response.body or b"")) if is_problem else {}
            raise Refused(body.get("close_code", 0), error.response.status_code, body) from None
        return Chat(connection)


@cache
def _address(workspace: FrontedWorkspace, process: int) -> str:
    return workspace.new_address(process)
