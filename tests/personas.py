"""The people of every test.

Alice owns a workspace, Bob is one of its users, Charlie is a user who belongs to nothing, Mallory owns and uses another
workspace and wants to be in this one. Nobody here is a mock: workspaces are opened by the product's own action, and
everything else goes over HTTP and sockets to the running stack.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.plain_http import NO_TLS
from tests.within import within

PASSWORD = "correct horse battery staple"
# One Argon2 hash for all: making one takes as long as many of these tests.
_password_hash = ""


@dataclass(frozen=True)
class Workspace:
    """An open workspace and the way to its web processes (`ports`: one a process)."""

    slug: str
    host: str
    owner_email: str
    owner_id: str
    key_id: str
    secret: str
    signing_secret: str
    ports: tuple[int, ...]

    @property
    def tenant(self) -> Any:
        """The TenantInfo as of now; for code that is called in this process."""
        from tenants import directory

        directory.forget()
        return directory.find(self.host)

    @property
    def origin(self) -> str:
        """The workspace's own origin, as a browser on its first web process sends it."""
        return f"http://{self.host}:{self.ports[0]}"

    def http(self, credential: str | None = None, process: int = 0) -> httpx.Client:
        """An HTTP client on this workspace's host, with a bearer credential if one is given. A context manager."""
        headers = {"Host": f"{self.host}:{self.ports[process]}"}
        if credential is not None:
            headers["Authorization"] = f"Bearer {credential}"
        url = f"http://127.0.0.1:{self.ports[process]}"
        return httpx.Client(base_url=url, headers=headers, timeout=20, verify=NO_TLS)

    def api(self, process: int = 0) -> httpx.Client:
        """The same with the workspace's first API key (scope admin)."""
        return self.http(self.secret, process)

    def token(self, sub: str, *, ttl: int = 3600, **claims: Any) -> str:
        """A user token, signed by the tenant's own server with the first key's signing secret."""
        from accounts import tokens

        return tokens.sign(self.signing_secret, self.key_id, sub, ttl, **claims)[0]

    @asynccontextmanager
    async def chat(self, token: str | None, room: str = "general", **options: Any) -> AsyncIterator[Chat]:
        """A socket to a room, closed at the end; `options` are those of `connect`."""
        socket = await self.connect(token, room, **options)
        try:
            yield socket
        finally:
            await socket.close()

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
    ) -> Chat:
        """A socket to a room. `snug` offers the subprotocol and sends the token in it; otherwise `?token=`.

        Raises Refused when the server refuses the socket in the handshake.
        """
        port = self.ports[process]
        target, protocols = knock(token, path or f"/ws/chat/{room}/", snug=snug, query=query)
        try:
            connection = await websockets.connect(
                f"ws://{self.host}:{port}{target}",
                host="127.0.0.1",
                port=port,
                subprotocols=protocols,
                origin=origin,  # type: ignore[arg-type]
                additional_headers=headers,
                compression=None,
                max_queue=None,  # a test that leaves frames unread must still see the close
                proxy=None,
            )
        except InvalidStatus as error:
            body = json.loads(bytes(error.response.body or b"{}") or b"{}")
            raise Refused(body.get("close_code", 0), error.response.status_code, body) from None
        return Chat(connection)


def knock(token: str | None, path: str, *, snug: bool, query: str) -> tuple[str, list[Subprotocol] | None]:
    """What a socket asks for, and the subprotocols it offers: with `snug` they carry the token, otherwise the query."""
    if snug:
        offered = ["snug.v1", *([f"bearer.{token}"] if token else [])]
        return f"{path}?{query}" if query else path, [Subprotocol(name) for name in offered]
    parts = [part for part in (f"token={token}" if token is not None else "", query) if part]
    return f"{path}?{'&'.join(parts)}" if parts else path, None


class Refused(Exception):
    """A socket was refused in the handshake, with this close code and HTTP status."""

    def __init__(self, code: int, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{code} ({status}): {body}")
        self.code, self.status, self.body = code, status, body


class Chat:
    """One socket, with the frames read from it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, type_: str, **fields: Any) -> None:
        await self.raw(json.dumps({"type": type_, **fields}))

    async def raw(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def next(self, timeout: float = 10) -> dict[str, Any]:
        """The next frame, whatever it is."""
        frame: dict[str, Any] = json.loads(await within(self.connection.recv(), timeout))
        return frame

    async def until(self, type_: str, timeout: float = 10, **fields: Any) -> dict[str, Any]:
        """The next frame of this type and with these fields; others are passed over."""
        async with asyncio.timeout(timeout):
            while True:
                frame = await self.next(timeout)
                if frame["type"] == type_ and all(frame.get(name) == value for name, value in fields.items()):
                    return frame

    async def entered(self) -> dict[str, Any]:
        """Read the entry frames; the `online_users`."""
        online = await self.next()
        assert online["type"] == "online_users", online
        joined = await self.next()
        assert joined["type"] == "user_joined", joined
        return online

    async def say(self, text: str, **fields: Any) -> dict[str, Any]:
        """Send a message and wait for its acknowledgement: the echo with its client_id."""
        client_id = fields.pop("client_id", secrets.token_hex(8))
        await self.send("chat_message", message=text, client_id=client_id, **fields)
        return await self.until("chat_message", client_id=client_id)

    async def error(self) -> dict[str, Any]:
        """The next error frame's `error`."""
        found: dict[str, Any] = (await self.until("error"))["error"]
        return found

    async def quiet(self, seconds: float = 0.3) -> list[dict[str, Any]]:
        """Every frame of the next while: for showing that something did not come."""
        frames: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    frames.append(await self.next(seconds + 1))
        except TimeoutError:
            return frames

    async def closed(self, timeout: float = 10) -> int:
        """Read until the server closes; the close code."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    await self.connection.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006

    async def close(self) -> None:
        await self.connection.close()


def open_workspace(
    ports: tuple[int, ...], *, plan: str = "free", slug: str | None = None, **more: Any
) -> Workspace:
    """A new workspace with a slug of its own."""
    global _password_hash
    from django.contrib.auth.hashers import make_password

    from workspaces.actions import open_workspace as open_for_real

    _password_hash = _password_hash or make_password(PASSWORD)
    slug = slug or f"w{secrets.token_hex(6)}"
    email = f"alice@{slug}.example"
    opened = open_for_real(
        slug=slug,
        name=more.pop("name", f"Workspace {slug}"),
        plan=plan,
        owner_email=email,
        owner_password_hash=_password_hash,
        **more,
    )
    return Workspace(
        slug=slug,
        host=opened.tenant.host,
        owner_email=email,
        owner_id=opened.owner.external_id,
        key_id=opened.api_key.id,
        secret=opened.secret,
        signing_secret=opened.signing_secret,
        ports=ports,
    )
