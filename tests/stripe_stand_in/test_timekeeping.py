"""Time goes on, whatever happens on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stripe_stand_in.agenda import Work
from stripe_stand_in.app import App, Options
from stripe_stand_in.timekeeping import Timekeeper


async def test_what_fails_is_told_and_left_out_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = App(Options(tmp_path, "http://localhost")).account
    now = account.now()
    account.storage.put({"id": "sub_broken", "object": "subscription", "customer": "cus_gone"})
    session = {"id": "cs_1", "object": "checkout.session", "status": "open", "url": "x", "customer": None}
    account.storage.put(session)
    account.agenda.put("sub_broken", Work.SUBSCRIPTION_PERIOD, now - 20, None)
    account.agenda.put("cs_1", Work.CHECKOUT_EXPIRE, now - 10, None)
    rung = asyncio.Event()
    task = asyncio.create_task(Timekeeper(account).run(rung, rung.set))
    async with asyncio.timeout(10):
        while account.agenda.first(None, now) is not None:
            await asyncio.sleep(0)
    task.cancel()
    expired = account.storage.find("cs_1")
    assert expired is not None
    assert expired["status"] == "expired"
    assert "KeyError" in capsys.readouterr().err
    account.storage.close()
