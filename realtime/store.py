"""Redis for what is shared but not durable: presence, leases, tickets, counters. One client a loop and shard."""

import zlib
from functools import cache

import redis
from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from realtime.loop_local import LoopLocal

TIMEOUT = 2.0
# A thousand sockets that come or go at once wait for each other's connections; none is refused for it.
MOST_CONNECTIONS = 16
PATIENCE = 10.0
# Whatever a Redis that is away can raise at its caller.
AWAY = (RedisError, OSError, TimeoutError)


def _make() -> "list[Redis]":
    # One retry heals a connection that a restarted Redis left dead in the pool.
    retry = Retry(NoBackoff(), 1)
    return [
        Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=MOST_CONNECTIONS,
                timeout=PATIENCE,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=retry,
            )
        )
        for url in settings.REDIS_URLS
    ]


_clients: "LoopLocal[list[Redis]]" = LoopLocal(_make)


def client(key: int | str) -> Redis:
    """The client of the shard that `key` lives on: a tenant's id, or the name of a counter."""
    clients = _clients.get()
    return clients[_shard(key, len(clients))]


async def close() -> None:
    """Close the running loop's clients."""
    for each in _clients.pop() or []:
        await each.aclose()


@cache
def sync_clients() -> "list[redis.Redis]":
    """Every shard's client for code without an event loop, in the order of settings. Thread-safe."""
    return [
        redis.Redis(
            connection_pool=redis.BlockingConnectionPool.from_url(
                url,
                max_connections=MOST_CONNECTIONS,
                timeout=PATIENCE,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
            )
        )
        for url in settings.REDIS_URLS
    ]


def sync_client(key: int | str) -> "redis.Redis":
    """`client` for code without an event loop. Thread-safe."""
    clients = sync_clients()
    return clients[_shard(key, len(clients))]


def _shard(key: int | str, shards: int) -> int:
    return 0 if shards == 1 else zlib.crc32(str(key).encode()) % shards
