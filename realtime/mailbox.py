"""What has come on a socket and waits for the application: asked for one by one, as plain ASGI has it, or passed on."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from realtime.scope import Hear

# Events that wait before the client is left waiting instead.
MOST_UNREAD: Final = 8

Event = dict[str, Any]
Tasks = set[asyncio.Task[None]]

logger = logging.getLogger("snug.protocol")


def in_task(tasks: Tasks, work: Coroutine[Any, Any, None]) -> None:
    """Carry it out in a task that is among `tasks`, for which the server waits before it goes."""
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


class Mailbox:
    """One a socket. Events come out in the order in which they went in; `websocket.disconnect` is the last."""

    __slots__ = ("_events", "_hear", "_serving", "_tasks", "_transport", "_waiter", "ended", "paused")

    def __init__(self, transport: asyncio.Transport, tasks: Tasks) -> None:
        self._transport = transport
        self._tasks = tasks
        self._events: list[Event] = [{"type": "websocket.connect"}]
        self._waiter: asyncio.Future[None] | None = None
        self._hear: Hear | None = None
        self._serving = False
        self.ended = False  # the last was put in
        self.paused = False  # nothing is read from the client

    @property
    def handed_over(self) -> bool:
        """Whether somebody hears what comes without asking."""
        return self._hear is not None

    def put(self, event: Event) -> None:
        """Ignored after the last."""
        if self.ended:
            return
        self._events.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._serve_soon()
        if len(self._events) >= MOST_UNREAD and not self.paused and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def put_end(self, code: int) -> None:
        """The socket ends, or is about to, with this code."""
        self.put({"type": "websocket.disconnect", "code": code})
        self.ended = True

    async def receive(self) -> Event:
        """The next event, as soon as there is one."""
        while not self._events:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        event = self._events.pop(0)
        if len(self._events) < MOST_UNREAD:
            self.read_on()
        return event

    def hand_over(self, hear: Hear) -> None:
        """From now on `hear` is called with each event, one after the other."""
        self._hear = hear
        self._serve_soon()

    def read_on(self) -> None:
        """Hear the client again."""
        if self.paused and not self._transport.is_closing():
            self.paused = False
            self._transport.resume_reading()

    def _serve_soon(self) -> None:
        if self._hear is not None and self._events and not self._serving:
            self._serving = True
            in_task(self._tasks, self._serve())

    async def _serve(self) -> None:
        while self._events and self._hear is not None:
            events, self._events = self._events, []
            for number, event in enumerate(events, 1):
                if number % MOST_UNREAD == 0:
                    await asyncio.sleep(0)  # a chunk may hold thousands: others have their turn in between
                try:
                    await self._hear(event)
                except Exception:
                    logger.exception("a socket broke")
                    self._transport.abort()
            self.read_on()
            if events[-1]["type"] == "websocket.disconnect":
                self._hear = None  # whoever heard holds the socket, and it held them
        self._serving = False
