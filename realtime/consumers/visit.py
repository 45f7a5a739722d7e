"""One person in one room, over one socket: how they come in, what they are told first, and what they may ask for."""

import asyncio
from collections import deque
from typing import Any, Final, Protocol
from uuid import uuid4

import msgspec
from msgspec import UNSET

from accounts import scopes
from accounts.identity import Identity
from realtime import commands, events
from realtime.admissions import TenantSockets
from realtime.consumers.echoes import Echo, Echoes
from realtime.consumers.resume import Resume
from realtime.consumers.views import limits_view
from realtime.events import (
    CloseCode,
    ErrorCode,
    History,
    OnlineUsers,
    RoomUpdated,
    Unread,
    UserJoined,
    UserRef,
    stamp,
)
from realtime.feed import Feed
from realtime.hub import Hub
from realtime.outlets import Burst, Outlet
from realtime.presence import Arrival
from realtime.refusals import SocketRefused
from rooms import access, actions, reading
from rooms.access import RoomRecord
from rooms.actions import announcing
from rooms.texts import Refused
from tenants.directory import TenantInfo

TYPING_LAPSES: Final = 6.0
# In WINDOW seconds, for one user in one process: far above what a person does.
MOST_TYPING: Final = 20
# Comings and goings kept for somebody who is still reading what they missed.
MOST_OVERHEARD: Final = 200


class Host(Protocol):
    """The socket over which somebody visits."""

    hub: Hub
    outlet: Outlet
    identity: Identity
    connection_id: str
    of_tenant: TenantSockets
    asked: commands.Asked

    def push(self, *bodies: msgspec.Struct | events.Frame) -> None:
        """Send frames to this socket alone."""

    def reply(self, body: msgspec.Struct) -> None:
        """Answer the command that is being carried out."""

    async def unhurried(self) -> None:
        """Make those wait who ask too much of what is not refused."""

    def shown_out(self, visit: "Visit", refused: Refused) -> None:
        """The visitor may no longer be in the room. It may be that they have not come in yet: look at `ended`."""


