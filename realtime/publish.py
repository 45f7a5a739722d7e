"""Sending to groups. A publish is a hint: the database is the truth, and the hubs find what a hint left out.

Events go to this process's own hub at once and to everyone else's through the channel layer, in order, in pipelines,
without the sender waiting: a Redis that hangs delays nobody's commit. What could not be sent is not kept, only that it
is owed: one `stale` event a room, with the newest `rev`, tells the other hubs where to look once Redis is back. So an
outage costs memory by the room and not by the message. Each shard has an outbox: one that is away delays no other's.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
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
Listener = Callable[[str, Event], None]

MOST_WAITING: Final = 2_000
MOST_AT_ONCE: Final = 500
SEND_TIMEOUT: Final = 5.0
LONGEST_PAUSE: Final = 1.0
# Beyond this the oldest are forgotten; hubs compare every room with the database now and then anyway.
MOST_OWED: Final = 50_000


class Publisher:
    """One a loop. Not thread-safe; `publish` never blocks and never raises."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.process = self.id.hex
        self.listener: Listener | None = None
        self._outboxes: dict[int, Outbox] = {}  # one a shard: what one of them keeps waiting is its own alone

    def publish(self, sends: Sequence[tuple[str, Event]]) -> None:
        """Hand each event to the local hub now and to the channel layer soon."""
        layer: Any = get_channel_layer()
        for group, event in sends:
            event["group"] = group
            self._outbox(layer.shard_of(group)).put(group, event)
            self._tell_hub(group, event)

    async def close(self) -> None:
        """Send what is waiting, for at most a second, then stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self.flush()
        await asyncio.gather(*(outbox.stop() for outbox in self._outboxes.values()))

    @property
    def waiting(self) -> int:
        """How many events are kept until they can be sent."""
        return sum(outbox.waiting for outbox in self._outboxes.values())

    async def flush(self) -> None:
        """Wait until all that was published has left, or is known to have left by a `stale`."""
        while any(outbox.waiting or outbox.sending for outbox in self._outboxes.values()):
            await asyncio.sleep(0.01)

    def _outbox(self, shard: int) -> "Outbox":
        if shard not in self._outboxes:
            self._outboxes[shard] = Outbox(self.id.bytes)
        return self._outboxes[shard]

    def _tell_hub(self, group: str, event: Event) -> None:
        if self.listener is not None:
            try:
                self.listener(group, event)
            except Exception:  # the writer above has committed: nothing here may undo that in its eyes
                logger.exception("an event for %s was not delivered here", group)


class Outbox:
    """What is on its way to one shard, and what is owed to it."""

    def __init__(self, sender: bytes) -> None:
        self.sending = False
        self._sender = sender
        self._waiting: deque[tuple[str, Event]] = deque()
        self._owed: dict[str, int] = {}  # by room's group: the newest rev that was not sent
        # What was not sent and cannot be read anywhere: which caches to drop, which sockets to close.
        self._again: deque[tuple[str, Event]] = deque(maxlen=MOST_WAITING)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many events are kept until they can be sent."""
        return len(self._waiting) + len(self._owed) + len(self._again)

    def put(self, group: str, event: Event) -> None:
        """Send it as soon as possible."""
        self._waiting.append((group, event))
        if len(self._waiting) > MOST_WAITING:
            self._owe(self._take(len(self._waiting) - MOST_WAITING))
        self._wake.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Send nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _take(self, most: int) -> list[tuple[str, Event]]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]

    async def _run(self) -> None:
        pause = 0.1
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.waiting:
                batch = self._next_batch()
                self.sending = True
                try:
                    layer: Any = get_channel_layer()
                    async with asyncio.timeout(SEND_TIMEOUT):
                        await layer.group_send_many(batch, self._sender)
                    pause = 0.1
                except Exception as error:  # Redis is away, or an event has no encoding
                    logger.warning("%d events not published: %s: %s", len(batch), type(error).__name__, error)
                    self._owe([*batch, *self._take(len(self._waiting))])
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                finally:
                    self.sending = False

    def _next_batch(self) -> list[tuple[str, Event]]:
        """What is owed goes first: it is older than what is waiting."""
        batch = [self._again.popleft() for _ in range(min(len(self._again), MOST_AT_ONCE))]
        for group in list(self._owed)[: MOST_AT_ONCE - len(batch)]:
            stale = {"type": "stale", "rev": self._owed.pop(group), "group": group}
            batch.append((group, stale))
        return batch + self._take(MOST_AT_ONCE - len(batch))

    def _owe(self, unsent: Iterable[tuple[str, Event]]) -> None:
        for group, event in unsent:
            match event["type"]:
                case "durable":
                    self._owed[group] = max(
                        [self._owed.get(group, 0), *(rev for rev, _, _ in event["items"])]
                    )
                case "stale":
                    self._owed[group] = max(self._owed.get(group, 0), event["rev"])
                case "fleeting" | "personal":
                    pass  # it was only true then
                case _:
                    self._again.append((group, event))
        while len(self._owed) > MOST_OWED:
            del self._owed[next(iter(self._owed))]


def tell_all(**event: Any) -> None:
    """Publish an event to every process, from code without an event loop, once its transaction is committed.

    `type="renamed"` makes them forget one `user` of `schema`, who has another name; with `name`, that user's open
    sockets go by it from now on.
    `type="blocked"` makes them forget who has blocked whom in `schema`.
    `type="changed"` makes them forget what they cached of the tenant with the schema `schema`. With `key_id`, they also
    close the sockets for which that API key vouched; with `user` and `before` (Unix seconds), the sockets of that user
    whose tokens were issued up to then; with `session`, those of a staff session that has ended; with `banned` and
    `until` (Unix seconds), all of that user's until then, 0 meaning that they may come again;
    with `room`, a room's id, those of whoever may no longer be in it.
    """
    event["group"] = groups.CONTROL
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
