"""Sending to groups. A publish is a hint: the database is the truth, and the hubs find what a hint left out.

Events go to this process's own hub at once and to everyone else's through the channel layer, in order, in pipelines,
without the sender waiting: a Redis that hangs delays nobody's commit.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

from channels.layers import get_channel_layer
from django.db import transaction

from realtime import groups
from realtime.loop_local import LoopLocal
from realtime.store import AWAY

logger = logging.getLogger("snug.publish")

Event = dict[str, Any]
Send = tuple[str, Event]  # group, event
Listener = Callable[[str, Event], None]

MOST_WAITING: Final = 20_000
MOST_AT_ONCE: Final = 500
SEND_TIMEOUT: Final = 5.0
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
LASTING: Final = frozenset({"durable", "changed", "replaced"})


class Publisher:
    """One a loop. Not thread-safe; `publish` never blocks."""

    def __init__(self) -> None:
        self.process = uuid4().hex
        self.listener: Listener | None = None
        self._waiting: deque[Send] = deque(maxlen=MOST_WAITING)  # full: the oldest hints go
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sending = False

    def publish(self, sends: Sequence[Send]) -> None:
        """Hand each event to the local hub now and to the channel layer soon."""
        for group, event in sends:
            event["from"], event["group"] = self.process, group
            if self.listener is not None:
                self.listener(group, event)
        self._waiting.extend(sends)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def flush(self) -> None:
        """Wait until all that was published has left."""
        while self._task is not None and not self._task.done() and (self._waiting or self._sending):
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Flush for at most a second, then stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), 1.0)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        layer: Any = get_channel_layer()
        pause = FIRST_PAUSE
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._sending = True
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                try:
                    await asyncio.wait_for(layer.group_send_many(batch), SEND_TIMEOUT)
                    pause = FIRST_PAUSE
                except AWAY as error:
                    logger.warning("%d events not published yet: %s", len(batch), type(error).__name__)
                    self._keep(batch)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                except Exception:  # what cannot be sent must not keep the rest from leaving
                    logger.exception("%d events not published", len(batch))
                self._sending = False

    def _keep(self, batch: Sequence[Send]) -> None:
        """Put back what is still true when it comes late; to hear it twice does no harm."""
        lasting = [(group, event) for group, event in batch if event["type"] in LASTING]
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(lasting[max(0, len(lasting) - room) :]))


def tell_all(**event: Any) -> None:
    """Publish an event to every process, from code without an event loop, once its transaction is committed.

    `type="changed"` makes them forget what they cached of the tenant with the schema `schema`. With `key_id`, they also
    close the sockets for which that API key vouched; with `user` and `before` (Unix seconds), the sockets of that user
    whose tokens were issued up to then.
    """
    event |= {"from": "", "group": groups.CONTROL}
    transaction.on_commit(partial(_send_now, groups.CONTROL, event))


def _send_now(group: str, event: Event) -> None:
    layer: Any = get_channel_layer()
    try:
        layer.group_send_now(group, event)
    except AWAY as error:  # caches are short and the hubs look for themselves: it only takes longer
        logger.warning("%s not published: %s", event["type"], type(error).__name__)


_publishers: LoopLocal[Publisher] = LoopLocal(Publisher)


def publisher() -> Publisher:
    """The running loop's publisher."""
    return _publishers.get()


async def close() -> None:
    """Flush and stop the running loop's publisher."""
    if made := _publishers.pop():
        await made.close()
