"""Redis for what is shared but not durable: presence, leases, tickets, counters. One client a loop and shard."""

import asyncio
import contextlib
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from functools import cache

import redis
from django.conf import settings
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from realtime import connecting
from realtime.background import quietly
from realtime.loop_local import LoopLocal

# Whatever a Redis that is away can raise at its caller.
AWAY = (RedisError, OSError, TimeoutError)


def _make() -> "list[Redis]":
    return [Redis.from_pool(connecting.pool(host)) for host in settings.REDIS_HOSTS]


_clients: "LoopLocal[list[Redis]]" = LoopLocal(_make)


def client(key: int | str) -> Redis:
    """The client of the shard that `key` lives on: a tenant's id, or the name of a counter."""
    mine = clients()
    return mine[shard_of(key, len(mine))]


def clients() -> "list[Redis]":
    """Every shard's client for the running loop, in the order of settings."""
    return _clients.get()


def shard_of_tenant(tenant_id: int) -> int:
    """The place of a tenant's client in `clients`."""
    return shard_of(tenant_id, len(clients()))


async def close() -> None:
    """Close the running loop's clients."""
    for each in _clients.pop() or []:
        await each.aclose()


@cache
def sync_clients() -> "list[redis.Redis]":
    """Every shard's client for code without an event loop, in the order of settings. Thread-safe."""
    return [redis.Redis.from_pool(connecting.sync_pool(host)) for host in settings.REDIS_HOSTS]


def sync_client(key: int | str) -> "redis.Redis":
    """`client` for code without an event loop. Thread-safe."""
    clients = sync_clients()
    return clients[shard_of(key, len(clients))]


def shard_of(key: int | str, shards: int) -> int:
    """Which of so many shards a key lives on."""
    return 0 if shards == 1 else zlib.crc32(str(key).encode()) % shards


async def shard_by_shard(tenant_ids: Iterable[int], work: Callable[[int], Awaitable[None]]) -> None:
    """Do `work` for each tenant: one after another on a shard, all shards at once, so that one that hangs holds up no
    other. What it raises is logged."""
    shards: defaultdict[int, list[int]] = defaultdict(list)
    for id_ in tenant_ids:
        shards[shard_of_tenant(id_)].append(id_)

    async def in_turn(ids: list[int]) -> None:
        for id_ in ids:
            await quietly(work(id_))

    await asyncio.gather(*(in_turn(ids) for ids in shards.values()))


def all_answer(within: float) -> bool:
    """Whether every shard answers now, each within so many seconds; behind Sentinels, whether its master does."""
    patience = {"socket_timeout": within, "socket_connect_timeout": within, "retry": Retry(NoBackoff(), 0)}
    try:
        for host in settings.REDIS_HOSTS:
            pool = connecting.sync_pool(host, **patience)
            with contextlib.closing(pool), redis.Redis(connection_pool=pool) as probe:
                probe.ping()
    except AWAY:
        return False
    return True
