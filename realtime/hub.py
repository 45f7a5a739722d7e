"""One hub a process: one subscription a room, whoever many sockets are in it.

The hub is the only listener on the channel layer; sockets have no channel of their own. It notices by a numbered
heartbeat of its own through Redis that it missed something, and then compares every room with the database. It also
keeps the clock for what this process must renew and follow: leases, presence, tenants, keys.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
from channels.layers import get_channel_layer

from accounts import keys, members
from realtime import groups, leases
from realtime.admissions import Admissions, Socket
from realtime.attendance import Attendance
from realtime.background import Background, quietly
from realtime.feed import Feed
from realtime.limits import MessageRate
from realtime.loop_local import LoopLocal
from realtime.publish import publisher
from realtime.store import AWAY
from rooms import access
from rooms.access import RoomRecord
from tenants import directory
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.hub")

TICK: Final = 1.0
# The channel layer is deaf for at least a second after it has lost its connection: with two beats a second, one is
# always among what it misses.
BEATS_A_TICK: Final = 2
# A heartbeat this old means that publishes may be getting lost.
DEAF_AFTER: Final = 3.0
SUBSCRIBE_TIMEOUT: Final = 3.0


class Hub:
    """Not thread-safe: lives in one event loop."""

    def __init__(self) -> None:
        self.publisher = publisher()
        self.process = self.publisher.process
        self.feeds: dict[str, Feed] = {}
        self.admissions = Admissions()
        self.rates: defaultdict[tuple[int, str], MessageRate] = defaultdict(MessageRate)
        self.attendance = Attendance(self.process, self.say, self._begin)
        self.started = False
        self._background = Background()
        self._channel = ""
        self._naming = asyncio.Lock()
        self._heard = time.monotonic()
        self._deaf = False
        self._ticks = 0
        self._beats = 0
        self._last_beat = 0

    # ---- life cycle

    def start(self) -> None:
        """Begin listening. Redis may be away: the hub then keeps trying."""
        self.started = True
        self.publisher.listener = self.receive
        self._background.run(self._listen())
        self._background.run(self._tick_forever())

    async def stop(self) -> None:
        """Stop listening and renewing; sockets must be closed before."""
        await self._background.stop()
        for feed in self.feeds.values():
            feed.close()

    # ---- rooms

    async def feed(self, tenant: TenantInfo, room: RoomRecord) -> Feed:
        """The room's feed, subscribed and up to date; counted as being entered until `attach` or `give_up`.

        Raises OSError, TimeoutError, redis or psycopg errors when a part is away.
        """
        feed = self.feeds.get(groups.room(tenant.id, room.id))
        if feed is None:
            feed = self.feeds[groups.room(tenant.id, room.id)] = Feed(tenant, room)
            # A task of the hub's own: the socket that happens to come first may go before the others are in.
            feed.opening = self._background.run(self._open(feed))
        feed.entering += 1
        try:
            await asyncio.shield(feed.opening)
        except BaseException:
            feed.entering -= 1
            raise
        return feed

    def attach(self, feed: Feed, socket: Socket) -> None:
        """From now on the socket hears the room."""
        feed.entering -= 1
        feed.sockets.add(socket)

    def give_up(self, feed: Feed) -> None:
        """The socket that asked for the feed will not be attached."""
        feed.entering -= 1

    def detach(self, feed: Feed, socket: Socket) -> None:
        """The socket no longer hears the room."""
        feed.sockets.discard(socket)

    async def _open(self, feed: Feed) -> None:
        try:
            channel = await self._own_channel()
            await asyncio.wait_for(self._layer().group_add(feed.group, channel), SUBSCRIBE_TIMEOUT)
            await feed.open()
        except BaseException:
            if self.feeds.get(feed.group) is feed:
                del self.feeds[feed.group]
            feed.close()
            raise

    def _drop_unused(self) -> None:
        for group, feed in list(self.feeds.items()):
            if feed.unused:
                del self.feeds[group]
                feed.close()
                self._begin(self._unsubscribe(group))
        for key in [key for key, rate in self.rates.items() if rate.idle]:
            del self.rates[key]

    async def _unsubscribe(self, group: str) -> None:
        await self._layer().group_discard(group, self._channel)
        if group in self.feeds:  # somebody came back while the subscription was being given up
            await self._layer().group_add(group, self._channel)
            self.feeds[group].repair_soon()

    # ---- saying and hearing

    def say(self, feed: Feed, body: msgspec.Struct, skip: str = "") -> None:
        """Tell everyone in the room, on every process, something that is only true now; all but the person `skip`."""
        event = {"type": "fleeting", "payload": msgspec.json.encode(body), "skip": skip}
        self.publisher.publish([(feed.group, event)])

    def replace(self, tenant_id: int, user: str, connection_id: str) -> None:
        """Close, wherever it is, the socket that this user left behind."""
        event = {"type": "replaced", "tenant": tenant_id, "user": user, "connection": connection_id}
        self.publisher.publish([(groups.CONTROL, event)])

    def receive(self, group: str, event: dict[str, Any]) -> None:
        """An event, from this process at once or from another through the channel layer."""
        match event["type"]:
            case "durable":
                if feed := self.feeds.get(group):
                    feed.durable(event["items"])
            case "fleeting":
                if feed := self.feeds.get(group):
                    feed.fleeting(event["payload"], event["skip"])
            case "changed":
                self._changed(event)
            case "replaced":
                self.admissions.replace(event["tenant"], event["user"], event["connection"])

    def _changed(self, event: dict[str, Any]) -> None:
        """Something about a tenant changed: caches go, and so do the sockets that it concerns."""
        schema = event["schema"]
        directory.forget()
        keys.forget(schema)
        members.forget(schema)
        access.forget()
        if "key_id" in event:
            self.admissions.revoke_key(schema, event["key_id"])
        if "user" in event:
            self.admissions.revoke_user(schema, event["user"], event["before"])
        self._begin(self.admissions.follow_tenants())

    async def _listen(self) -> None:
        while True:
            try:
                channel = await self._own_channel()
                for group in (groups.CONTROL, groups.hub(self.process)):
                    await self._layer().group_add(group, channel)
                while True:
                    self._heed(await self._layer().receive(channel))
            except AWAY as error:
                logger.warning("not listening yet: %s", type(error).__name__)
                await asyncio.sleep(0.5)
            except Exception:  # one event that nobody understands must not make this process deaf
                logger.exception("an event was not understood")
                await asyncio.sleep(0.1)

    async def _own_channel(self) -> str:
        async with self._naming:  # two that ask at once must not come to listen on two channels
            if not self._channel:
                self._channel = await self._layer().new_channel("hub.")
        return self._channel

    def _heed(self, event: dict[str, Any]) -> None:
        if event["type"] == "beat":
            self._heard, self._deaf = time.monotonic(), False
            if event["number"] != self._last_beat + 1:
                self._hear_again()
            self._last_beat = event["number"]
        elif event["from"] != self.process:  # what this process published, it has delivered already
            self.receive(event["group"], event)

    def _hear_again(self) -> None:
        """Something was missed."""
        logger.info("comparing %d rooms with the database", len(self.feeds))
        for feed in self.feeds.values():
            feed.repair_soon()
        self._begin(self.admissions.follow_keys())

    # ---- the clock

    async def _tick_forever(self) -> None:
        while True:
            self._ticks += 1
            await quietly(self.admissions.follow_tenants())
            if self._ticks % leases.RENEW_EVERY == 0:
                self._begin(self._renew())
                self._drop_unused()
            for _ in range(BEATS_A_TICK):
                self._beat()
                await asyncio.sleep(TICK / BEATS_A_TICK)

    def _beat(self) -> None:
        if time.monotonic() - self._heard > DEAF_AFTER and not self._deaf:
            self._deaf = True
            logger.warning("no heartbeat through Redis for %.0f s", DEAF_AFTER)
        self._beats += 1
        self.publisher.publish([(groups.hub(self.process), {"type": "beat", "number": self._beats})])

    async def _renew(self) -> None:
        await self.admissions.renew()
        await self.admissions.follow_keys()
        for feed in list(self.feeds.values()):
            await quietly(self.attendance.renew(feed))

    def _begin(self, work: Awaitable[None]) -> None:
        self._background.run(quietly(work))

    def _layer(self) -> Any:
        return get_channel_layer()


_hubs: LoopLocal[Hub] = LoopLocal(Hub)


async def hub() -> Hub:
    """The running loop's hub, started at first use."""
    made = _hubs.get()
    if not made.started:
        made.start()
    return made


async def stop() -> None:
    """Stop the running loop's hub, if it has one."""
    if made := _hubs.pop():
        await made.stop()
