"""One room in one process: the sockets that are in it, and how far they have been told.

The feed delivers durable changes strictly by `rev`. One that comes early is held until the gap before it is filled,
by the publish that was overtaken or, after PATIENCE seconds, from the database.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from realtime import events, groups
from realtime.events import Frame
from realtime.outlets import Burst, Outlet
from rooms import reading
from rooms.access import RoomRecord
from rooms.reading import AnyMessage
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.feed")

# Two processes commit and publish within milliseconds of each other; beyond this a publish counts as lost.
PATIENCE: Final = 0.1
MOST_HELD: Final = 10_000

Item = tuple[int, int, Frame]  # rev, seq, frame


class Listener(Protocol):
    """A socket, as a feed sees it."""

    outlet: Outlet

    @property
    def user(self) -> str:
        """The public id of whoever is at the other end."""


class Feed:
    """Made by the hub. `open` must have finished before sockets are attached. Not thread-safe."""

    opening: asyncio.Task[None]

    def __init__(self, tenant: TenantInfo, room: RoomRecord) -> None:
        self.group = groups.room(tenant.id, room.id)
        self.tenant = tenant
        self.room_id = room.id
        self.room_name = room.name
        self.rev = -1
        self.seq = 0
        self.sockets: set[Listener] = set()
        self.entering = 0
        self._held: dict[int, Item] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._repairing: asyncio.Task[None] | None = None

    @property
    def unused(self) -> bool:
        return not self.sockets and not self.entering

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

    def fleeting(self, payload: bytes, skip: str) -> None:
        """Something that is only true now, for everyone but the person `skip`."""
        burst = Burst([Frame(payload)])
        for socket in list(self.sockets):
            if socket.user != skip:
                socket.outlet.push(burst)

    def repair_soon(self) -> None:
        """Compare with the database shortly: publishes may have been lost."""
        if self._repairing is None or self._repairing.done():
            self._repairing = asyncio.get_running_loop().create_task(self._repair())

    def _drain(self) -> None:
        """Deliver every held change that is next; arrange for a repair while a gap remains."""
        frames: list[Frame] = []
        while (item := self._held.pop(self.rev + 1, None)) is not None:
            frames.append(self._advance(item))
        if frames:
            self._deliver(frames)
        self._held = {rev: item for rev, item in self._held.items() if rev > self.rev} if self._held else {}
        if self._held and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._overdue)

    def _advance(self, item: Item) -> Frame:
        self.rev, self.seq = item[0], max(self.seq, item[1])
        return item[2]

    def _deliver(self, frames: Sequence[Frame]) -> None:
        burst = Burst(frames)
        for socket in list(self.sockets):
            socket.outlet.push(burst)

    def _overdue(self) -> None:
        self._timer = None
        if self._held:
            self.repair_soon()

    async def _repair(self) -> None:
        pause = 0.2
        while True:
            try:
                state = await reading.state(self.tenant, self.room_id)
                if state.last_rev > self.rev:
                    missing = await reading.changes(
                        self.tenant, self.room_id, self.room_name, rev=self.rev, upto=state.last_rev
                    )
                    self._catch_up(missing, state.last_rev)
                return
            except Exception as error:  # whatever ails the database, this feed must catch up in the end
                logger.warning("room %s of %s not repaired yet: %s", self.room_id, self.tenant.slug, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _catch_up(self, missing: Sequence[AnyMessage], upto: int) -> None:
        """Deliver the present state of what was missed. One row stands for all its changes, so revs may skip here; new
        messages come by `seq`, as they were written, even where one of them has been changed since."""
        late = sorted(
            (message for message in missing if message.rev > self.rev), key=lambda message: message.seq
        )
        self.rev = max(self.rev, upto)
        self.seq = max([self.seq, *(message.seq for message in late)])
        if late:
            self._deliver([events.frame(events.live(message)) for message in late])
        self._drain()
