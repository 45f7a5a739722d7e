"""One hub a process: one subscription a room, whoever many sockets are in it.

The hub is the only listener on the channel layer; sockets have no channel of their own. Whenever publishes may have
been lost (its connection to Redis broke, a process has started where another may have died) and every COMPARE_EVERY
seconds it compares its rooms with the database. It also keeps the clock for what this process must renew and follow:
leases, presence, tenants, keys, memberships.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
from channels.layers import get_channel_layer

from accounts import keys, members
from moderation.review import blocked, policy
from realtime import groups, leases, store
from realtime.admissions import Admissions
from realtime.attendance import Attendance
from realtime.background import Background, Chore, quietly
from realtime.feed import Feed
from realtime.limits import MessageRate
from realtime.loop_local import LoopLocal
from realtime.publish import publisher
from realtime.visits import Visit, Visits
from rooms import access, reading
from rooms.access import RoomRecord
from tenants import directory
from tenants.directory import TenantInfo

logger = logging.getLogger("snug.hub")

TICK: Final = 1.0
COMPARE_EVERY: Final = 10  # ticks
LOOK_ROUND_EVERY: Final = 30
SUBSCRIBE_TIMEOUT: Final = 3.0


class Hub:
    """Not thread-safe: lives in one event loop."""

    def __init__(self) -> None:
        self.publisher = publisher()
        self.process = self.publisher.process
        self.feeds: dict[str, Feed] = {}
        self.admissions = Admissions()
        self.visits = Visits()
        # By tenant and user: messages, which the plan limits, and what only a runaway client overdoes.
        self.rates: defaultdict[tuple[int, str], MessageRate] = defaultdict(MessageRate)
        self.typings: defaultdict[tuple[int, str], MessageRate] = defaultdict(MessageRate)
        self.readings: defaultdict[tuple[int, str], MessageRate] = defaultdict(MessageRate)
        self.attendance = Attendance(self.process, self.say, self.begin)
        self.started = False
        self._background = Background()
        self._following = Chore(self._background, self._follow)
        self._making_room = Chore(self._background, self.admissions.close_surplus)
        self._looking_round = Chore(self._background, self._look_at_visits)
        self._looking_at_all = False
        self._renewing = Chore(self._background, self._renew)
        self._comparing = Chore(self._background, self._compare)
        self._channel = f"hub.{self.process}"
        self._ticks = 0

    # ---- life cycle

    def start(self) -> None:
        """Begin listening. Redis may be away: the hub then keeps trying."""
        self.started = True
        self.publisher.listener = self.receive
        self._layer().listen(self._channel, self._hear_again, own=self.publisher.id.bytes)
        self._background.run(self._listen())
        self._background.run(self._take_part())
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

    def attach(self, feed: Feed, visit: Visit) -> None:
        """From now on this visit hears the room."""
        feed.entering -= 1
        feed.listeners.add(visit)

    def give_up(self, feed: Feed) -> None:
        """Whoever asked for the feed will not be attached."""
        feed.entering -= 1

    def detach(self, feed: Feed, visit: Visit) -> None:
        """This visit no longer hears the room."""
        feed.listeners.discard(visit)

    async def _open(self, feed: Feed) -> None:
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT):
                await self._layer().group_add(feed.group, self._channel)
            await feed.open()
        except BaseException:
            self._drop(feed)
            raise

    def _drop_unused(self) -> None:
        for feed in list(self.feeds.values()):
            if feed.unused:
                self._drop(feed)
        for rates in (self.rates, self.typings, self.readings):
            for key in [key for key, rate in rates.items() if rate.idle]:
                del rates[key]

    def _drop(self, feed: Feed) -> None:
        feed.close()
        if self.feeds.get(feed.group) is feed:
            del self.feeds[feed.group]
            self.begin(self._unsubscribe(feed.group))

    async def _unsubscribe(self, group: str) -> None:
        if group not in self.feeds:  # nobody has come back meanwhile
            await self._layer().group_discard(group, self._channel)

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
            case "stale":
                if feed := self.feeds.get(group):
                    feed.stale(event["rev"])
            case "fleeting":
                if feed := self.feeds.get(group):
                    feed.fleeting(event["payload"], event["skip"])
            case "personal":
                if feed := self.feeds.get(group):
                    feed.personal(event["payload"], event["user"])
            case "changed":
                self._changed(event)
            case "blocked":
                blocked.forget(event["schema"])
            case "renamed":
                members.forget_one(event["schema"], event["user"])
                if "name" in event:
                    self._rename(event["schema"], event["user"], event["name"])
            case "replaced":
                self.admissions.replace(event["tenant"], event["user"], event["connection"])
            case "started":
                self._comparing.begin()

    def _rename(self, schema: str, user: str, name: str) -> None:
        """Go by another name from now on: on open sockets, and in the lists of who is in a room."""
        self.admissions.rename(schema, user, name)
        for feed in self.feeds.values():
            if feed.tenant.schema_name == schema:
                self.attendance.rename(feed, user, name)

    def _changed(self, event: dict[str, Any]) -> None:
        """Something about a tenant changed: caches go, and so do the sockets that it concerns."""
        schema = event["schema"]
        directory.forget()
        keys.forget(schema)
        members.forget(schema)
        access.forget()
        policy.forget(schema)
        if "key_id" in event:
            self.admissions.revoke_key(schema, event["key_id"])
        if "session" in event:
            self.admissions.end_session(schema, event["session"])
        if "user" in event:
            self.admissions.revoke_user(schema, event["user"], event["before"])
        if "banned" in event:
            self.admissions.ban_user(schema, event["banned"], event["until"])
        if "room" in event:
            self.visits.note(schema, event["room"])
            self._looking_round.begin()
        self._following.begin()

    async def _listen(self) -> None:
        """Hear the others: what this process publishes, it has delivered already."""
        while True:
            try:
                event = await self._layer().receive(self._channel)
                self.receive(event["group"], event)
            except Exception:  # one event that nobody understands must not make this process deaf
                logger.exception("an event was not understood")
                await asyncio.sleep(0.1)

    async def _take_part(self) -> None:
        """Hear what concerns every process, and tell them that this one is new.

        It may stand in for one that died between a commit and its publish: only the database knows of that now.
        """
        await self._layer().group_add(groups.CONTROL, self._channel)
        self.publisher.publish([(groups.CONTROL, {"type": "started"})])

    def _hear_again(self) -> None:
        """The connection to Redis was lost and is back: with it went publishes, and perhaps all that Redis held."""
        logger.info("hearing again: comparing %d rooms with the database", len(self.feeds))
        self.attendance.spare(2 * leases.RENEW_EVERY)
        self._comparing.begin()
        self._look_round()
        self._renewing.begin()  # and with that looks after keys that were revoked meanwhile

    async def _compare(self) -> None:
        """Ask the database how far each room has come; a feed that is behind then catches up by itself."""
        tenants: defaultdict[int, list[Feed]] = defaultdict(list)
        for feed in self.feeds.values():
            tenants[feed.tenant.id].append(feed)
        for feeds in tenants.values():
            await quietly(self._compare_those(feeds))

    async def _compare_those(self, feeds: list[Feed]) -> None:
        revs = await reading.revs(feeds[0].tenant, [feed.room_id for feed in feeds])
        for feed in feeds:
            feed.stale(revs.get(feed.room_id, 0))

    # ---- the clock

    async def _tick_forever(self) -> None:
        while True:
            try:
                self._tick()
            except Exception:  # the clock goes on
                logger.exception("a tick of the hub failed")
            await asyncio.sleep(TICK)

    def _tick(self) -> None:
        """Begin what is due. Nothing is awaited here: a part that hangs must not stop the clock."""
        self._ticks += 1
        self._following.begin()
        if self._ticks % leases.RENEW_EVERY == 0:
            self._renewing.begin()
            self._drop_unused()
        if self._ticks % COMPARE_EVERY == 0:
            self._comparing.begin()
        if self._ticks % LOOK_ROUND_EVERY == 0:
            self._look_round()

    async def _follow(self) -> None:
        await self.admissions.follow_tenants()
        self._making_room.begin()  # by itself: Redis may hang, and suspended tenants must not wait for it

    def _look_round(self) -> None:
        self.visits.note_all()
        self._looking_at_all = True
        self._looking_round.begin()

    async def _renew(self) -> None:
        await self.admissions.renew()
        await self.admissions.follow_keys()
        await store.shard_by_shard({feed.tenant.id for feed in self.feeds.values()}, self._renew_people)

    async def _renew_people(self, tenant_id: int) -> None:
        for feed in [feed for feed in self.feeds.values() if feed.tenant.id == tenant_id]:
            await self.attendance.renew(feed)

    async def _look_at_visits(self) -> None:
        await self.visits.follow()
        if self._looking_at_all:
            self._looking_at_all = False
            await self.admissions.follow_users()
            await self.admissions.follow_sessions()

    def begin(self, work: Awaitable[None]) -> None:
        """Do this in the background; what it raises is logged."""
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
