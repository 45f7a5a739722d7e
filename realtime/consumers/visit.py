"""One person in one room, over one socket: how they come in, what they are told first, and how they go."""

from collections import deque
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET

from accounts.identity import Identity
from realtime import commands, events
from realtime.admissions import TenantSockets
from realtime.consumers.echoes import Echoes
from realtime.consumers.resume import Resume
from realtime.consumers.speaker import Speaker
from realtime.consumers.views import limits_view
from realtime.events import ErrorCode, OnlineUsers, RoomUpdated, UserJoined, UserRef, stamp
from realtime.feed import Feed
from realtime.hub import Hub
from realtime.outlets import Burst, Outlet
from realtime.presence import Arrival
from rooms import access
from rooms.access import RoomRecord
from rooms.texts import Refused
from tenants.directory import TenantInfo

# Comings and goings kept for somebody who is still reading what they missed.
MOST_OVERHEARD: Final = 200


class Host(Protocol):
    """The socket over which somebody visits."""

    hub: Hub
    outlet: Outlet
    identity: Identity
    connection_id: str
    address: str
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
    """`arrive` before anything is sent, then `greet` and `settle`; `depart` at the end, however far it came."""

    def __init__(self, host: Host, tenant: TenantInfo, room: RoomRecord) -> None:
        self.host = host
        self.tenant = tenant
        self.room = room
        self.ended: Refused | None = None  # why the visitor may no longer be here
        self._feed: Feed | None = None
        self.resume: Resume  # from `arrive` on
        self._present = False
        self._greeted = self._live = False
        self._overheard: deque[Burst] = deque(maxlen=MOST_OVERHEARD)
        self._echoes = Echoes()
        self._speaker = Speaker(self, self._echoes)

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

    def push(self, *bodies: msgspec.Struct | events.Frame) -> None:
        """Send frames to this visitor alone."""
        self.host.push(*bodies)

    def hear(self, burst: Burst) -> None:
        """What everyone is told."""
        if not self._echoes.waiting:
            self.host.outlet.push(burst)
            return
        self.host.outlet.push(self._echoes.mark(burst))
        self._speaker.answer_late()

    def overhear(self, burst: Burst) -> None:
        """Who comes and goes while this one is still coming in is told once they are in."""
        self._overheard.append(burst)

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
        self.resume = Resume(self, self._feed, self._go_live)
        hub.visits.add(self)
        # From here on we hear of changes; what changed since we were let in is seen now. The answer is cached.
        self.room = await access.enter(self.tenant, who, self.room.name)
        await self._feed.reach(since or 0, rev or 0)
        self._present = not who.is_bot
        self._feed.arriving.add(self)  # before we are told who is here: whoever comes later is told of
        return await hub.attendance.enter(self._feed, self.user if self._present else "", who.username)

    def greet(self, arrival: Arrival) -> tuple[int, int]:
        """The entry frames, and where the room stands (seq, rev) in them. Follow it with `settle` at once.

        Raises Refused where the visitor has been shown out already.
        """
        if self.ended is not None:
            raise self.ended
        feed = self.feed
        self.host.reply(self._online_users(arrival))
        self.host.push(self._joined())
        self._greeted = True
        return feed.seq, feed.rev

    async def settle(self, at: tuple[int, int], since: int | None, rev: int | None) -> None:
        """The resume where one was asked for, then live: no frame may slip in between.

        Raises Refused where the visitor has been shown out in the meantime.
        """
        if since is None:
            self._go_live()
        else:
            await self.resume.begin(since, rev, at)
        if self.ended is not None:
            raise self.ended

    @property
    def over(self) -> bool:
        """Whether nothing of the room may be told here any more."""
        return self.ended is not None or self._feed is None or self.host.outlet.gone

    def _go_live(self) -> None:
        if not self._live and not self.over:
            assert self._feed is not None
            self._live = True
            self._feed.arriving.discard(self)
            self.host.hub.attach(self._feed, self)
            while self._overheard:
                self.host.outlet.push(self._overheard.popleft())
            self._speaker.answer_late()

    def _online_users(self, arrival: Arrival) -> OnlineUsers:
        return OnlineUsers(
            users=[UserRef(id_, name) for id_, name in arrival.people],
            count=arrival.count,
            room=self.room.name,
            connection_id=self.host.connection_id,
            last_seq=self.feed.seq,
            last_rev=self.feed.rev,
            created_at=stamp(self.room.created_at),
            limits=limits_view(self.tenant_now.limits),
            **self._standing(),
        )

    def _standing(self) -> dict[str, Any]:
        """What a client should know of the room and of its user's place in it."""
        room = self.room
        return {
            "title": room.title,
            "archived": room.archived,
            "slow_mode": room.slow_mode,
            "may_moderate": self._speaker.may_write and access.may_moderate(self.host.identity, room),
            "muted_until": stamp(room.muted_until) if access.is_muted(room) and room.muted_until else UNSET,
        }

    def _joined(self) -> UserJoined:
        return UserJoined(
            room=self.room.name,
            user_id=self.user,
            username=self.host.identity.username,
            timestamp=stamp(),
        )

    async def obey(self, command: Any) -> None:
        """Carry out one of commands.IN_ROOM. Raises Refused, or SocketRefused for one command too many."""
        await self._speaker.obey(command)

    # ---- going out

    async def depart(self) -> None:
        """Undo what `arrive` and `greet` did."""
        if self._feed is None:
            return
        self._speaker.leave()
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
    def is_live(self) -> bool:
        """Whether this visit hears the room."""
        return self._live and self._feed is not None

    @property
    def feed(self) -> Feed:
        assert self._feed is not None  # commands are read only after `arrive`
        return self._feed

    @property
    def tenant_now(self) -> TenantInfo:
        """The tenant with its plan of this moment."""
        return self.host.of_tenant.info
