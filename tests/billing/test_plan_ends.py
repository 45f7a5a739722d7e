"""The end of a plan that is not paid for: said beforehand with its day, told when it has come, in every language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tests.billing.buyer import Buyer
from tests.billing.test_by_invoice import add_a_card, by_invoice
from tests.billing.test_notices import LANGUAGES, mails_to, texts
from tests.personas import Workspace

HOUR = 1 / 24


def owing(buyer: Buyer) -> Buyer:
    """Her trial is over, and its card was refused an hour ago."""
    buyer.control("POST", "settings", after_retries="cancel")  # others leave it as they need it
    buyer.buy("pro")
    buyer.let_the_card_fail()
    buyer.pass_days(14 + 2 * HOUR)
    assert buyer.in_force == ("pro", "past_due")
    return buyer


def collect() -> None:
    from billing import tasks

    tasks.collect(timestamp=0)


def told(buyer: Buyer, words: str) -> Any:
    """The newest mail with these words in its subject."""
    buyer.settle_mails(words)
    return next(mail for mail in reversed(mails_to(buyer.workspace)) if words in mail.subject)


def in_words(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def test_every_mail_says_by_when_paying_keeps_the_plan_and_one_that_it_has_ended(
    alice: Buyer, mallory: Buyer
) -> None:
    mallory.buy("pro")
    owing(alice)
    ends = alice.bought.ends_unpaid_at
    assert ends - alice.bought.past_due_since == timedelta(days=14)
    keep = f"Pay by about {in_words(ends)} to keep Pro."
    for days, words in (
        (0, "a payment failed"),
        (3, "still open"),
        (3, "is suspended on"),
        (1, "is suspended"),
    ):
        if days:
            alice.pass_days(days)
        collect()
        mail = told(alice, words)
        assert keep in mail.text
        assert keep in mail.html
    assert "has ended" not in " ".join(alice.mails())
    alice.pass_days(9)  # the last retry was the day before
    for _ in range(2):
        collect()
    assert alice.bought.ends_unpaid_at is None
    mail = told(alice, "Pro has ended")
    for shown in (mail.text, mail.html):
        assert f"Invoice {alice.bought.open_number} over $49.00" in shown
        assert "as Free, and Pro can be bought again after that. Nothing has been deleted." in shown
        assert "Pay by about" not in shown
    assert sum("Pro has ended" in subject for subject in alice.mails()) == 1
    assert not [subject for subject in mallory.mails() if "ended" in subject or "payment" in subject]


def test_paying_by_that_day_keeps_the_plan_and_later_it_opens_free(alice: Buyer) -> None:
    from billing import actions

    owing(alice)
    ends = alice.bought.ends_unpaid_at
    alice.pass_days((ends - alice.now).total_seconds() / 86_400)
    collect()
    assert alice.in_force == ("pro", "suspended")
    alice.let_the_card_fail(False)
    page = actions.pay_url(alice.tenant_id)
    assert page is not None
    alice.pay(page)
    alice.settle()
    assert alice.in_force == ("pro", "active")
    assert not [subject for subject in alice.mails() if "has ended" in subject]


def test_whoever_leaves_owing_is_reminded_that_paying_opens_free(alice: Buyer) -> None:
    from billing import actions

    owing(alice)
    actions.cancel(alice.tenant_id)
    alice.pass_days(3)
    collect()
    mail = told(alice, "still open")
    assert "Pro has ended: paying opens" in mail.text
    assert "Pay by about" not in mail.text
    assert not [subject for subject in alice.mails() if "has ended" in subject]  # she knows


def test_an_invoice_by_mail_is_tried_by_nobody_and_ends_no_plan(alice: Buyer) -> None:
    by_invoice(alice, days=10)
    alice.pass_days(10 + 3 * HOUR)
    collect()
    assert alice.in_force == ("business", "past_due")
    assert alice.bought.ends_unpaid_at is None
    assert "to keep Business" not in told(alice, "is overdue").text


def test_neither_does_one_after_which_the_plan_is_paid_by_card_again(alice: Buyer) -> None:
    """The plan goes on and is charged for while the workspace is closed: the page says that, and of no end."""
    from billing import actions

    by_invoice(alice, days=10)
    alice.pass_days(2 * HOUR)
    add_a_card(alice)
    actions.pay_by_card(alice.tenant_id)
    alice.pass_days(10)
    collect()
    goes_on = "Business goes on meanwhile, and its next invoices are charged to the card unless you cancel the plan."
    for days, standing, subject in ((0, "past_due", "is overdue"), (7, "suspended", "is suspended")):
        if days:
            alice.pass_days(days)
            collect()
        assert alice.in_force == ("business", standing)
        assert alice.bought.ends_unpaid_at is None
        assert goes_on in head(alice)
        assert "to keep Business" not in head(alice)
        assert "to keep Business" not in told(alice, subject).text
    alice.pass_days(30)  # Stripe ends nothing
    collect()
    assert alice.in_force == ("business", "suspended")
    assert (alice.bought.status, alice.bought.open_count) == ("active", 1)
    assert goes_on in head(alice)


def test_a_card_that_fails_later_has_its_own_days(alice: Buyer) -> None:
    from billing import actions

    alice.control("POST", "settings", after_retries="cancel")
    by_invoice(alice, days=20)
    alice.pass_days(2 * HOUR)
    add_a_card(alice)
    actions.pay_by_card(alice.tenant_id)
    alice.let_the_card_fail()
    alice.pass_days(32)
    collect()
    bought = alice.bought
    assert (bought.due_count, bought.open_by_mail) == (2, True)
    assert bought.retried_since - bought.past_due_since > timedelta(days=7)
    assert bought.ends_unpaid_at == bought.retried_since + timedelta(days=settings.STRIPE_RETRY_DAYS)
    assert f"Pay by about {in_words(bought.ends_unpaid_at)} to keep Business." in head(alice)
    alice.pass_days((bought.ends_unpaid_at - alice.now).total_seconds() / 86_400 + 2)
    collect()
    assert (alice.bought.status, alice.bought.ends_unpaid_at) == ("canceled", None)


def head(buyer: Buyer) -> str:
    """What the head of the billing page says."""
    from billing import reading
    from console.standing import standing_of

    tenant = buyer.workspace.tenant
    return " ".join(standing_of(tenant, reading.billing_of(tenant)).lines)


def test_where_stripe_never_ends_a_plan_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from billing.models import Subscription

    since = timezone.now()
    bought = Subscription(past_due_since=since, status="past_due", retried_since=since)
    assert bought.ends_unpaid_at == since + timedelta(days=settings.STRIPE_RETRY_DAYS)
    monkeypatch.setattr(settings, "STRIPE_RETRY_DAYS", 0)
    assert bought.ends_unpaid_at is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language(new_workspace: Callable[..., Workspace], language: str) -> None:
    from billing import mails
    from billing.wording import wording
    from tenants.models import Tenant

    workspace = new_workspace(locale=language)
    tenant = Tenant.objects.get(slug=workspace.slug)
    debt = {"plan": "Pro", "number": "SNUG-0001", "cents": 4_900, "due": "2026-11-22T10:00:00+00:00"}
    mails.send_notice(tenant, "suspended", debt | {"ends": "2026-12-06T10:00:00+00:00"})
    mails.send_notice(tenant, "suspended", debt | {"over": True})
    mails.send_notice(tenant, "plan_ended", debt)
    before, after, ended = mails_to(workspace)
    day = wording(language).day("2026-12-06T10:00:00+00:00")
    assert day in before.text
    assert day in before.html
    assert day not in after.text
    assert len({mail.text for mail in (before, after, ended)}) == 3
    for mail in (after, ended):
        assert all("Pro" in shown and "Free" in shown for shown in (mail.text, mail.html))
    assert all("{" not in mail.text + mail.subject for mail in (before, after, ended))
    for name in ("ends", "over"):
        own, english = texts(language)[name], texts("en")[name]
        places = ("{plan}", "{workspace}", "{ends}")
        assert [place in own for place in places] == [place in english for place in places]