class Visit:
    """`arrive` before anything is sent, then `greet`; `depart` at the end, however far it came."""

    def __init__(self, host: Host, tenant: TenantInfo, room: RoomRecord) -> None:
        self.host = host
        self.tenant = tenant
        self.room = room
        self.ended: Refused | None = None  # why the visitor may no longer be here
        self._feed: Feed | None = None
        self._resume: Resume  # from `arrive` on
        self._present = False
        self._greeted = self._live = False
        self._echoes = Echoes()
        self._overheard: deque[Burst] = deque(maxlen=MOST_OVERHEARD)
        self._said_to_type = False
        self._typing_timer: asyncio.TimerHandle | None = None

    # ---- as the feed and the hub see it

    @property
    def outlet(self) -> Outlet:
        return self.host.outlet

    @property
    def user(self) -> str:
        return self.host.identity.external_id

    @property
    def member_id(self) -> int:
        return self.host.identity.member_id

    def hear(self, burst: Burst) -> None:
        """What everyone is told; the answer to one's own command carries its `ref`."""
        if not self._echoes:
            self.host.outlet.push(burst)
            return
        self.host.outlet.push(self._echoes.mark(burst))
        self._answer_late()

    def overhear(self, burst: Burst) -> None:
        """Who comes and goes while this one is still coming in is told once they are in."""
        self._overheard.append(burst)

    def _answer_late(self) -> None:
        """What the room was told of in another way is still owed to whoever asked for it."""
        if not self._echoes or not self._live or self._feed is None:
            return
        if answers := self._echoes.overdue(self._feed.rev):
            self.host.push(*answers)

    def follow(self, room: RoomRecord | None) -> None:
        """The room or the membership may have changed."""
        if room is not None and access.may_enter(self.host.identity, room):
            before, self.room = self._standing(), room
            if self._greeted and self._standing() != before:
                self.host.push(RoomUpdated(room=room.name, **self._standing()))
        elif self.ended is None:
            self.ended = (
                Refused(ErrorCode.NOT_FOUND, "This room is gone.")
                if room is None
                else Refused(ErrorCode.FORBIDDEN, "You are no longer a member of this room.")
            )
            self.host.shown_out(self, self.ended)

    # ---- coming in

    async def arrive(self, since: int | None, rev: int | None) -> Arrival:
        """Be counted in. Raises what a part that is away raises."""
        hub, who = self.host.hub, self.host.identity
        self._feed = await hub.feed(self.tenant, self.room)
        self._resume = Resume(self.host, self._feed, self._go_live)
        hub.visits.add(self)
        # From here on we hear of changes; what changed since we were let in is seen now. The answer is cached.
        self.room = await access.enter(self.tenant, who, self.room.name)
        await self._feed.reach(since or 0, rev or 0)
        self._present = not who.is_bot
        self._feed.arriving.add(self)  # before we are told who is here: whoever comes later is told of
        return await hub.attendance.enter(self._feed, self.user if self._present else "", who.username)

    async def greet(self, arrival: Arrival, since: int | None, rev: int | None) -> None:
        """The entry frames, the resume where one was asked for, then live: no frame may slip in between."""
        feed = self.feed
        at = (feed.seq, feed.rev)
        self.host.reply(self._online_users(arrival))
        self.host.push(self._joined())
        self._greeted = True
        if since is None:
            self._go_live()
            return
        await self._resume.begin(since, rev, at)

    def _go_live(self) -> None:
        if not self._live and self._feed is not None:  # None: shown out while the resume was read
            self._live = True
            self._feed.arriving.discard(self)
            self.host.hub.attach(self._feed, self)
            while self._overheard:
                self.host.outlet.push(self._overheard.popleft())
            self._answer_late()

    def _online_users(self, arrival: Arrival) -> OnlineUsers:
        return OnlineUsers(
            users=[UserRef(id_, name) for id_, name in arrival.people],
            count=arrival.count,
            room=self.room.name,
            connection_id=self.host.connection_id,
            last_seq=self.feed.seq,
            last_rev=self.feed.rev,
            limits=limits_view(self._tenant_now.limits),
            **self._standing(),
        )

    def _standing(self) -> dict[str, Any]:
        """What a client should know of the room and of its user's place in it."""
        room = self.room
        return {
            "title": room.title,
            "archived": room.archived,
            "slow_mode": room.slow_mode,
            "may_moderate": access.may_moderate(self.host.identity, room),
            "muted_until": stamp(room.muted_until) if access.is_muted(room) and room.muted_until else UNSET,
        }

    def _joined(self) -> UserJoined:
        return UserJoined(
            room=self.room.name,
            user_id=self.user,
            username=self.host.identity.username,
            timestamp=stamp(),
        )

    # ---- commands

    async def obey(self, command: Any) -> None:
        """Carry out one of commands.IN_ROOM. Raises Refused, or SocketRefused for one command too many."""
        match command:
            case commands.ChatMessage():
                await self._post(command)
            case commands.EditMessage():
                await self._edit(command)
            case commands.DeleteMessage():
                await self._delete(command)
            case commands.React():
                await self._react(command)
            case commands.Read(seq=seq):
                await self._read(seq)
            case commands.Typing(is_typing=is_typing):
                self._typing(is_typing)
            case commands.History():
                await self._history(command)

    async def _post(self, command: commands.ChatMessage) -> None:
        self._check_may_write()
        id_ = uuid4()
        with self._echoes.expecting(self.host.asked.ref, "chat_message", message_id=str(id_)) as echo:
            posted = await actions.post_message(
                self._tenant_now,
                self.room,
                self.host.identity,
                command.message,
                client_id=command.client_id,
                reply_to=command.reply_to,
                rate=self._rate(),
                id_=id_,
            )
            self._settle(echo, posted.created, posted.message.rev, events.live(posted.message))
            if posted.created and not self.room.is_member:  # that message has made them one
                self.room = msgspec.structs.replace(self.room, is_member=True)

    async def _edit(self, command: commands.EditMessage) -> None:
        self._check_may_write()
        with self._echoes.expecting(
            self.host.asked.ref, "message_edited", message_id=command.message_id
        ) as echo:
            edited = await actions.edit_message(
                self._tenant_now,
                self.room,
                self.host.identity,
                command.message_id,
                command.message,
                rate=self._rate(),
            )
            self._settle(echo, edited.is_new, edited.message.rev, events.changed(edited.message))

    async def _delete(self, command: commands.DeleteMessage) -> None:
        self._check_may_write()
        await self.host.unhurried()
        with self._echoes.expecting(
            self.host.asked.ref, "message_deleted", message_id=command.message_id
        ) as echo:
            deleted = await actions.delete_message(
                self._tenant_now, self.room, self.host.identity, command.message_id
            )
            self._settle(echo, deleted.is_new, deleted.message.rev, events.changed(deleted.message))

    async def _react(self, command: commands.React) -> None:
        self._check_may_write()
        about = {"user_id": self.user, "message_id": command.message_id}
        about |= {"emoji": command.emoji, "on": command.on}
        with self._echoes.expecting(self.host.asked.ref, "reaction", **about) as echo:
            reacted = await actions.react(
                self._tenant_now,
                self.room,
                self.host.identity,
                command.message_id,
                command.emoji,
                command.on,
                rate=self._rate(),
            )
            self._settle(echo, reacted.is_new, reacted.message.rev, announcing.reacted(reacted))

    def _settle(self, echo: Echo, is_new: bool, rev: int, answer: msgspec.Struct) -> None:
        """Answer at once where nothing has changed; otherwise the room is told, and the asker with it."""
        if is_new:
            echo.written(rev, answer)
            self._answer_late()
        else:
            echo.cancel()
            self.host.reply(answer)

    async def _read(self, seq: int) -> None:
        await self.host.unhurried()
        with self._echoes.expecting(self.host.asked.ref, "unread") as echo:
            marked = await actions.mark_read(self._tenant_now, self.room, self.host.identity, seq)
            if not marked.is_new:
                echo.cancel()
                self.host.reply(Unread(room=self.room.name, count=marked.unread))

    def _typing(self, is_typing: bool) -> None:
        if self._typing_timer is not None:
            self._typing_timer.cancel()
            self._typing_timer = None
        if is_typing and not self._may_be_seen_typing():
            return
        if is_typing:
            self._typing_timer = asyncio.get_running_loop().call_later(TYPING_LAPSES, self._typing, False)
        stutters = self.host.hub.typings[self.tenant.id, self.user].hit(MOST_TYPING) > 0
        if stutters and (is_typing or not self._said_to_type):
            return  # everyone in the room would pay for it; that typing has ended they hear in any case
        self._said_to_type = is_typing
        typing = events.Typing(
            room=self.room.name,
            user_id=self.user,
            username=self.host.identity.username,
            is_typing=is_typing,
        )
        self.host.hub.say(self.feed, typing, self.user)

    def _may_be_seen_typing(self) -> bool:
        """Whoever cannot write is not about to. They get no error: what they would send gets one."""
        who = self.host.identity
        read_only = who.is_bot and not scopes.allows(who.scopes, "messages:write")
        return not (read_only or self.room.archived or access.is_muted(self.room))

    async def _history(self, command: commands.History) -> None:
        if command.before is not None and command.after is not None:
            raise Refused(ErrorCode.INVALID_FIELD, "history takes before or after, not both.")
        await self.host.unhurried()
        page = await reading.history(
            self._tenant_now,
            self.room.id,
            self.room.name,
            before=command.before,
            after=command.after,
            limit=command.limit,
            upto=self._resume.upto,
        )
        self.host.reply(
            History(
                room=self.room.name,
                messages=page.messages,
                has_more=page.has_more,
                oldest_seq=page.oldest_seq,
            )
        )
        await self._resume.note_page(command.after, page.messages, page.has_more)

    def _check_may_write(self) -> None:
        who = self.host.identity
        if who.is_bot and not scopes.allows(who.scopes, "messages:write"):
            raise Refused(ErrorCode.FORBIDDEN, "This key lacks the scope messages:write.")

    def _rate(self) -> Any:
        """What the user has sent lately. Raises SocketRefused where that is far beyond the limit."""
        rate = self.host.hub.rates[self.tenant.id, self.user]
        if rate.flooding(self._tenant_now.limits.messages_per_10s):
            raise SocketRefused(CloseCode.FLOODING, "far over the rate limit")
        return rate

    # ---- going out

    async def depart(self) -> None:
        """Undo what `arrive` and `greet` did."""
        if self._typing_timer is not None:
            self._typing(False)
        if self._feed is None:
            return
        feed, self._feed = self._feed, None
        feed.arriving.discard(self)
        self.host.hub.visits.discard(self)
        if self._live:
            self.host.hub.detach(feed, self)
        else:
            self.host.hub.give_up(feed)
        if self._present:
            await self.host.hub.attendance.leave(feed, self.user)

    @property
    def feed(self) -> Feed:
        assert self._feed is not None  # commands are read only after `arrive`
        return self._feed

    @property
    def _tenant_now(self) -> TenantInfo:
        """The tenant with its plan of this moment."""
        return self.host.of_tenant.info
