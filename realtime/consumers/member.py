"""What the sockets of those who have proved who they are share: a lease, and credentials that run out."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from accounts import authentication, scopes
from accounts.identity import Identity
from accounts.tokens import TokenExpired, TokenRefused
from realtime import commands, events
from realtime.alarms import alarms
from realtime.background import quietly
from realtime.consumers.base import SocketConsumer
from realtime.consumers.visit import Visit
from realtime.events import CloseCode, ErrorCode, Pong, TokenRefreshed, stamp
from realtime.leases import Lease
from realtime.limits import WINDOW
from realtime.refusals import SocketRefused
from realtime.scope import client_address
from realtime.visits import look_at
from rooms.texts import Refused
from tenants import guest_limits
from tenants.addresses import place_of

EXPIRY_GRACE: Final = 30.0
# Pages, reads and the like in WINDOW seconds, for one user in one process: far above what a person does.
MOST_ASKED: Final = 100


class MemberConsumer(SocketConsumer):
    """Subclasses say which rooms are visited, and what becomes of a visit that must end."""

    identity: Identity
    address = ""
    alarm: int | None = None
    expired = False

    async def be_admitted(self) -> None:
        """Take the lease of a member's connection. Raises SocketRefused."""
        if self.identity.is_bot and not scopes.allows(self.identity.scopes, "messages:read"):
            raise SocketRefused(CloseCode.FORBIDDEN, "This key lacks the scope messages:read.")
        self.address = client_address(self.scope)
        limits = self.tenant.limits
        at = place_of(self.tenant.schema_name, self.address) if self.identity.kind == "guest" else None
        await self.take_lease(
            Lease.of_user(self.tenant.id, self.user, self.connection_id, guest_at=at),
            most=limits.max_connections,
            most_own=limits.connections_per_user,
            most_there=guest_limits.connections(limits),
        )

    async def obey(self, command: Any) -> None:
        match command:
            case commands.RefreshToken(token=token):
                await self._refresh(token)
            case commands.Ping():
                self.reply(Pong(timestamp=stamp(), room=self.room_asked()))
            case _:
                await self.visit_asked().obey(command)

    async def unhurried(self) -> None:
        """Make those wait who ask too much of what is not refused: only sends are refused for their rate."""
        if self.hub.readings[self.tenant.id, self.user].hit(MOST_ASKED):
            await asyncio.sleep(WINDOW / MOST_ASKED)

    # ---- for subclasses

    def visit_asked(self) -> Visit:
        """The visit that the command concerns. Raises Refused."""
        raise NotImplementedError

    def visits_now(self) -> Iterable[Visit]:
        """All visits that are going on."""
        raise NotImplementedError

    def shown_out(self, visit: Visit, refused: Refused) -> None:
        """The visitor may no longer be in the room."""
        raise NotImplementedError

    async def enter_anew(self, fresh: Identity) -> None:
        """See whether the rooms are open to a new token of the same user. Raises Refused to keep the old one."""
        raise NotImplementedError

    # ---- credentials that run out

    async def _refresh(self, token: str) -> None:
        if self.identity.is_bot:
            raise Refused(
                ErrorCode.FORBIDDEN, "An API key needs no new token: its socket lasts as long as the key."
            )
        try:
            fresh = await authentication.by_token(self.tenant, token)
        except TokenRefused as error:
            expired = isinstance(error, TokenExpired)
            code = ErrorCode.TOKEN_EXPIRED if expired else ErrorCode.FORBIDDEN
            raise Refused(code, f"The token was not accepted: {error}.") from None
        if fresh.external_id != self.user:
            raise Refused(ErrorCode.FORBIDDEN, "The token names somebody else.")
        if fresh.exp is not None and fresh.exp <= events.unix_now():  # the leeway is for coming in
            raise Refused(ErrorCode.TOKEN_EXPIRED, "The token was not accepted: it has expired.")
        await self.enter_anew(fresh)
        self.identity = fresh
        self.hub.admissions.check_not_revoked(self.tenant, self)
        self.watch_expiry()
        self.reply(TokenRefreshed(exp=fresh.exp or 0, room=self.room_asked()))
        await quietly(look_at(self.visits_now()))  # what changed meanwhile was judged by the token before

    def watch_expiry(self) -> None:
        """From now on see to it that this socket does not outlive its credentials by more than EXPIRY_GRACE."""
        self._stop_watching()
        self.expired = False
        if self.identity.exp is not None:
            self._wake_in(max(0.0, self.identity.exp - events.unix_now()))

    def rung(self) -> None:
        """The token has expired, and then the grace."""
        if self.expired:
            self.outlet.close(CloseCode.UNAUTHENTICATED, "token expired")
            return
        self.expired = True
        text = "Your token has expired. Send a new one."
        self.push(events.error(ErrorCode.TOKEN_EXPIRED, text, room=self.own_room))
        self._wake_in(EXPIRY_GRACE)

    def _wake_in(self, seconds: float) -> None:
        self.alarm = alarms.get().set(seconds, self)

    def _stop_watching(self) -> None:
        if self.alarm is not None:
            alarms.get().cancel(self.alarm, self)

    async def depart(self) -> None:
        self._stop_watching()
