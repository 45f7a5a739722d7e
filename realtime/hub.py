"""One hub a process: one subscription a room, whoever many sockets are in it.

The hub is the only listener on the channel layer; sockets have no channel of their own. It notices by a heartbeat of
its own through Redis that publishes were lost, and then compares every room with the database. It renews leases and
presence, and carries a tenant's change of plan or state to the open sockets.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Final, Protocol

import msgspec
from channels.layers import get_channel_layer

from accounts import keys, members
from realtime import groups, leases, presence
from realtime.events import CloseCode, UserLeft, stamp
from realtime.feed import Feed, Listener
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
# A heartbeat this old means that publishes may be getting lost.
DEAF_AFTER: Final = 3.0
SUBSCRIBE_TIMEOUT: Final = 3.0


class Socket(Listener, Protocol):
    """A socket, as the hub sees it."""

    connection_id: str
    key_id: str | None


class TenantSockets:
    """A tenant's sockets in this process, and what is known of the tenant now."""

    __slots__ = ("info", "sockets")

    def __init__(self, info: TenantInfo) -> None:
        self.info = info
        self.sockets: set[Socket] = set()


class Hub:
    """Not thread-safe: lives in one event loop."""

    def __init__(self) -> None:
        self.publisher = publisher()
        self.process = self.publisher.process
        self.feeds: dict[str, Feed] = {}
        self.tenants: dict[int, TenantSockets] = {}
        self.rates: defaultdict[tuple[int, str], MessageRate] = defaultdict(MessageRate)
        self._tasks: list[asyncio.Task[None]] = []
        self._channel = ""
        self._heard = time.monotonic()
        self._deaf = False
        self._ticks = 0

    # ---- life cycle

    async def start(self) -> None:
        """Begin listening. Redis may be away: the hub then keeps trying."""
        self.publisher.listener = self.receive
        for job in (self._listen(), self._tick_forever()):
            self._tasks.append(asyncio.get_running_loop().create_task(job))

    async def stop(self) -> None:
        """Stop listening and renewing; sockets must be closed before."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for feed in self.feeds.values():
            feed.close()

    # ---- sockets

    def admit(self, tenant: TenantInfo, socket: Socket) -> TenantSockets:
        """Count a socket among its tenant's; the answer's `info` stays current while the socket is open."""
        of_tenant = self.tenants.get(tenant.id)
        if of_tenant is None:
            of_tenant = self.tenants[tenant.id] = TenantSockets(tenant)
        of_tenant.sockets.add(socket)
        return of_tenant

    def dismiss(self, tenant_id: int, socket: Socket) -> None:
        """The socket has closed."""
        of_tenant = self.tenants.get(tenant_id)
        if of_tenant is not None:
            of_tenant.sockets.discard(socket)
            if not of_tenant.sockets:
                del self.tenants[tenant_id]

    async def feed(self, tenant: TenantInfo, room: RoomRecord) -> Feed:
        """The room's feed, subscribed and up to date; counted as being entered until `attach` or `give_up`.

        Raises OSError, TimeoutError, redis or psycopg errors when a part is away.
        """
        group = groups.room(tenant.id, room.id)
        feed = self.feeds.get(group)
        if feed is None:
            feed = self.feeds[group] = Feed(tenant, room)
            feed.entering += 1
            try:
                await asyncio.wait_for(
                    self._layer().group_add(group, await self._own_channel()), SUBSCRIBE_TIMEOUT
                )
                await feed.open()
            except BaseException as error:
                del self.feeds[group]
                feed.ready.set_exception(
                    error if isinstance(error, Exception) else ConnectionError("cancelled")
                )
                feed.ready.exception()  # seen: whoever waits gets it too, and nobody may be waiting
                raise
            feed.ready.set_result(None)
        else:
            feed.entering += 1
            try:
                await asyncio.shield(feed.ready)
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

    # ---- presence

    async def enter(self, feed: Feed, user: str, username: str) -> tuple[bool, int, list[tuple[str, str]]]:
        """Note a person in the room; see presence.enter. An empty `user` only looks."""
        if user:
            feed.people[user] += 1
            feed.names[user] = username
        return await presence.enter(feed.tenant.id, feed.room_id, user, username, self.process)

    async def leave(self, feed: Feed, user: str) -> None:
        """A socket of this person has left; the room hears of it once the grace for reconnects is over."""
        feed.people[user] -= 1
        if feed.people[user] > 0:
            return
        del feed.people[user], feed.names[user]
        await presence.leave(feed.tenant.id, feed.room_id, user, self.process)
        asyncio.get_running_loop().call_later(presence.GRACE + 0.1, self._sweep_soon, feed)

    def _sweep_soon(self, feed: Feed) -> None:
        self._spawn(self._sweep(feed))

    async def _sweep(self, feed: Feed) -> None:
        await self._quietly(self._say_goodbye(feed, presence.sweep(feed.tenant.id, feed.room_id)))

    async def _say_goodbye(self, feed: Feed, leaving: Awaitable[list[tuple[str, str]]]) -> None:
        for user, username in await leaving:
            left = UserLeft(room=feed.room_name, user_id=user, username=username, timestamp=stamp())
            self.say(feed, left, skip=user)

    # ---- saying and hearing

    def say(self, feed: Feed, body: msgspec.Struct, *, skip: str = "") -> None:
        """Tell everyone in the room, on every process, something that is only true now; all but the person `skip`."""
        event = {"type": "fleeting", "payload": msgspec.json.encode(body), "skip": skip}
        self.publisher.publish([(groups.room(feed.tenant.id, feed.room_id), event)])

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
                self._forget(event["schema"], event.get("key_id"))

    def _forget(self, schema: str, revoked_key: str | None) -> None:
        """Something about a tenant changed: caches go, and so do the sockets of a revoked key."""
        directory.forget()
        keys.forget(schema)
        members.forget(schema)
        access.forget()
        for of_tenant in list(self.tenants.values()):
            if of_tenant.info.schema_name == schema and revoked_key is not None:
                for socket in [socket for socket in of_tenant.sockets if socket.key_id == revoked_key]:
                    socket.outlet.close(CloseCode.UNAUTHENTICATED, "the key that vouched for you was revoked")

    async def _listen(self) -> None:
        layer = self._layer()
        while True:
            try:
                channel = await self._own_channel()
                for group in (groups.CONTROL, groups.hub(self.process)):
                    await layer.group_add(group, channel)
                while True:
                    self._heed(await layer.receive(channel))
            except AWAY as error:
                logger.warning("not listening yet: %s", type(error).__name__)
                await asyncio.sleep(0.5)

    async def _own_channel(self) -> str:
        if not self._channel:
            self._channel = await self._layer().new_channel("hub.")
        return self._channel

    def _heed(self, event: dict[str, Any]) -> None:
        if event["type"] == "beat":
            self._heard = time.monotonic()
            if self._deaf:
                self._deaf = False
                logger.info("hearing again: comparing %d rooms with the database", len(self.feeds))
                for feed in self.feeds.values():
                    feed.repair_soon()
        elif event["from"] != self.process:  # what this process published, it has delivered already
            self.receive(event["group"], event)

    # ---- the clock

    async def _tick_forever(self) -> None:
        while True:
            self._ticks += 1
            self._beat()
            await self._quietly(self._refresh_tenants())
            if self._ticks % leases.RENEW_EVERY == 0:
                self._spawn(self._quietly(self._renew()))
                self._drop_unused()
            await asyncio.sleep(TICK)

    def _beat(self) -> None:
        if time.monotonic() - self._heard > DEAF_AFTER and not self._deaf:
            self._deaf = True
            logger.warning("no heartbeat through Redis for %.0f s", DEAF_AFTER)
        self.publisher.publish([(groups.hub(self.process), {"type": "beat"})])

    async def _refresh_tenants(self) -> None:
        if not self.tenants:
            return
        current = await directory.afetch(list(self.tenants))
        for id_, of_tenant in list(self.tenants.items()):
            info = current.get(id_)
            if info is not None and info.open:
                of_tenant.info = info
                continue
            code = (
                CloseCode.SUSPENDED if info is not None and info.state == "suspended" else CloseCode.NOT_FOUND
            )
            for socket in list(of_tenant.sockets):
                socket.outlet.close(code, "this workspace is suspended" if info else "this workspace is gone")

    async def _renew(self) -> None:
        for id_, of_tenant in list(self.tenants.items()):
            held = [(socket.user, socket.connection_id) for socket in of_tenant.sockets]
            await leases.renew(id_, held)
        for feed in list(self.feeds.values()):
            here = [(user, feed.names[user]) for user in feed.people]
            lapsed = presence.renew(feed.tenant.id, feed.room_id, here, self.process)
            await self._say_goodbye(feed, lapsed)

    def _drop_unused(self) -> None:
        for group, feed in list(self.feeds.items()):
            if feed.unused:
                del self.feeds[group]
                feed.close()
                self._spawn(self._quietly(self._unsubscribe(group)))
        for key in [key for key, rate in self.rates.items() if rate.idle]:
            del self.rates[key]

    async def _unsubscribe(self, group: str) -> None:
        await self._layer().group_discard(group, self._channel)
        if group in self.feeds:  # somebody came back while the subscription was being given up
            await self._layer().group_add(group, self._channel)
            self.feeds[group].repair_soon()

    async def _quietly(self, work: Awaitable[None]) -> None:
        """Run what the next round will run again: a part that is away must not stop the clock."""
        try:
            await work
        except Exception as error:
            logger.warning("%s: %s", type(error).__name__, error)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks = [known for known in self._tasks if not known.done()] + [task]

    def _layer(self) -> Any:
        return get_channel_layer()


_hubs: LoopLocal[Hub] = LoopLocal(Hub)


async def hub() -> Hub:
    """The running loop's hub, started at first use."""
    made = _hubs.get()
    if not made._tasks:
        await made.start()
    return made


async def stop() -> None:
    """Stop the running loop's hub, if it has one."""
    if made := _hubs.pop():
        await made.stop()
