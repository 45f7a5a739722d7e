"""Fifty workspaces with twenty sockets each, and the same names in all of them, all at once and over HTTP as well.

`SNUG_STRESS_ROUNDS=20 bin/test tests/isolation/test_stress.py -n 0 --log-cli-level=INFO` does it twenty times, and says
what it saw.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, pairwise
from typing import Final

import pytest

from ops.local import Stack
from tests.isolation.books import audit
from tests.isolation.crowd import MESSAGES, SEATS, Crowd
from tests.isolation.errands import Errands, Web
from tests.isolation.seats import PATIENCE, Seat
from tests.isolation.traces import MARK, Ledger, new_mark
from tests.personas import Workspace, open_workspace
from tests.realtime import office
from tests.realtime.backstage import rows
from tests.threads import giving_back

logger = logging.getLogger("snug.tests.isolation")

TENANTS: Final = 50
ROUNDS: Final = int(os.environ.get("SNUG_STRESS_ROUNDS", "1"))
PLANS: Final = ("free", "pro", "business")


def open_town(stack: Stack) -> tuple[list[tuple[Workspace, str]], Workspace]:
    """The workspaces, with their plans; and one more, whose tables are going to be gone."""

    def open_one(plan: str) -> tuple[Workspace, str]:
        slug = new_mark()
        return open_workspace(tuple(stack.web_ports), plan=plan, slug=slug, name=f"House of {slug}"), plan

    ruin, _ = open_one("business")
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(giving_back(open_one), islice(cycle(PLANS), TENANTS))), ruined(ruin)


async def handoffs(crowds: list[Crowd]) -> list[str]:
    """A way in for each owner, made in this process: fifty tenants through its few database threads."""
    from accounts.actions import make_handoff
    from accounts.models import Member
    from tenants.context import in_tenant

    def make() -> str:
        return make_handoff(Member.objects.get(role="owner"))

    tenants = [await office.tenant_of(crowd.workspace) for crowd in crowds]
    return await asyncio.gather(*(in_tenant(tenant, make) for tenant in tenants))


async def be_suspended(crowd: Crowd) -> None:
    """In mid-conversation: everyone here is sent away, and comes back when it is over. Nobody else notices."""
    await office.set_state(crowd.workspace, "suspended")
    assert {await seat.closed() for seat in crowd.seats} == {4402}
    await crowd.errands.api(402, "GET", "rooms")
    await office.set_state(crowd.workspace, "active")
    await asyncio.gather(*(back_from_suspension(seat) for seat in crowd.seats))


async def back_from_suspension(seat: Seat) -> None:
    """Take the seat again as soon as its web process has heard that it may."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await seat.sit()
            except ConnectionError:
                assert seat.closed_with == 4402


async def haunt(ruin: Workspace, web: Web, over: asyncio.Event) -> int:
    """Ask a workspace whose tables are gone for its pages and messages: every request fails half-way, in the threads
    and on the connections that all the others use. The number of failures."""
    errands, failures = Errands(web, ruin, Ledger(ruin.slug)), 0
    while not over.is_set():
        for method, path, body in (("GET", "", None), ("POST", "", {"message": f"{ruin.slug} is no more"})):
            answer = await web.ask(
                ruin, method, f"/api/v1/rooms/general/messages{path}", errands.key, json=body
            )
            assert answer.status_code >= 500, answer.text
            assert set(MARK.findall(answer.text)) <= {ruin.slug}
            failures += 1
        answer = await web.ask(ruin, "GET", "/login/?handoff=x", {})
        assert answer.status_code == 500, answer.text
    return failures


def ruined(workspace: Workspace) -> Workspace:
    rows(workspace, "ALTER TABLE rooms_message RENAME TO rooms_lost")
    rows(workspace, "ALTER TABLE accounts_handoff RENAME TO accounts_lost")
    return workspace


async def mails_of(crowds: list[Crowd]) -> None:
    """Put everyone's mails into their ledgers, once the worker has sent the last."""
    from portal import mailbox

    async with asyncio.timeout(PATIENCE):
        while True:
            mails = [mail for mail in mailbox.newest(10 * TENANTS) if "password" in mail.subject]
            there = {mail.to: mail for mail in mails}
            if all(crowd.workspace.owner_email in there for crowd in crowds):
                break
            await asyncio.sleep(0.1)
    for crowd in crowds:
        mail = there[crowd.workspace.owner_email]
        crowd.ledger.note("a mail", f"{mail.subject} {mail.text} {mail.html}")
        assert crowd.slug in mail.subject


def ends_of(crowd: Crowd) -> dict[str, tuple[int, int]]:
    """How far each room has come."""
    found = rows(crowd.workspace, "SELECT name, last_seq, last_rev FROM rooms_room")
    return {name: (seq, rev) for name, seq, rev in found}


async def all_seated(crowd: Crowd) -> None:
    """Every socket is counted here and nowhere else."""
    async with asyncio.timeout(PATIENCE):  # a lease whose socket was just gone may have to lapse
        while (await crowd.errands.ask(200, "GET", "/console/live/", crowd.errands.staff)).json()[
            "connections"
        ] != len(SEATS):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
async def test_fifty_workspaces_with_the_same_names_never_meet(stack: Stack, number: int) -> None:
    clock = [time.monotonic()]
    town, ruin = await asyncio.to_thread(giving_back(open_town), stack)
    web, over = Web(tuple(stack.web_ports)), asyncio.Event()
    crowds = [Crowd(workspace, web, plan) for workspace, plan in town]
    clock.append(time.monotonic())

    ways_in = await handoffs(crowds)
    await asyncio.gather(*(crowd.come(way_in) for crowd, way_in in zip(crowds, ways_in, strict=True)))
    seats = [seat for crowd in crowds for seat in crowd.seats]
    assert [seat for seat in seats if seat.closed_with is not None] == []
    assert len(seats) == TENANTS * len(SEATS) == 1000
    clock.append(time.monotonic())

    haunting = [asyncio.create_task(haunt(ruin, web, over)) for _ in range(3)]
    suspended = number % TENANTS
    await asyncio.gather(
        *(
            crowd.live(mallory=crowds[n - 1], meanwhile=be_suspended if n == suspended else None)
            for n, crowd in enumerate(crowds)
        )
    )
    over.set()
    failures = sum(await asyncio.gather(*haunting))
    assert failures
    for crowd in crowds:
        await crowd.settle(ends_of(crowd))
    await asyncio.gather(*(all_seated(crowd) for crowd in crowds), mails_of(crowds))
    clock.append(time.monotonic())

    wrong = [complaint for crowd in crowds for complaint in audit(crowd)]
    assert wrong == [], "\n".join(wrong[:40])
    # Nothing of that passed for want of something to look at.
    assert all(crowd.ledger.marked() > len(crowd.ledger.seen) / 2 for crowd in crowds)
    assert all(len(crowd.said) > len(SEATS) * MESSAGES for crowd in crowds)
    clock.append(time.monotonic())
    await asyncio.gather(*(seat.leave() for seat in seats))
    await web.close()
    logger.info(
        "round %d: %d workspaces, %d sockets; %d messages acknowledged, stored and heard; %d frames, answers and "
        "mails looked at; %d failures next door, %d setbacks here; seconds to open, seat, live, audit: %s",
        *(number, len(crowds), len(seats), sum(len(crowd.said) for crowd in crowds)),
        *(sum(len(crowd.ledger.seen) for crowd in crowds), failures, sum(crowd.setbacks for crowd in crowds)),
        ", ".join(f"{after - before:.1f}" for before, after in pairwise(clock)),
    )
