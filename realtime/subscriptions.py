"""What this process hears on one Redis: one connection, kept by one task that cannot die.

channels-redis' own connection leaves three things open that a gapless feed needs closed. It returns from a subscribe
before Redis has carried it out, so that a room's state can be read too early. It lets the reader and every subscriber
reconnect the same connection at once. And it tells nobody that it was away. Here a subscribe returns when Redis has
confirmed it, one task connects and reads, and once all subscriptions of a lost connection are confirmed again,
`on_reconnect` is called: what was published in between is gone, and whoever cares compares with the database.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Sequence
from typing import Any, Final

from channels_redis.pubsub import RedisSingleShardConnection
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionLost

from realtime import connecting
from realtime.store import AWAY

logger = logging.getLogger("snug.subscriptions")

# A connection this quiet is asked for a sign of life, and given up when none comes within the same time again.
SILENCE: Final = 3.0
RETRY: Final = 0.2
_MOST_AT_ONCE: Final = 1000


class Shard(RedisSingleShardConnection):
    """One Redis of the channel layer. Publishing one event is channels-redis' own; listening is done here."""

    def __init__(self, host: dict[str, Any], channel_layer: Any) -> None:
        super().__init__(host, channel_layer)
        self._redis: Any = None
        self._wanted: dict[str, asyncio.Future[None]] = {}  # by channel; done once Redis has confirmed it
        self._unheard: set[str] = set()  # confirmed on an earlier connection, not yet on this one
        self._connection: Any = None
        self._heard_at = 0.0  # by the loop's clock
        self._task: asyncio.Task[None] | None = None
        self._telling = asyncio.Lock()

    async def publish_many(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish each message under its name, in order and in one round trip."""
        self._ensure_redis()
        async with self._redis.pipeline(transaction=False) as pipe:
            for name, message in messages:
                pipe.publish(name, message)
            await pipe.execute()

    async def subscribe(self, channel: str) -> None:
        """Returns once Redis has confirmed; waits for as long as it is away, and goes on wanting if cancelled."""
        confirmed = self._wanted.get(channel)
        if confirmed is None:
            confirmed = self._wanted[channel] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())
            await self._tell("SUBSCRIBE", channel)
        await asyncio.shield(confirmed)

    async def unsubscribe(self, channel: str) -> None:
        """Stop hearing a channel."""
        if self._wanted.pop(channel, None) is not None:
            self._confirmed_again(channel)
            await self._tell("UNSUBSCRIBE", channel)

    async def flush(self) -> None:
        """Forget everything and close."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._wanted.clear()
        self._unheard.clear()
        await super().flush()

    async def _tell(self, command: str, *channels: str) -> None:
        """Say it on the connection there is. Where there is none, or it breaks, the next one begins with all of it."""
        async with self._telling:
            connection = self._connection
            if connection is not None and connection.is_connected:
                with contextlib.suppress(*AWAY):
                    await connection.send_command(command, *channels)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                logger.warning("not hearing from Redis: %s: %s", type(error).__name__, error)
            await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        self._ensure_redis()
        # Beside those that the pool counts: it is never given back.
        connection = self._redis.connection_pool.make_connection()
        try:
            await connection.connect()
            await self._subscribe_all(connection)
            reading = asyncio.get_running_loop().create_task(self._read(connection))
            try:
                await self._watch(connection, reading)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        finally:
            self._connection = None
            with contextlib.suppress(*AWAY):
                await connection.disconnect(nowait=True)

    async def _read(self, connection: Any) -> None:
        # A timer for each answer would cost more than the answer.
        while True:
            self._heed(await connection.read_response(timeout=math.inf, disconnect_on_error=False))

    async def _watch(self, connection: Any, reading: "asyncio.Task[None]") -> None:
        """Raises what ends the reading, or ConnectionLost when a connection that was quiet gives no sign of life."""
        loop = asyncio.get_running_loop()
        self._heard_at = asked_at = loop.time()
        while True:
            since = max(self._heard_at, asked_at)
            await asyncio.wait([reading], timeout=max(0.0, since + SILENCE - loop.time()))
            if reading.done():
                reading.result()
            if loop.time() >= max(self._heard_at, asked_at) + SILENCE:
                if asked_at > self._heard_at:
                    raise ConnectionLost("no sign of life")
                await connection.send_command("PING", check_health=False)
                asked_at = loop.time()

    async def _subscribe_all(self, connection: Any) -> None:
        async with self._telling:
            self._connection = connection
            channels = list(self._wanted)
            self._unheard = {channel for channel in channels if self._wanted[channel].done()}
            for start in range(0, len(channels), _MOST_AT_ONCE):
                await connection.send_command("SUBSCRIBE", *channels[start : start + _MOST_AT_ONCE])

    def _heed(self, answer: Any) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        match answer:
            case [b"message", bytes(channel), data]:
                self.channel_layer.deliver(channel.decode(), data)
            case [b"subscribe", bytes(channel), _]:
                name = channel.decode()
                confirmed = self._wanted.get(name)
                if confirmed is not None and not confirmed.done():
                    confirmed.set_result(None)
                self._confirmed_again(name)

    def _confirmed_again(self, channel: str) -> None:
        if channel in self._unheard:
            self._unheard.discard(channel)
            if not self._unheard and self.channel_layer.on_reconnect is not None:
                self.channel_layer.on_reconnect()

    def _ensure_redis(self) -> None:
        if self._redis is None:
            # What is heard is read as RESP2 answers it.
            self._redis = Redis.from_pool(connecting.pool(self.host, protocol=2))
