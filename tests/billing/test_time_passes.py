"""`bin/dev`: whoever lets time pass at the stand-in sees it pass here, within seconds, and needs no test clock."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.billing.buyer import Buyer, wait_until
from tests.billing.test_dunning import pay_what_is_owed
from tests.console.test_billing import PAGE
from tests.isolation.pages import browse, session_of
from tests.plain_http import NO_TLS
from tests.portal.visitor import text_of


@pytest.fixture
def newcomer(new_buyer: Callable[..., Buyer]) -> Buyer:
    """Somebody who signed up by clicking: her customer lives by the stand-in's own time."""
    return new_buyer()


def let_pass(buyer: Buyer, *steps: str) -> None:
    """Press the buttons of the stand-in's first page."""
    with httpx.Client(verify=NO_TLS) as browser:
        for step in steps:
            assert browser.post(f"{buyer.stand_in.url}/", data={"ahead": step}).status_code == 303
    buyer.settle()


def page(buyer: Buyer, session: str) -> str:
    return text_of(browse(buyer.workspace, "GET", PAGE, session))


def test_from_trial_to_suspended_and_back_by_clicking(newcomer: Buyer) -> None:
    session = session_of(newcomer.workspace)
    newcomer.buy("pro")
    assert "Pro, 14 days of trial left" in page(newcomer, session)
    let_pass(newcomer, "A day")
    wait_until(lambda: "Pro, 13 days of trial left" in page(newcomer, session))
    newcomer.let_the_card_fail()
    let_pass(newcomer, "A week", "A day", "A day", "A day")
    wait_until(lambda: "Pro, 3 days of trial left" in page(newcomer, session))
    newcomer.settle_mails("trial ends")
    let_pass(newcomer, "A day", "A day", "A day", "An hour", "An hour")
    wait_until(lambda: newcomer.in_force == ("pro", "past_due"))
    words = page(newcomer, session)
    assert "7 days left to pay" in words
    assert "over $49.00 is not paid" in words
    for days, subject in ((3, "still open"), (3, "is suspended on")):
        let_pass(newcomer, *["A day"] * days)
        newcomer.settle_mails(subject)
    assert newcomer.in_force == ("pro", "past_due")
    let_pass(newcomer, "A day")
    wait_until(lambda: newcomer.in_force == ("pro", "suspended"))

    # Leaving pays nothing: the debt stays, and says so.
    asked = text_of(browse(newcomer.workspace, "GET", f"{PAGE}cancel/", session))
    assert re.search(r"The workspace stays suspended until invoice \S+ is paid, and is Free then\.", asked)
    from billing import actions

    actions.cancel(newcomer.tenant_id)
    newcomer.settle()
    assert newcomer.in_force == ("free", "suspended")
    assert "over $49.00 is not paid" in page(newcomer, session)
    newcomer.let_the_card_fail(False)
    pay_what_is_owed(newcomer)
    wait_until(lambda: newcomer.in_force == ("free", "active"))
    assert "Nothing is charged." in page(newcomer, session)
