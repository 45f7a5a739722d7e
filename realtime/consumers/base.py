"""What all sockets share: refusal, the way out, reading frames, and a tidy end."""

import asyncio
import contextlib
import logging
from secrets import token_hex
from typing import Any, ClassVar, Final

from channels.consumer import AsyncConsumer
from msgspec import UNSET, Struct, structs

from accounts.identity import Identity
from realtime import events, leases
from realtime.admissions import TenantSockets
from realtime.commands import Asked, BadFrame, Parser
from realtime.draining import DRAIN
from realtime.events import SUBPROTOCOL, CloseCode, ErrorCode, Frame
from realtime.hub import Hub, hub
from realtime.leases import Lease
from realtime.outlets import AsgiOutlet, Burst, Outlet, outlet_for
from realtime.refusals import SocketRefused, as_refusal, refuse
from realtime.scope import HAND_OVER, Receive, Scope, Send, query
from realtime.store import AWAY
from rooms.texts import Refused
from tenants.database import AWAY as DATABASE_AWAY
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.socket")

RETRY_WHEN_AWAY: Final = 2.0  # seconds


class SocketConsumer(AsyncConsumer):
    """A consumer without a channel of its own: the process's hub listens for all.

    Subclasses implement `enter` (everything that may refuse, then `accept`), `obey` and `depart`.
    """

    parser: ClassVar[Parser]

    scope: Scope
    tenant: TenantInfo
    identity: Identity | None
    hub: Hub
    outlet: Outlet
    of_tenant: TenantSockets
    lease: Lease | None = None
    accepted = entered = left = False
    asked = Asked()  # the command that is being carried out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._send = scope, send
        self.tenant, self.identity = scope["tenant"], scope.get("identity")
        self.path: str = scope["path"]
        self.connection_id = token_hex(16)
        await receive()  # websocket.connect
        try:
            await self._enter()
        finally:
            if not self.entered:
                await self._leave(None)
        if not self.entered:
            return
        hand_over = (scope.get("extensions") or {}).get(HAND_OVER)
        # What only the way in needed: a socket may stay for days.
        del self.scope, self._send
        if hand_over is not None:
            hand_over(self.hear)
            return
        try:
            while not self.left:
                await self.hear(await receive())
        finally:
            if not self.left:
                await self._leave(CloseCode.INTERNAL)

    async def hear(self, event: dict[str, Any]) -> None:
        """Take an event of the open socket: a frame, or its end."""
        if event["type"] == "websocket.disconnect":
            await self._leave(int(event.get("code") or 1005))
        elif self.outlet.closed:
            return
        elif event["type"] == DRAIN:
            self.outlet.close(CloseCode.RESTARTING, "the server restarts")
        else:
            await self._take(event.get("text"))

    @property
    def user(self) -> str:
        """The public id of whoever is at the other end; "" for nobody in particular."""
        return self.identity.external_id if self.identity else ""

    @property
    def key_id(self) -> str | None:
        return self.identity.key_id if self.identity else None

    @property
    def session(self) -> str | None:
        return self.identity.session if self.identity else None

    @property
    def issued_at(self) -> float | None:
        return self.identity.issued_at if self.identity else None

    def go_by(self, name: str) -> None:
        """Whoever is at the other end has another name from now on."""
        if self.identity is not None:
            self.identity = structs.replace(self.identity, username=name)

    # ---- for subclasses

    async def enter(self) -> None:
        """Decide whether to let this socket in, and `accept` it. Raises SocketRefused or Refused."""
        raise NotImplementedError

    async def obey(self, command: Any) -> None:
        """Carry out one command. Raises Refused."""
        raise NotImplementedError

    async def depart(self) -> None:
        """Undo what `enter` did."""

    async def accept(self) -> None:
        """Open the socket; from here on frames can be pushed."""
        offered = SUBPROTOCOL in self.scope.get("subprotocols", ())
        await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        self.accepted = True
        self.outlet = outlet_for(self.scope, self._send)
        self.of_tenant = self.hub.admissions.admit(self.tenant, self)

    def push(self, *bodies: Struct | Frame) -> None:
        """Send frames to this socket alone."""
        self.outlet.push(Burst([body if isinstance(body, Frame) else events.frame(body) for body in bodies]))

    def reply(self, body: Struct) -> None:
        """Answer the command that is being carried out, with the `ref` it came with."""
        answer = events.frame(body)
        self.push(answer if self.asked.ref is None else answer.answering(self.asked.ref))

    async def take_lease(self, lease: Lease, *, most: int, most_own: int, most_there: int = 0) -> None:
        """Take a connection lease, held until the socket ends. Raises SocketRefused."""
        replaces = query(self.scope, "connection")
        self.lease = lease  # already: a call that fails half-way may have taken it
        try:
            await leases.acquire(
                lease, most=most, most_own=most_own, most_there=most_there, replaces=replaces
            )
        except leases.LeaseRefused as error:
            self.lease = None
            raise SocketRefused(CloseCode.TOO_MANY_CONNECTIONS, str(error)) from None
        if replaces:
            self.hub.replace(self.tenant.id, self.user, replaces)

    # ---- the life of a socket

    async def _enter(self) -> None:
        try:
            self.hub = await hub()
            await self.enter()
        except (SocketRefused, Refused) as error:
            refused = error if isinstance(error, SocketRefused) else as_refusal(error)
        except Exception as error:
            log = logger.warning if isinstance(error, (*AWAY, *DATABASE_AWAY)) else logger.exception
            log("%s could not be opened: %s", self._who(), type(error).__name__)
            refused = SocketRefused(CloseCode.INTERNAL, "This socket could not be opened. Try again shortly.")
        else:
            logger.info("%s connected", self._who())
            self.entered = True
            return
        if self.accepted:
            self.outlet.close(refused.code, refused.reason)
        else:
            with contextlib.suppress(OSError):  # the client did not wait for the answer
                await refuse(self.scope, self._send, refused)
        logger.info("%s refused %d: %s", self._who(), refused.code, refused.reason)

    async def _take(self, text: str | None) -> None:
        if text is None:
            self.outlet.close(CloseCode.BINARY, "frames are text")
        elif len(text.encode(errors="replace")) > events.MAX_FRAME_BYTES:
            self.outlet.close(CloseCode.TOO_LARGE, "a frame has at most 64 KiB")
        else:
            await self._handle(text)

    async def _handle(self, text: str) -> None:
        self.asked = Asked()
        try:
            self.asked = self.parser.parse(text)
            await self.obey(self.asked.command)
        except Refused as error:
            if isinstance(error, BadFrame):
                self.asked = error.asked
            self._push_error(error.code, error.message, error.retry_after, error.reason)
        except SocketRefused as error:
            self.outlet.close(error.code, error.reason)
        except (*AWAY, *DATABASE_AWAY) as error:
            logger.warning("%s: a command found a part away: %s", self._who(), type(error).__name__)
            self._push_error(ErrorCode.INTERNAL_ERROR, "This is not possible right now.", RETRY_WHEN_AWAY)
        except Exception:
            logger.exception("%s: a command failed", self._who())
            self._push_error(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side.", None)

    def _push_error(
        self, code: ErrorCode, text: str, retry_after: float | None, reason: str | None = None
    ) -> None:
        self.reply(
            events.error_body(
                code,
                text,
                room=self.room_asked(),
                client_id=self.asked.client_id,
                retry_after=retry_after,
                reason=reason,
            )
        )

    @property
    def own_room(self) -> Any:
        """The one room of this socket; UNSET where it has none or many."""
        return UNSET

    def room_asked(self) -> Any:
        """The room that the command concerns; UNSET where it names none."""
        return self.own_room

    async def _leave(self, code: int | None) -> None:
        """Undo everything; `code` says how an open socket ended, None that it was never open."""
        self.left = True
        undo = [self.depart()]
        if self.accepted:
            self.hub.admissions.dismiss(self.tenant.id, self)
            if isinstance(self.outlet, AsgiOutlet):
                undo.append(self.outlet.end())
        if self.lease is not None:
            undo.append(leases.release(self.lease))
        for failure in await asyncio.gather(*undo, return_exceptions=True):
            if isinstance(failure, AWAY):  # leases and presence lapse by themselves
                logger.warning("%s left untidily: %s", self._who(), type(failure).__name__)
            elif isinstance(failure, BaseException):
                logger.error("%s left untidily", self._who(), exc_info=failure)
        if code is not None:
            logger.info("%s disconnected %d", self._who(), code)

    def _who(self) -> str:
        return f"{self.tenant.slug} {self.path[:100]!r} {self.user or '-'!r} {self.connection_id}"
