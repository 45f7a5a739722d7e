"""A phone that loses its network five times a second, and whose server does not notice that it did."""

import asyncio

from realtime.events import CloseCode
from tenants.plans import PLANS
from tests.faults.conversation import Sender
from tests.faults.crowds import Member
from tests.faults.machine import Home, Machine
from tests.personas import Chat

EVERY = 0.2  # seconds
TIMES = 30


class Phone(Member):
    """Leaves its old sockets as they are: neither closed nor read any more, as when a phone changes networks."""

    def __init__(self, home: Home, name: str, process: int) -> None:
        super().__init__(home, name, process)
        self.ghosts: list[Chat] = []

    async def flap(self, to: int) -> None:
        """Come in anew, on this process, and read for a moment."""
        chat = await self.home.workspace.connect(self.token, self.home.room, process=to, query=self.query())
        self.ghosts.append(chat)
        await self.heed(chat, await chat.entered())
        try:
            async with asyncio.timeout(EVERY):
                while True:
                    await self.heed(chat, await chat.next(timeout=EVERY + 1))
        except TimeoutError:
            return


async def test_who_comes_back_every_200_ms_is_never_refused_and_hears_everything_once(
    machine: Machine,
) -> None:
    """Now to one process, now to the other, and more often than a user may have connections."""
    assert PLANS["business"].limits.connections_per_user < TIMES
    home = Home.made(machine, await asyncio.to_thread(machine.workspace))
    phone, sender = Phone(home, "phone", 0), Sender(home, "sender", 0)
    async with home.chat("witness", process=1) as witness:
        await witness.entered()
        sending, talking = asyncio.create_task(sender.run()), asyncio.create_task(sender.talk())
        try:
            for n in range(TIMES):
                await phone.flap(n % 2)
            sender.quiet = True
            await talking
            async with asyncio.timeout(20):
                while sender.open or sender.changing:
                    await asyncio.sleep(0.02)
            await phone.flap(TIMES % 2)  # what it has not heard by now, it is told on entry
            # Its ghosts were closed, all but the last: none of them counts against it.
            codes = [await ghost.closed(5) for ghost in phone.ghosts[:-1]]
            assert await asyncio.to_thread(home.leases) == 3
            frames = await witness.quiet(0.5)
        finally:
            sender.done = True
            for task in (talking, sending):
                task.cancel()
            await asyncio.gather(talking, sending, return_exceptions=True)
            for ghost in phone.ghosts:
                ghost.connection.transport.abort()

    assert set(codes) == {CloseCode.REPLACED}
    assert phone.wrong == []
    stored = home.stored()
    assert len(stored) == sender.said > TIMES / 2
    assert [message["message_id"] for message in phone.seen] == [each.message_id for each in stored]
    assert [phone.state[each.message_id]["rev"] for each in stored] == [each.rev for each in stored]
    # Once a person: the witness heard that it came, and nothing more of it.
    assert [frame["type"] for frame in frames if frame.get("user_id") == "phone"] == ["user_joined"]
