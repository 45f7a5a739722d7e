"""Connections to Redis that end while nobody looks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
import redis
import uvloop
from redis.asyncio import Redis

from realtime import connecting, store


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_connection_that_was_closed_while_idle_is_made_anew(stack: Any, loop: Any) -> None:
    async def ask() -> None:
        async with contextlib.aclosing(Redis.from_pool(connecting.pool(_host()))) as client:
            assert await client.ping()
            await _close_the_idle(client)
            assert await client.ping()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())


def test_one_that_is_closed_and_cannot_be_made_anew_is_a_redis_that_is_away(stack: Any) -> None:
    async def ask() -> None:
        pool = connecting.pool(_host())
        async with contextlib.aclosing(Redis.from_pool(pool)) as client:
            assert await client.ping()
            await _close_the_idle(client)
            connection = pool._available_connections[0]
            with pytest.raises(store.AWAY) as refused:
                await connection.send_command("PING")
            assert isinstance(refused.value, redis.ConnectionError)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())


def _host() -> dict[str, Any]:
    from django.conf import settings

    host: dict[str, Any] = settings.REDIS_HOSTS[0]
    return host


async def _close_the_idle(client: Redis) -> None:
    """What the death of the server does to the connections that wait in the pool."""
    connection: Any
    (connection,) = client.connection_pool._available_connections
    connection._writer.transport.abort()
    await asyncio.sleep(0)
    assert connection.is_connected  # so it seems to redis-py
