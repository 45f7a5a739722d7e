"""The channel layer: channels-redis' pub/sub layer, with many sends in one round trip and subscriptions that hold."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _consistent_hash, _wrap_close, decode_hosts

from realtime import groups, store
from realtime.inbox import Inbox
from realtime.subscriptions import Shard

Event = dict[str, Any]


class Unreadable(Exception):
    """An event is not encrypted with any of our keys, or is no event."""


# Before each event, in the clear, stands who sent it: what a process sent itself it passes over unread.
SENDER_BYTES: Final = 16
NOBODY: Final = bytes(SENDER_BYTES)


class LoopLayer(RedisPubSubLoopLayer):
    """The layer's part in one event loop."""

    own = b""  # the sender whose events are passed over here; none yet

    def __init__(
        self, hosts: Any = None, *, capacity: int = 1500, expiry: float = 10, **options: Any
    ) -> None:
        super().__init__(hosts=hosts, **options)
        self._capacity, self._expiry = capacity, expiry
        self._shards = [Shard(host, self) for host in decode_hosts(hosts)]
        self._control = self._get_group_channel_name(groups.CONTROL)

    def open(self, channel: str, on_missed: Callable[[], None] | None = None) -> None:
        """Make a channel of this process, without asking Redis."""
        self.channels[channel] = Inbox(
            channel, capacity=self._capacity, expiry=self._expiry, on_missed=on_missed
        )

    def deliver(self, name: str, data: bytes) -> None:
        """What Redis has brought, for a channel or for every channel of a group, unless it is this process's own.

        What concerns every process is kept whatever the capacity: it is rare, and no database could tell of it later.
        """
        if self.own and data.startswith(self.own):
            return
        if name in self.channels:
            self.channels[name].put_nowait(data)
        for channel in self.groups.get(name, ()):
            if channel in self.channels:
                self.channels[channel].put_nowait(data, keep=name == self._control)

    async def receive(self, channel: str) -> Event:
        """The next event on the channel that can be read; others are passed over."""
        while True:
            try:
                event: Event = await super().receive(channel)
                return event
            except Unreadable:
                if channel in self.channels:
                    self.channels[channel].unreadable()

    async def _subscribe_to_channel(self, channel: str) -> None:
        self.open(channel)
        await self._get_shard(channel).subscribe(channel)


class SnugChannelLayer(RedisPubSubChannelLayer):
    """`group_send_many` publishes a batch in one pipeline a shard: a fifth of the CPU of as many group_sends.

    `group_send_now` is for code without an event loop. It keeps one client a shard for ever, where async_to_sync would
    open a connection for each call.

    Options beyond those of channels-redis: `capacity`, how many events may wait in a channel of this process; `expiry`,
    for how many seconds. What exceeds them is dropped, and a channel made by `listen` is told.
    """

    def listen(self, channel: str, on_reconnect: Callable[[], None], own: bytes = b"") -> None:
        """Make a channel that groups of this process can feed, under a name of one's own, without asking Redis.

        `on_reconnect` is called whenever something that was published may have been missed. What is sent with `own` as
        its sender is not heard.
        """
        layer = self._get_layer()
        layer.own = own
        if channel not in layer.channels:
            layer.open(channel, on_reconnect)
        layer.on_reconnect = on_reconnect

    def shard_of(self, group: str) -> int:
        """Which shard carries a group's events, by its place in `hosts`."""
        index: int = _consistent_hash(self._name(group), len(decode_hosts(self._kwargs.get("hosts"))))
        return index

    async def group_send_many(self, sends: Iterable[tuple[str, Event]], sender: bytes = NOBODY) -> None:
        """Send each event to its group, in order within a shard. Raises what redis-py raises when Redis is away."""
        layer = self._get_layer()
        shards: dict[Any, list[tuple[str, bytes]]] = defaultdict(list)
        for group, event in sends:
            name = layer._get_group_channel_name(group)
            shards[layer._get_shard(name)].append((name, self.serialize(event, sender)))
        outcomes = await asyncio.gather(
            *(shard.publish_many(messages) for shard, messages in shards.items()), return_exceptions=True
        )
        for outcome in outcomes:  # only now: one shard that is away must not cut the others short
            if isinstance(outcome, BaseException):
                raise outcome

    def group_send_now(self, group: str, event: Event) -> None:
        """Send one event. Raises what redis-py raises when Redis is away."""
        shard = store.sync_clients()[self.shard_of(group)]
        shard.publish(self._name(group), self.serialize(event))

    def serialize(self, message: Event, sender: bytes = NOBODY) -> bytes:
        data: bytes = super().serialize(message)
        return sender + data

    def deserialize(self, message: bytes) -> Event:
        """Raises Unreadable."""
        try:
            event = super().deserialize(message[SENDER_BYTES:])
        except Exception as error:  # whatever decryption and msgpack make of bytes that are not ours
            raise Unreadable(type(error).__name__) from error
        if not isinstance(event, dict):
            raise Unreadable(type(event).__name__)
        return event

    def _name(self, group: str) -> str:
        return f"{self._kwargs['prefix']}__group__{group}"

    def _get_layer(self) -> LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = LoopLayer(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        layer: LoopLayer = self._layers[loop]
        return layer
