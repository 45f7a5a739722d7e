"""The passing of time: what the agenda has due is done, each thing at its own second and as a transaction."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Final

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.billing import collecting, ending, pending, phasing, planning, previewing, turning
from stripe_stand_in.objects import checkout_session, test_clock

# How often the real timeline is looked at when nothing else wakes it, in seconds.
TICK: Final = 1.0


def _resume_collection(account: Account, subscription: Json) -> None:
    subscription["pause_collection"] = None
    planning.keep(account, subscription, "customer.subscription.updated")


def _expire_session(account: Account, session: Json) -> None:
    checkout_session.close(account, session)


DOES: Final[dict[Work, Callable[[Account, Json], object]]] = {
    Work.SCHEDULE_PHASE: phasing.turn,
    Work.SUBSCRIPTION_CANCEL: ending.at_date,
    Work.SUBSCRIPTION_PERIOD: turning.turn,
    Work.SUBSCRIPTION_EXPIRE: ending.expire,
    Work.PENDING_UPDATE_EXPIRE: pending.expire,
    Work.COLLECTION_RESUME: _resume_collection,
    Work.TRIAL_WILL_END: planning.tell_of_trial_end,
    Work.INVOICE_UPCOMING: previewing.tell_upcoming,
    Work.INVOICE_FINALIZE: turning.finalize_waiting,
    Work.INVOICE_RETRY: collecting.retry,
    Work.INVOICE_OVERDUE: collecting.overdue,
    Work.CHECKOUT_EXPIRE: _expire_session,
}


def step(account: Account, timeline: str | None, until: int) -> bool:
    """Does the next thing that is due on a timeline; False when nothing is."""
    due = account.agenda.first(timeline, until)
    if due is None:
        return False
    with account.storage.transaction():
        account.agenda.drop(due.object, due.work)
        if timeline is not None:
            clock = account.get(test_clock.KIND, timeline)
            account.storage.put(clock | {"frozen_time": max(due.at, clock["frozen_time"])})
        thing = account.storage.find(due.object)
        if thing is not None:
            with account.at(due.at) if timeline is None else nullcontext():
                DOES[due.work](account, thing)
    return True


def time_is_told(account: Account) -> bool:
    """Whether everybody knows of the last time that the real timeline was moved."""
    return bool(account.storage.setting("time_told", {"offset": 0})["offset"] == account.offset)


def _tell_that_time_passed(account: Account) -> bool:
    """An event for each customer, once the real timeline was moved ahead and all that fell due on the way was done.

    Stripe sends none, since its time never jumps; who counts days by it (a grace, a trial's last ones) looks again.
    """
    if time_is_told(account):
        return False
    with account.storage.transaction():
        account.storage.set("time_told", {"offset": account.offset})
        for customer in account.storage.all("customer"):
            if not customer.get("deleted") and not customer["test_clock"]:
                account.emit("customer.updated", customer, {})
    return True


def advancing(account: Account) -> list[Json]:
    return [one for one in account.storage.all(test_clock.KIND) if one["status"] == "advancing"]


class Timekeeper:
    """Moves the clocks that were told to advance, and does what is due in real time."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def run(self, rung: asyncio.Event, ring: Callable[[], None]) -> None:
        """Until cancelled; rings when something was done, for its webhooks."""
        while True:
            rung.clear()
            for clock in advancing(self._account):
                await self._advance(clock["id"], ring)
            while self._step(None, self._account.now()):
                ring()
                await asyncio.sleep(0)
            if _tell_that_time_passed(self._account):
                ring()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await rung.wait()

    def _step(self, timeline: str | None, until: int) -> bool:
        """As `step`; what fails is told, and left out for good, so that the rest goes on."""
        try:
            return step(self._account, timeline, until)
        except Exception:
            traceback.print_exc()
            due = self._account.agenda.first(timeline, until)
            if due is not None:
                self._account.agenda.drop(due.object, due.work)
            if timeline is not None and (clock := self._account.storage.find(timeline)) is not None:
                self._account.storage.put(clock | {"status": "internal_failure"})
            return True

    async def _advance(self, id_: str, ring: Callable[[], None]) -> None:
        """Requests are answered between the steps, as they are at Stripe while a clock advances."""
        storage = self._account.storage
        while (clock := storage.find(id_)) is not None and clock["status"] == "advancing":
            target = clock["status_details"]["advancing"]["target_frozen_time"]
            if not self._step(id_, target):
                with storage.transaction():
                    test_clock.arrive(self._account, self._account.get(test_clock.KIND, id_))
            ring()
            await asyncio.sleep(0)
