"""One room in one process: the sockets that are in it, and how far they have been told.

The feed delivers durable changes strictly by `rev`. One that comes early is held until the gap before it is filled,
by the publish that was overtaken or, after PATIENCE seconds, from the database. The same happens when the feed learns
that the room has come further than it heard. So whatever may be lost on the way, it only takes longer.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from realtime import events, groups
from realtime.events import CloseCode, Frame
from realtime.loop_local import LoopLocal
from realtime.outlets import Burst, Outlet
from rooms import reading
from rooms.access import RoomRecord
from rooms.reading import AnyMessage
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.feed")

# Two processes commit and publish within milliseconds of each other; beyond this a publish counts as lost.
PATIENCE: Final = 0.1
WAITS: Final = 10
LONGEST_PAUSE: Final = 2.0
MOST_HELD: Final = 10_000
# After an outage every room has something to read; the pool's connections are not theirs alone.
_readers: LoopLocal[asyncio.Semaphore] = LoopLocal(lambda: asyncio.Semaphore(3))

Item = tuple[int, int, Frame]  # rev, seq, frame


class Listener(Protocol):
    """Somebody in the room over one socket, as a feed sees them."""

    @property
    def outlet(self) -> Outlet:
        """The socket's way out."""

    @property
    def user(self) -> str:
        """The public id of whoever is at the other end."""

    def hear(self, burst: Burst) -> None:
        """Take what everyone is told. Never waits."""

    def overhear(self, burst: Burst) -> None:
        """Take what is only true now, while still coming in: nobody says it again."""


class Feed:
    """Made by the hub. `open` must have finished before listeners are attached. Not thread-safe."""

    opening: asyncio.Task[None]

    def __init__(self, tenant: TenantInfo, room: RoomRecord) -> None:
        self.group = groups.room(tenant.id, room.id)
        self.tenant = tenant
        self.room_id = room.id
        self.room_name = room.name
        self.rev = -1
        self.seq = 0
        self.listeners: set[Listener] = set()
        self.arriving: set[Listener] = set()  # told who is here, and not live yet
        self.entering = 0
        self._held: dict[int, Item] = {}
        self._owed = 0  # the room has come at least this far, by hearsay
        self._timer: asyncio.TimerHandle | None = None
        self._repairing: asyncio.Task[None] | None = None

    @property
    def unused(self) -> bool:
        return not self.listeners and not self.entering

    async def open(self) -> None:
        """Read where the room stands. Call it after subscribing, so that nothing falls in between."""
        state = await reading.state(self.tenant, self.room_id)
        self.rev, self.seq = state.last_rev, state.last_seq
        self._drain()

    def close(self) -> None:
        """Stop timers: nobody listens any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._repairing is not None:
            self._repairing.cancel()

    def durable(self, items: Iterable[tuple[int, int, bytes]]) -> None:
        """Changes as published: deliver what is next, hold what is early, drop what was delivered."""
        for rev, seq, payload in items:
            if rev > self.rev and len(self._held) < MOST_HELD:
                self._held[rev] = (rev, seq, Frame(payload))
        if self.rev >= 0:
            self._drain()

    def stale(self, rev: int) -> None:
        """The room has come at least this far; what led there may have been lost."""
        if rev > max(self.rev, self._owed):
            self._owed = rev
            self._mind_the_gap()

    async def reach(self, seq: int, rev: int) -> None:
        """Before somebody who has come this far elsewhere goes live: they must not hear the same again.

        What they heard there is on its way here, change by change. What is read instead skips revs, and everyone in
        the room would take that for a loss.
        """
        for _ in range(WAITS):
            if seq <= self.seq and rev <= self.rev:
                return
            await asyncio.sleep(PATIENCE / WAITS)
        await self._read_missing()

    def fleeting(self, payload: bytes, skip: str) -> None:
        """Something that is only true now, for everyone but the person `skip`."""
        burst = Burst([Frame(payload)])
        self._tell((listener for listener in self.listeners if listener.user != skip), burst)
        for listener in list(self.arriving):
            if listener.user != skip:
                listener.overhear(burst)

    def personal(self, payload: bytes, user: str) -> None:
        """Something that concerns one person alone, on every socket of theirs in the room."""
        self._tell(
            (listener for listener in self.listeners if listener.user == user), Burst([Frame(payload)])
        )

    # ---- in order

    def _drain(self) -> None:
        """Deliver every held change that is next."""
        frames: list[Frame] = []
        while (item := self._held.pop(self.rev + 1, None)) is not None:
            frames.append(self._advance(item))
        if frames:
            self._deliver(frames)
        if self._held:
            self._held = {rev: item for rev, item in self._held.items() if rev > self.rev}
        self._mind_the_gap()

    def _advance(self, item: Item) -> Frame:
        self.rev, self.seq = max(self.rev, item[0]), max(self.seq, item[1])
        return item[2]

    def _deliver(self, frames: Sequence[Frame]) -> None:
        self._tell(self.listeners, Burst(frames))

    def _tell(self, listeners: Iterable[Listener], burst: Burst) -> None:
        for listener in tuple(listeners):
            try:
                listener.hear(burst)
            except Exception:  # one socket's trouble must not keep the rest from hearing
                logger.exception(
                    "room %s of %s: a socket cannot be written to", self.room_id, self.tenant.slug
                )
                listener.outlet.close(CloseCode.INTERNAL, "could not be written to")

    # ---- filling gaps

    @property
    def _behind(self) -> bool:
        return bool(self._held) or self._owed > self.rev

    def _mind_the_gap(self) -> None:
        under_way = self._timer is not None or (self._repairing is not None and not self._repairing.done())
        if self._behind and self.rev >= 0 and not under_way:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        if self._behind:
            self._repairing = asyncio.get_running_loop().create_task(self._repair())

    async def _repair(self) -> None:
        pause = PATIENCE
        while self._behind:
            try:
                async with _readers.get():
                    await self._read_missing()
            except Exception as error:  # whatever ails the database, this feed must catch up in the end
                logger.warning("room %s of %s not repaired yet: %s", self.room_id, self.tenant.slug, error)
            if self._behind:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _read_missing(self) -> None:
        owed = self._owed
        state = await reading.state(self.tenant, self.room_id)
        if state.last_rev > self.rev:
            missing = await reading.changes(self.tenant, self.room_id, self.room_name, rev=self.rev)
            # In these rows is every change up to the newest of them: a room's are committed one by one.
            self._catch_up(missing, max([state.last_rev, *(message.rev for message in missing)]))
        if self._owed == owed:  # what was announced is committed: there was no more when we looked
            self._owed = min(owed, state.last_rev)

    def _catch_up(self, missing: Sequence[AnyMessage], upto: int) -> None:
        """Deliver the present state of what was missed: older messages that changed, then new ones in their order.

        One row stands for all its changes, so revs may skip here. Whoever breaks off in between comes back with the
        highest `rev` and `seq` they heard: new messages they then get by `seq`, older ones only beyond that `rev`.
        """
        unheard = [message for message in missing if message.rev > self.rev]
        known = self.seq
        new = sorted((message for message in unheard if message.seq > known), key=lambda message: message.seq)
        changed = [message for message in unheard if message.seq <= known]
        bodies = [events.changed(message) for message in changed] + [events.live(message) for message in new]
        frames = [self._advance((body.rev, body.seq, events.frame(body))) for body in bodies]
        self.rev = max(self.rev, upto)
        if frames:
            self._deliver(frames)
        self._drain()
