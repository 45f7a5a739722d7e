"""What owners are mailed: at marks of a limit, for money, in their language, and once."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from tests.billing.buyer import Buyer, wait_until
from tests.billing.metering import use
from tests.personas import Workspace
from tests.realtime.backstage import rows, tenant_id_of

HOUR = 1 / 24


def mails_to(workspace: Workspace) -> list[Any]:
    from portal import mailbox

    return [mail for mail in reversed(mailbox.newest(1_000)) if mail.to == workspace.owner_email]


def wait_for_mails(workspace: Workspace, count: int) -> list[Any]:
    wait_until(lambda: len(mails_to(workspace)) >= count)
    return mails_to(workspace)


def set_rooms(workspace: Workspace, count: int) -> None:
    rows(workspace, "DELETE FROM rooms_room WHERE name LIKE 'r_%%'")
    rows(
        workspace,
        "INSERT INTO rooms_room (name, title, kind, last_seq, last_rev, slow_mode, created_at) "
        "SELECT 'r' || n, '', 'public', 0, 0, 0, now() FROM generate_series(2, %s) AS n",
        count,
    )


def check_limits() -> None:
    from billing import tasks

    tasks.check_limits(timestamp=0)


def told(workspace: Workspace) -> set[str]:
    from billing.models import Notice

    found = Notice.objects.filter(tenant_id=tenant_id_of(workspace))
    return set(found.values_list("kind", flat=True))


def test_owners_are_told_at_eighty_and_at_a_hundred_percent(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    set_rooms(workspace, 15)
    check_limits()
    assert told(workspace) == set()
    set_rooms(workspace, 16)
    for _ in range(3):
        check_limits()
    (first,) = wait_for_mails(workspace, 1)
    assert first.subject.endswith("16 of 20 rooms are in use")
    set_rooms(workspace, 20)
    for _ in range(3):
        check_limits()
    _, second = wait_for_mails(workspace, 2)
    assert second.subject.endswith("all 20 rooms are in use")
    assert f"http://{workspace.host}:" in second.text
    assert "/console/billing/" in second.text
    assert "/console/billing/" in second.html
    assert told(workspace) == {"rooms_80", "rooms_100"}
    assert told(elsewhere) == set()
    assert mails_to(elsewhere) == []


def test_who_fills_everything_at_once_gets_one_mail(workspace: Workspace) -> None:
    set_rooms(workspace, 20)
    check_limits()
    set_rooms(workspace, 17)
    check_limits()
    (only,) = wait_for_mails(workspace, 1)
    assert "all 20 rooms" in only.subject


def test_a_new_month_is_told_anew(workspace: Workspace) -> None:
    from billing.models import Notice

    set_rooms(workspace, 16)
    check_limits()
    wait_for_mails(workspace, 1)
    Notice.objects.filter(tenant_id=tenant_id_of(workspace)).update(about="2001-01")
    check_limits()
    wait_for_mails(workspace, 2)


def test_connections_are_told_by_the_months_most(alice: Buyer) -> None:
    use(alice, 79)
    check_limits()
    assert told(alice.workspace) == set()
    use(alice, 80)
    use(alice, 3)
    check_limits()
    (mail,) = wait_for_mails(alice.workspace, 1)
    assert "80 of 100 connections" in mail.subject
    use(alice, 100)
    check_limits()
    assert "all 100 connections" in wait_for_mails(alice.workspace, 2)[1].subject


def test_a_limit_that_is_none_is_never_reached(new_workspace: Callable[..., Workspace]) -> None:
    busy = new_workspace(plan="business")
    set_rooms(busy, 700)
    check_limits()
    assert told(busy) == set()


def test_two_workers_that_look_at_once_send_one_mail(workspace: Workspace) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tenants.context import _in_thread

    set_rooms(workspace, 16)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _in_thread(check_limits), range(4)))
    wait_for_mails(workspace, 1)
    queued = (
        "SELECT count(*) FROM public.procrastinate_jobs WHERE args->>'tenant_id' = %s AND status = 'todo'"
    )
    wait_until(lambda: rows(workspace, queued, str(tenant_id_of(workspace))) == [(0,)])
    assert len(mails_to(workspace)) == 1


@pytest.mark.parametrize(
    ("locale", "words", "direction"),
    [
        ("en", "80 of 100 connections", "ltr"),
        ("de-AT", "80 von 100 Verbindungen", "ltr"),
        ("fr", "80 connexions sur 100", "ltr"),
        ("ar", "80 من أصل 100", "rtl"),
        ("tlh", "80 of 100 connections", "ltr"),
    ],
)
def test_owners_are_told_in_the_workspaces_language(
    new_workspace: Callable[..., Workspace], locale: str, words: str, direction: str
) -> None:
    from billing import mails
    from tenants.models import Tenant

    workspace = new_workspace(locale=locale)
    tenant = Tenant.objects.get(slug=workspace.slug)
    mails.send_notice(tenant, "connections_80", {"used": 80, "most": 100})
    (mail,) = mails_to(workspace)
    assert words in mail.subject
    assert words in mail.text
    assert words in mail.html
    assert f'dir="{direction}"' in mail.html


def test_every_owner_is_told_and_nobody_else(workspace: Workspace) -> None:
    from billing import mails
    from portal import mailbox
    from tenants.models import Tenant

    others = {"second": "owner", "admin": "admin", "agent": "agent"}
    for name, role in others.items():
        rows(
            workspace,
            "INSERT INTO accounts_member (external_id, kind, role, name, avatar, password, email, created_at) "
            "VALUES (%s, 'staff', %s, '', '', '!', %s, now())",
            *(f"staff:{name}", role, f"{name}@{workspace.slug}.example"),
        )
    mails.send_notice(Tenant.objects.get(slug=workspace.slug), "rooms_80", {"used": 16, "most": 20})
    sent = {mail.to for mail in mailbox.newest(1_000) if workspace.slug in mail.to}
    assert sent == {workspace.owner_email, f"second@{workspace.slug}.example"}


def test_a_name_with_markup_in_it_is_only_a_name(new_workspace: Callable[..., Workspace]) -> None:
    from billing import mails
    from tenants.models import Tenant

    workspace = new_workspace(name="<b>{most}</b> & Söhne")
    mails.send_notice(Tenant.objects.get(slug=workspace.slug), "rooms_80", {"used": 16, "most": 20})
    (mail,) = mails_to(workspace)
    assert mail.subject.strip().startswith("<b>{most}</b> & Söhne:")
    assert "&lt;b&gt;{most}&lt;/b&gt; &amp; Söhne" in mail.html
    assert "<b>{most}" not in mail.html


def test_a_receipt_names_invoice_and_amount_once(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    alice.pass_days(14 + 2 * HOUR)
    number = actions.invoices(alice.tenant_id)[0].number
    alice.settle_mails("receipt")
    alice.spoil_deliveries("twice")
    alice.pass_days(1)
    for event in alice.api.events.list(params={"type": "invoice.paid", "limit": 100}).data:
        if event.to_dict()["data"]["object"]["customer"] == alice.customer:
            alice.control("POST", f"events/{event.id}/resend", times=2)
    alice.settle()
    receipts = [mail for mail in mails_to(alice.workspace) if "receipt" in mail.subject]
    assert len(receipts) == 1  # and none for the trial's, which is over nothing
    assert number in receipts[0].subject
    assert "$49.00" in receipts[0].text
    assert f"/console/billing/invoices/#{number}" in receipts[0].text


# The wording

LANGUAGES = ("ar", "de", "en", "fr")


def places(notice: dict[str, Any]) -> set[str]:
    """The names that a notice has filled in."""
    whole = json.dumps(notice, ensure_ascii=False)[1:-1].replace('{"', "").replace('"}', "")
    return {name for _, name, _, _ in string.Formatter().parse(whole) if name}


def texts(language: str) -> dict[str, Any]:
    from billing import wording

    loaded = json.loads((wording._FOLDER / f"{language}.json").read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_all_languages_are_here() -> None:
    from billing.wording import languages
    from widget.wording import languages as of_the_widget

    assert languages() == LANGUAGES == of_the_widget()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_that_english_says(language: str) -> None:
    from billing.wording import wording

    own, english = texts(language), texts("en")
    assert own.keys() == english.keys()
    assert len(own["months"]) == 12
    assert own["notices"].keys() == english["notices"].keys()
    for kind, notice in own["notices"].items():
        known = places(english["notices"][kind])
        assert known >= places(notice) >= known - {"workspace", "plan"}, (language, kind)
    words = wording(language)
    assert str(timezone.now().year) in words.day(timezone.now().isoformat())
    assert f"{words.decimal}56" in words.amount(123_456)
    assert "$" in words.amount(1) or "دولار" in words.amount(1)
    assert words.amount(123_456, "eur").endswith(f"{words.decimal}56 EUR")


def test_every_notice_that_is_sent_has_its_words() -> None:
    from billing.actions import notices
    from billing.usage import LIMITS
    from billing.wording import wording

    sent = {kind for _, kind in notices.REMINDERS} | {notices.SUSPENDED, notices.OVERDUE}
    sent |= {
        notices.TRIAL_ENDING,
        notices.TRIAL_ENDING_BY_INVOICE,
        "receipt",
        "bought_twice",
        notices.ENDED,
        notices.OVER,
    }
    sent |= {f"{limit}_{mark}" for limit in LIMITS for mark in notices.MARKS}
    assert set(wording("en").notices) == sent
