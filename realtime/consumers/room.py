"""`/ws/chat/ROOM/`: one room over one socket."""

import asyncio
from typing import Any, ClassVar, Final

import msgspec

from accounts import authentication, scopes
from accounts.identity import Identity
from accounts.tokens import TokenExpired, TokenRefused
from realtime import commands, events
from realtime.commands import ROOM, Parser
from realtime.consumers.base import SocketConsumer
from realtime.consumers.views import limits_view
from realtime.events import (
    CloseCode,
    ErrorCode,
    History,
    OnlineUsers,
    Pong,
    TokenRefreshed,
    UserJoined,
    UserRef,
    stamp,
)
from realtime.feed import Feed
from realtime.leases import Lease
from realtime.limits import WINDOW
from realtime.presence import Arrival
from realtime.refusals import SocketRefused
from realtime.scope import query
from rooms import access, reading
from rooms.access import RoomRecord
from rooms.actions import post_message
from rooms.reading import AnyMessage
from rooms.texts import Refused

TYPING_LAPSES: Final = 6.0
EXPIRY_GRACE: Final = 30.0
# In WINDOW seconds, for one user in one process: far above what a person does.
MOST_TYPING: Final = 20
MOST_PAGES: Final = 100
MOST_SEQ: Final = 2**62


class ChatRoomConsumer(SocketConsumer):
    parser: ClassVar[Parser] = Parser(ROOM)

    identity: Identity
    room: RoomRecord
    feed: Feed | None = None
    present = False
    attached = False
    # Set while a resume is longer than one page: live frames wait until the client has read that far.
    drained_to: int | None = None
    said_to_type = False
    typing_timer: asyncio.TimerHandle | None = None
    expiry_timer: asyncio.TimerHandle | None = None

    @property
    def room_name(self) -> Any:
        return self.scope["room_name"]

    # ---- coming in

    async def enter(self) -> None:
        since, rev = self._resume_point()
        if self.identity.is_bot and not scopes.allows(self.identity.scopes, "messages:read"):
            raise SocketRefused(CloseCode.FORBIDDEN, "This key lacks the scope messages:read.")
        self.room = await access.enter(self.tenant, self.identity, self.scope["room_name"])
        limits = self.tenant.limits
        lease = Lease.of_user(self.tenant.id, self.user, self.connection_id)
        await self.take_lease(lease, most=limits.max_connections, most_own=limits.connections_per_user)
        self.feed = await self.hub.feed(self.tenant, self.room)
        await self.feed.reach(since or 0, rev or 0)
        self.present = not self.identity.is_bot
        arrival = await self.hub.attendance.enter(
            self.feed, self.user if self.present else "", self.identity.username
        )
        await self.accept()
        await self._greet(arrival, since, rev)
        self._watch_expiry(self.identity.exp)

    async def _greet(self, arrival: Arrival, since: int | None, rev: int | None) -> None:
        """The entry frames, the resume where one was asked for, then live: no frame may slip in between."""
        feed = self._feed
        at = feed.seq
        self.push(self._online_users(arrival), self._joined())
        if since is None:
            self._go_live()
            return
        resumed = await self._missed(since, rev, at)
        self.push(resumed)
        if resumed.has_more:
            self.drained_to = resumed.messages[-1].seq
        else:
            await self._catch_up(at)

    async def _catch_up(self, seq: int) -> None:
        """Go live from `seq` on: what was committed while the resume was read comes first."""
        feed = self._feed
        while feed.seq > seq:
            upto = feed.seq
            messages, _, has_more = await reading.missed(
                self.tenant, self.room.id, self.room.name, since=seq, rev=None, upto=upto
            )
            self.push(*(events.live(message) for message in messages))
            seq = messages[-1].seq if has_more and messages else upto
        self._go_live()

    def _go_live(self) -> None:
        if not self.attached:
            self.attached = True
            self.hub.attach(self._feed, self)

    async def _missed(self, since: int, rev: int | None, upto: int) -> History:
        messages, changed, has_more = await reading.missed(
            self.tenant, self.room.id, self.room.name, since=since, rev=rev, upto=upto
        )
        return History(
            room=self.room.name, messages=messages, changed=changed, from_resume=True, has_more=has_more
        )

    def _resume_point(self) -> tuple[int | None, int | None]:
        return self._counter("since"), self._counter("rev")

    def _counter(self, name: str) -> int | None:
        text = query(self.scope, name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MOST_SEQ:
            raise SocketRefused(CloseCode.MALFORMED, f"{name} must be a whole number.")
        return int(text)

    def _online_users(self, arrival: Arrival) -> OnlineUsers:
        feed = self._feed
        return OnlineUsers(
            users=[UserRef(id_, name) for id_, name in arrival.people],
            count=arrival.count,
            room=self.room.name,
            connection_id=self.connection_id,
            last_seq=feed.seq,
            last_rev=feed.rev,
            limits=limits_view(self.tenant.limits),
        )

    def _joined(self) -> UserJoined:
        return UserJoined(
            room=self.room.name, user_id=self.user, username=self.identity.username, timestamp=stamp()
        )

    # ---- commands

    async def obey(self, command: Any) -> None:
        match command:
            case commands.ChatMessage():
                await self._post(command)
            case commands.Typing(is_typing=is_typing):
                self._typing(is_typing)
            case commands.History():
                await self._history(command)
            case commands.RefreshToken(token=token):
                await self._refresh(token)
            case commands.Ping():
                self.push(Pong(timestamp=stamp(), room=self.room.name))

    async def _post(self, command: commands.ChatMessage) -> None:
        if self.identity.is_bot and not scopes.allows(self.identity.scopes, "messages:write"):
            raise Refused(ErrorCode.FORBIDDEN, "This key lacks the scope messages:write.")
        tenant = self.of_tenant.info
        rate = self.hub.rates[tenant.id, self.user]
        if rate.flooding(tenant.limits.messages_per_10s):
            raise SocketRefused(CloseCode.FLOODING, "far over the rate limit")
        posted = await post_message(
            tenant,
            self.room,
            self.identity,
            command.message,
            client_id=command.client_id,
            reply_to=command.reply_to,
            rate=rate,
        )
        if not posted.created:
            self.push(events.live(posted.message))
        elif not self.room.is_member:  # that message has made them one
            self.room = msgspec.structs.replace(self.room, is_member=True)

    def _typing(self, is_typing: bool) -> None:
        if self.typing_timer is not None:
            self.typing_timer.cancel()
            self.typing_timer = None
        if is_typing:
            self.typing_timer = asyncio.get_running_loop().call_later(TYPING_LAPSES, self._typing, False)
        stutters = self.hub.typings[self.tenant.id, self.user].hit(MOST_TYPING) > 0
        if stutters and (is_typing or not self.said_to_type):
            return  # everyone in the room would pay for it; that typing has ended they hear in any case
        self.said_to_type = is_typing
        typing = events.Typing(
            room=self.room.name, user_id=self.user, username=self.identity.username, is_typing=is_typing
        )
        self.hub.say(self._feed, typing, self.user)

    async def _history(self, command: commands.History) -> None:
        if command.before is not None and command.after is not None:
            raise Refused(ErrorCode.INVALID_FIELD, "history takes before or after, not both.")
        if self.hub.readings[self.tenant.id, self.user].hit(MOST_PAGES):
            await asyncio.sleep(
                WINDOW / MOST_PAGES
            )  # only sends are refused for their rate; this one just waits
        page = await reading.history(
            self.of_tenant.info,
            self.room.id,
            self.room.name,
            before=command.before,
            after=command.after,
            limit=command.limit,
            # While a resume is drained, what has not come live yet will: this page must not bring it a second time.
            upto=None if self.drained_to is None else self._feed.seq,
        )
        self.push(
            History(
                room=self.room.name,
                messages=page.messages,
                has_more=page.has_more,
                oldest_seq=page.oldest_seq,
            )
        )
        await self._note_drained(command.after, page.messages, page.has_more)

    async def _note_drained(self, after: int | None, messages: list[AnyMessage], has_more: bool) -> None:
        """After a long resume the live frames begin where the client's own paging ends."""
        if self.drained_to is None or after is None:
            return
        self.drained_to = max(self.drained_to, messages[-1].seq if messages else after)
        if not has_more:
            seq, self.drained_to = self.drained_to, None
            await self._catch_up(seq)

    # ---- credentials that run out

    async def _refresh(self, token: str) -> None:
        try:
            fresh = await authentication.by_token(self.tenant, token)
        except TokenRefused as error:
            expired = isinstance(error, TokenExpired)
            code = ErrorCode.TOKEN_EXPIRED if expired else ErrorCode.FORBIDDEN
            raise Refused(code, f"The token was not accepted: {error}.") from None
        if fresh.external_id != self.user:
            raise Refused(ErrorCode.FORBIDDEN, "The token names somebody else.")
        await access.enter(self.tenant, fresh, self.room.name)
        self.identity = fresh
        self.hub.admissions.check_not_revoked(self.tenant, self)
        self._watch_expiry(fresh.exp)
        self.push(TokenRefreshed(exp=fresh.exp or 0, room=self.room.name))

    def _watch_expiry(self, exp: int | None) -> None:
        if self.expiry_timer is not None:
            self.expiry_timer.cancel()
        if exp is not None:
            left = max(0.0, exp - events.unix_now())
            self.expiry_timer = asyncio.get_running_loop().call_later(left, self._expired)

    def _expired(self) -> None:
        self.push(
            events.error(
                ErrorCode.TOKEN_EXPIRED, "Your token has expired. Send a new one.", room=self.room.name
            )
        )
        self.expiry_timer = asyncio.get_running_loop().call_later(
            EXPIRY_GRACE, self.outlet.close, CloseCode.UNAUTHENTICATED, "token expired"
        )

    # ---- going out

    async def depart(self) -> None:
        for timer in (self.typing_timer, self.expiry_timer):
            if timer is not None:
                timer.cancel()
        if self.feed is None:
            return
        if self.typing_timer is not None:
            self._typing(False)
        if self.attached:
            self.hub.detach(self.feed, self)
        else:
            self.hub.give_up(self.feed)
        if self.present:
            await self.hub.attendance.leave(self.feed, self.user)

    @property
    def _feed(self) -> Feed:
        assert self.feed is not None  # commands are read only after `enter`
        return self.feed
