"""Pools of connections to one Redis, which is named by its address or found through its Sentinels.

A Redis is described as channels-redis takes its hosts: {"address": url}, or {"sentinels": […], "master_name": …} and
what the connections to the master need. Behind Sentinels every new connection first asks them who is master now, so a
connection that a fail-over broke is made anew to the right server. It asks the server too: a Sentinel may not know yet
of the fail-over, and a replica takes every publish without a word and passes it to nobody.
"""

import threading
import weakref
from functools import cache
from typing import Any, Final

import redis
from redis import asyncio as aredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import SentinelManagedConnection as AsyncConnection
from redis.asyncio.sentinel import SentinelManagedSSLConnection as AsyncTLSConnection
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

Host = dict[str, Any]

# redis-py leaves both without types.
_Sentinel: Final[Any] = redis.sentinel.Sentinel
_AsyncSentinel: Final[Any] = aredis.sentinel.Sentinel

# Seconds; an option of REDIS_URL has the last word.
TIMEOUT: Final = 2.0
# The next Sentinel is asked when one is silent for so long.
SENTINEL_TIMEOUT: Final = 0.5
# A thousand sockets that come or go at once wait for each other's connections; none is refused for it.
MOST_CONNECTIONS: Final = 16
PATIENCE: Final = 10.0

_NO_MASTER: Final = "what the Sentinels call master is none, or not any more"
_ROOM: Final = {"max_connections": MOST_CONNECTIONS, "timeout": PATIENCE}
_TIMES: Final = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
_SENTINEL_TIMES: Final = {"socket_timeout": SENTINEL_TIMEOUT, "socket_connect_timeout": SENTINEL_TIMEOUT}


def pool(host: Host, **options: Any) -> aredis.BlockingConnectionPool:
    """A pool for the running loop. Close it with `aclose`, which a client made by `from_pool` does."""
    # One retry heals a connection that a restarted Redis left dead in the pool.
    described = {**_ROOM, **_TIMES, "retry": AsyncRetry(NoBackoff(), 1), **options, **host}
    address = described.pop("address", None)
    if address is None:
        made: aredis.BlockingConnectionPool = _MasterPool(**described)
    else:
        made = aredis.BlockingConnectionPool.from_url(address, **described)
    kind: Any = made.connection_class
    made.connection_class = _frank(kind)
    return made


def sync_pool(host: Host, **options: Any) -> redis.BlockingConnectionPool:
    """A pool for code without an event loop. Thread-safe."""
    described = {**_ROOM, **_TIMES, "retry": Retry(NoBackoff(), 1), **options, **host}
    address = described.pop("address", None)
    if address is None:
        return _SyncMasterPool(**described)
    return redis.BlockingConnectionPool.from_url(address, **described)


class _Frank:
    """A connection that says so when it is gone.

    On a transport that the other side has closed uvloop's writes raise a RuntimeError, and redis-py passes it on as it
    is: no caller takes it for a Redis that is away, and nothing tries again.
    """

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        """Raises redis.ConnectionError."""
        try:
            await super().send_packed_command(*args, **options)  # type: ignore[misc]
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            raise redis.ConnectionError("the connection was closed while it was idle") from error


@cache
def _frank(kind: type[Any]) -> type[Any]:
    """The same class of connections, but frank."""
    return type(kind.__name__, (_Frank, kind), {})


class _AsyncMaster(AsyncConnection):
    """A connection to a server that says itself that it is master."""

    async def connect_to(self, address: tuple[str, int]) -> None:
        """Raises redis.ConnectionError where it is none."""
        await super().connect_to(address)  # type: ignore[no-untyped-call]
        await self.send_command("HELLO", check_health=False)
        if not _is_master(await self.read_response()):
            await self.disconnect()
            raise redis.ConnectionError(_NO_MASTER)


class _AsyncTLSMaster(_AsyncMaster, AsyncTLSConnection):
    pass


class _Master(SentinelManagedConnection):
    """The same for code without an event loop."""

    def connect_to(self, address: tuple[str, int]) -> None:
        """Raises redis.ConnectionError where it is none."""
        super().connect_to(address)  # type: ignore[no-untyped-call]
        self.send_command("HELLO", check_health=False)  # type: ignore[no-untyped-call]
        if not _is_master(self.read_response()):
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError(_NO_MASTER)


class _TLSMaster(_Master, SentinelManagedSSLConnection):
    pass


def _is_master(hello: Any) -> bool:
    """`hello` is the answer to HELLO: a map, or in RESP2 the names and values of one."""
    told = hello if isinstance(hello, dict) else dict(zip(hello[::2], hello[1::2], strict=True))
    return bool(told[b"role"] == b"master")


class _MasterPool(aredis.BlockingConnectionPool):
    """redis-py's own pool behind Sentinels refuses connections beyond its limit; this one waits for one."""

    is_master = True
    check_connection = False

    def __init__(
        self,
        sentinels: list[tuple[str, int]],
        master_name: str,
        sentinel_kwargs: dict[str, Any],
        ssl: bool = False,
        **options: Any,
    ) -> None:
        self.service_name = master_name
        self._sentinel = _AsyncSentinel(
            sentinels,
            sentinel_kwargs={**_SENTINEL_TIMES, "retry": AsyncRetry(NoBackoff(), 0), **sentinel_kwargs},
        )
        self._master: Any = None
        super().__init__(
            connection_class=_AsyncTLSMaster if ssl else _AsyncMaster,
            connection_pool=weakref.proxy(self),  # whom a connection asks for the address
            **options,
        )

    async def get_master_address(self) -> tuple[str, int]:
        """Raises redis.ConnectionError where no Sentinel knows a master that lives."""
        master: tuple[str, int] = await self._sentinel.discover_master(self.service_name)
        if master != self._master:
            self._master = master
            await self.disconnect(inuse_connections=False)  # those that wait in the pool lead to the old one
        return master

    async def aclose(self) -> None:
        await super().aclose()
        await self._sentinel.aclose()


class _SyncMasterPool(redis.BlockingConnectionPool):
    """The same for code without an event loop."""

    is_master = True
    check_connection = False

    def __init__(
        self,
        sentinels: list[tuple[str, int]],
        master_name: str,
        sentinel_kwargs: dict[str, Any],
        ssl: bool = False,
        **options: Any,
    ) -> None:
        self.service_name = master_name
        self._sentinel = _Sentinel(
            sentinels, sentinel_kwargs={**_SENTINEL_TIMES, "retry": Retry(NoBackoff(), 0), **sentinel_kwargs}
        )
        # Sentinel moves those that answer to the front, and is not thread-safe.
        self._asking = threading.Lock()
        self._master: Any = None
        super().__init__(  # type: ignore[no-untyped-call]
            connection_class=_TLSMaster if ssl else _Master,
            connection_pool=weakref.proxy(self),
            **options,
        )

    def get_master_address(self) -> tuple[str, int]:
        """Raises redis.ConnectionError where no Sentinel knows a master that lives."""
        with self._asking:
            master: tuple[str, int] = self._sentinel.discover_master(self.service_name)
            changed, self._master = master != self._master, master
        if changed:
            self.disconnect(inuse_connections=False)
        return master

    def close(self) -> None:
        super().close()
        for sentinel in self._sentinel.sentinels:
            sentinel.close()
