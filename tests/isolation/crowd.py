"""The people of one workspace: twenty sockets of the same names in the same rooms as everywhere else, and their day."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from tests.isolation.errands import Errands, Web, everything
from tests.isolation.passes import passes_of
from tests.isolation.seats import PATIENCE, Seat
from tests.isolation.traces import Ledger
from tests.personas import Workspace

MESSAGES: Final = 6
# Who sits where, at which web process, and hears what beside. The free plan allows five sockets a person.
ALONE: Final[tuple[str, ...]] = ()
SEATS: Final = (
    *(("bob", room, n % 2, ALONE) for n, room in enumerate(("general", "general", "board", "help"))),
    *(("ann", room, n % 2, ALONE) for n, room in enumerate(("general", "general", "board"))),
    ("ann", "help", 1, ("board", "general", "lounge")),
    ("carl", "general", 0, ("lounge",)),  # with a token, like the two above
    ("carl", "lounge", 1, ALONE),
    ("dora", "general", 0, ALONE),  # with a ticket
    ("dora", "lounge", 1, ("general",)),
    ("visitor", "general", 1, ALONE),
    ("visitor", "lounge", 0, ("general",)),
    ("alice", "general", 0, ("board", "help", "lounge")),  # with the session of her console
    ("alice", "board", 1, ALONE),
    ("robot", "general", 1, ALONE),  # with an API key
    ("robot", "board", 0, ("general", "help")),
    ("vera", "vault", 0, ALONE),  # with a token that makes the room
    ("vera", "vault", 1, ALONE),
)
ROOMS: Final = {"general", "lounge", "board", "help", "vault", "annex", "den"}
USERS: Final = {"bob", "ann", "carl", "dora", "vera", "erin"}


class Crowd:
    """One workspace and everyone in it."""

    def __init__(self, workspace: Workspace, web: Web, plan: str) -> None:
        self.workspace, self.plan, self.slug = workspace, plan, workspace.slug
        self.ledger = Ledger(workspace.slug)
        self.errands, self.opening = Errands(web, workspace, self.ledger), web.opening
        self.seats: list[Seat] = []
        self.acknowledged = self.errands.acknowledged

    # ---- the day

    async def come(self, handoff: str) -> None:
        """Furnish the rooms, sign in, and sit down, all twenty."""
        await self.errands.sign_in(handoff)
        for name, kind in (("lounge", "public"), ("board", "private"), ("help", "support")):
            room = {"name": name, "kind": kind, "title": f"{name} of {self.slug}"}
            await self.errands.api(201, "POST", "rooms", room)
        for room_name in ("board", "help"):
            for sub in ("bob", "ann"):
                await self.errands.api(201, "PUT", f"rooms/{room_name}/members/{sub}")
        passes = await passes_of(self.workspace, self.errands)
        self.seats = [
            Seat(self.workspace, self.ledger, who, passes[who], room_name, process, beside, self.opening)
            for who, room_name, process, beside in SEATS
        ]
        await asyncio.gather(*(seat.sit() for seat in self.seats))

    async def live(self, mallory: Crowd, meanwhile: Callable[[Crowd], Awaitable[None]] | None = None) -> None:
        """Talk, go and come back, talk on; over HTTP at the same time."""
        if meanwhile is None:
            await asyncio.gather(self._talk(self._stretch), self._run(mallory))
        else:
            await self._talk(partial(meanwhile, self))
            await self._run(mallory)

    async def _talk(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        await asyncio.gather(*(self._say(seat, range(MESSAGES // 2)) for seat in self.seats))
        await meanwhile()
        await asyncio.gather(*(self._say(seat, range(MESSAGES // 2, MESSAGES)) for seat in self.seats))

    async def _say(self, seat: Seat, numbers: range) -> None:
        for n in numbers:
            if seat.entry.person and n % 3 == 0:
                await seat.send("typing", is_typing=True)
            client_id = f"{seat.name} {n}"
            said = await seat.say(f"{self.slug}: {seat.who} says {n}", client_id)
            self.acknowledged[seat.room][client_id] = said["seq"]
            if n % 3 == 1:
                page = await seat.page()
                assert any(self.slug in message.get("message", "") for message in page["messages"])
            if n % 3 == 2:
                again = await seat.say(f"{self.slug}: said before", client_id)
                assert (again["seq"], again["message_id"]) == (said["seq"], said["message_id"])
            await self._change(seat, n, said["message_id"])

    async def _change(self, seat: Seat, n: int, message_id: str) -> None:
        """What becomes of a message once it was said."""
        if n == 0:
            edited = await seat.edit(message_id, f"{self.slug}: {seat.who} thought better of {n}")
            assert self.slug in edited["message"]
        elif n == 1:
            reacted = await seat.react(message_id, "👍")
            assert (reacted.get("count"), reacted.get("reactions")) in (
                (1, None),
                (None, [{"emoji": "👍", "count": 1}]),
            )
        elif n == MESSAGES - 1:
            assert (await seat.delete(message_id))["deleted"]
        if seat.entry.person and n % 2:
            await seat.read()

    async def _stretch(self) -> None:
        """Half of them leave, one way or another, and come back where they were."""

        async def go_and_come(seat: Seat, rudely: bool) -> None:
            await seat.leave(rudely=rudely)
            await seat.sit()

        await asyncio.gather(*(go_and_come(seat, n % 4 == 1) for n, seat in enumerate(self.seats) if n % 2))

    async def _run(self, mallory: Crowd) -> None:
        errands = everything(self.errands, mallory.errands)
        random.shuffle(errands)
        for n in range(0, len(errands), 4):
            await asyncio.gather(*(errand() for errand in errands[n : n + 4]))

    # ---- what it comes to

    async def settle(self, ends: dict[str, tuple[int, int]]) -> None:
        """Wait until every seat has heard its room to the end: its last message, and its last change."""
        for seat in self.seats:
            try:
                async with asyncio.timeout(PATIENCE):
                    while (seat.last, seat.rev) < ends[seat.room]:
                        await asyncio.sleep(0.02)
            except TimeoutError:
                raise AssertionError(
                    f"{seat.name} came to {seat.last, seat.rev} of {ends[seat.room]}"
                ) from None

    @property
    def setbacks(self) -> int:
        """How often somebody had to try again because the machine was too busy."""
        return self.errands.setbacks + sum(seat.setbacks for seat in self.seats)

    @property
    def said(self) -> list[int]:
        """The numbers of all messages that were acknowledged."""
        return [seq for room in self.acknowledged.values() for seq in room.values()]

    def complaints(self) -> list[str]:
        """What the sockets found wrong by themselves."""
        found = [complaint for seat in self.seats for complaint in seat.complaints]
        found += [
            f"{seat.name} heard {seat.heard} after {seat.first}"
            for seat in self.seats
            if seat.heard != list(range((seat.first or 0) + 1, seat.last + 1))
        ]
        return [f"{self.slug}: {complaint}" for complaint in found]
