"""Another plan, and leaving: what is paid, when it is in force, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from billing.errors import BillingRefused, CardDeclined, DoesNotFit
from tests.billing.buyer import DAY, Buyer
from tests.realtime.backstage import rows

HOUR = 1 / 24


def paying(buyer: Buyer, plan: str = "pro", interval: str = "month") -> Buyer:
    """Past the trial, with the first period paid."""
    buyer.buy(plan, interval)
    buyer.pass_days(14 + 2 * HOUR)
    assert buyer.bought.status == "active"
    return buyer


def to_the_end(buyer: Buyer) -> None:
    """Just past the end of the period that is paid for."""
    ahead = (buyer.bought.period_end - buyer.now).total_seconds() / DAY
    buyer.pass_days(ahead + 2 * HOUR)


def make_rooms(buyer: Buyer, count: int) -> None:
    rows(
        buyer.workspace,
        "INSERT INTO rooms_room (name, title, kind, last_seq, last_rev, slow_mode, created_at) "
        "SELECT 'r' || n, '', 'public', 0, 0, 0, now() FROM generate_series(1, %s) AS n",
        count,
    )


def test_the_preview_of_an_upgrade_is_what_is_charged(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.pass_days(10)
    preview = actions.preview_change(alice.tenant_id, "business", "month")
    assert preview.lines
    assert sum(cents for _, cents in preview.lines) == preview.due_cents
    actions.change_plan(alice.tenant_id, "business", "month")
    newest = actions.invoices(alice.tenant_id)[0]
    assert (newest.cents, newest.status) == (preview.due_cents, "paid")


def test_a_preview_changes_nothing(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    before = alice.bought
    for plan, interval in (("business", "month"), ("business", "year"), ("pro", "year"), ("free", "month")):
        actions.preview_change(alice.tenant_id, plan, interval)  # type: ignore[arg-type]
    actions.refresh(alice.tenant_id)
    assert (alice.bought.plan, alice.bought.cancel_at, alice.bought.next_plan) == (before.plan, None, "")
    assert len(actions.invoices(alice.tenant_id)) == 2  # the trial's, and the first month's


def test_an_upgrade_that_the_card_refuses_changes_nothing(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.let_the_card_fail()
    with pytest.raises(CardDeclined, match="declined"):
        actions.change_plan(alice.tenant_id, "business", "month")
    alice.settle()
    assert alice.in_force == ("pro", "active")
    assert alice.bought.standing == "good"
    alice.let_the_card_fail(False)
    actions.change_plan(alice.tenant_id, "business", "month")
    assert alice.in_force == ("business", "active")


def test_a_change_whose_answer_is_lost_is_done_once(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.control(
        "POST", "faults", method="POST", path="/v1/subscriptions/*", status=500, after=True, times=1
    )
    actions.change_plan(alice.tenant_id, "business", "month")
    alice.settle()
    prorations = [one for one in actions.invoices(alice.tenant_id) if 20_000 < one.cents < 26_000]
    assert len(prorations) == 1
    assert alice.in_force == ("business", "active")


def test_on_trial_another_plan_costs_nothing_and_is_there_at_once(alice: Buyer) -> None:
    from billing import actions

    alice.buy("business")
    change = actions.change_plan(alice.tenant_id, "pro", "month")
    assert change.now
    assert alice.in_force == ("pro", "active")
    assert alice.bought.status == "trialing"
    assert {one.cents for one in actions.invoices(alice.tenant_id)} == {0}


def test_by_the_year_is_at_once_and_by_the_month_again_is_later(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    assert actions.change_plan(alice.tenant_id, "pro", "year").now
    assert alice.bought.interval == "year"
    assert (alice.bought.period_end - alice.now).days > 360
    change = actions.change_plan(alice.tenant_id, "pro", "month")
    assert (change.now, change.at) == (False, alice.bought.period_end)
    assert (alice.bought.next_plan, alice.bought.next_interval) == ("pro", "month")
    assert alice.bought.interval == "year"


def test_a_booked_change_can_be_taken_back(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    actions.change_plan(alice.tenant_id, "pro", "month")
    assert alice.bought.next_plan == "pro"
    actions.keep_plan(alice.tenant_id)
    assert (alice.bought.next_plan, alice.bought.next_at) == ("", None)
    to_the_end(alice)
    assert alice.in_force == ("business", "active")


def test_a_booked_change_can_be_changed(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    actions.change_plan(alice.tenant_id, "pro", "month")
    actions.change_plan(alice.tenant_id, "pro", "year")
    assert (alice.bought.next_plan, alice.bought.next_interval) == ("pro", "year")
    to_the_end(alice)
    assert (alice.in_force, alice.bought.interval) == (("pro", "active"), "year")


def test_an_upgrade_takes_back_what_was_booked(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    actions.cancel(alice.tenant_id)
    actions.change_plan(alice.tenant_id, "business", "month")
    assert (alice.bought.cancel_at, alice.bought.next_plan) == (None, "")
    to_the_end(alice)
    assert alice.in_force == ("business", "active")


def test_who_does_not_fit_is_told_why_and_what_would_help(alice: Buyer) -> None:
    from billing import actions

    paying(alice, "business")
    make_rooms(alice, 509)
    for plan in ("pro", "free"):
        with pytest.raises(DoesNotFit) as refused:
            actions.change_plan(alice.tenant_id, plan, "month")
        assert len(refused.value.reasons) == 1
    preview = actions.preview_change(alice.tenant_id, "pro", "month")
    assert preview.reasons == ("You have 510 rooms; Pro allows 500. Delete 10 rooms first.",)
    assert alice.bought.next_plan == ""
    rows(
        alice.workspace,
        "DELETE FROM rooms_room WHERE name IN (SELECT 'r' || n FROM generate_series(1, 10) n)",
    )
    actions.change_plan(alice.tenant_id, "pro", "month")
    assert alice.bought.next_plan == "pro"


def test_what_is_over_the_free_limits_stays_and_nothing_is_added(alice: Buyer) -> None:
    """Cancelling is never refused; 30 rooms stay on Free's 20, and the 31st is not made."""
    from billing import actions

    paying(alice)
    make_rooms(alice, 29)
    actions.cancel(alice.tenant_id)
    to_the_end(alice)
    assert alice.in_force == ("free", "active")
    with alice.workspace.api() as web:
        assert web.get("/api/v1/rooms/r29").status_code == 200
        assert web.post("/api/v1/rooms", json={"name": "one-more", "kind": "public"}).status_code == 403
        said = {"message": "still here", "sub": "bob"}
        assert web.post("/api/v1/rooms/r29/messages", json=said).status_code == 201
    ((rooms,),) = rows(alice.workspace, "SELECT count(*) FROM rooms_room")
    assert rooms == 30


def test_a_cancellation_can_be_taken_back(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    assert actions.cancel(alice.tenant_id) == alice.bought.period_end
    assert alice.bought.cancel_at == alice.bought.period_end
    actions.reactivate(alice.tenant_id)
    assert alice.bought.cancel_at is None
    to_the_end(alice)
    assert alice.in_force == ("pro", "active")
    assert alice.bought.cancel_at is None


def test_a_trial_that_is_cancelled_costs_nothing(alice: Buyer) -> None:
    from billing import actions

    alice.buy("pro")
    assert actions.cancel(alice.tenant_id) == alice.bought.trial_end
    alice.pass_days(15)
    assert alice.in_force == ("free", "active")
    assert {one.paid_cents for one in actions.invoices(alice.tenant_id)} == {0}
    assert not any("trial ends" in subject for subject in alice.mails())


def test_what_the_workspace_has_of_its_own_survives_every_change(alice: Buyer) -> None:
    from billing import actions

    rows(
        alice.workspace,
        "UPDATE public.tenants_tenant SET own_limits = '{\"max_message_length\": 77}' WHERE id = %s",
        alice.tenant_id,
    )
    paying(alice)
    actions.change_plan(alice.tenant_id, "business", "month")
    assert alice.workspace.tenant.limits.max_message_length == 77
    assert alice.workspace.tenant.limits.max_connections == 10_000
    actions.cancel(alice.tenant_id)
    to_the_end(alice)
    assert alice.workspace.tenant.limits.max_message_length == 77


@pytest.mark.parametrize(
    "verb", ["change_plan", "preview_change", "cancel", "reactivate", "keep_plan", "set_overage"]
)
def test_who_bought_nothing_has_nothing_to_change(new_buyer: Callable[..., Buyer], verb: str) -> None:
    from billing import actions

    more = {"change_plan": ("pro", "month"), "preview_change": ("pro", "month"), "set_overage": (True, 100)}
    buyer = new_buyer()
    with pytest.raises(BillingRefused, match="no paid plan"):
        getattr(actions, verb)(buyer.tenant_id, *more.get(verb, ()))
    assert buyer.in_force == ("free", "active")


def test_who_owes_pays_first(alice: Buyer) -> None:
    from billing import actions

    paying(alice)
    alice.let_the_card_fail()
    to_the_end(alice)
    assert alice.in_force == ("pro", "past_due")
    with pytest.raises(BillingRefused, match="Pay it first"):
        actions.change_plan(alice.tenant_id, "business", "month")


def test_who_owes_may_leave_at_once_and_owes_still(alice: Buyer) -> None:
    from billing import actions, tasks

    alice.control("POST", "settings", after_retries="past_due")
    paying(alice)
    alice.let_the_card_fail()
    to_the_end(alice)
    alice.pass_days(7)
    tasks.collect(timestamp=0)
    assert alice.in_force == ("pro", "suspended")
    assert actions.cancel(alice.tenant_id) is None
    assert alice.in_force == ("free", "suspended")
    alice.let_the_card_fail(False)
    page = actions.pay_url(alice.tenant_id)
    assert page is not None
    alice.pay(page)
    alice.settle()
    assert alice.in_force == ("free", "active")


def test_a_plan_changed_in_the_portal_is_in_force_here(alice: Buyer) -> None:
    """Whatever is done at Stripe, by whomever, comes back as an event."""
    paying(alice)
    item = alice.api.subscriptions.retrieve(alice.bought.subscription_id).to_dict()["items"]["data"][0]
    price = alice.api.prices.list(params={"lookup_keys": ["snug_business_monthly_v1"]}).data[0].id
    alice.api.subscriptions.update(
        alice.bought.subscription_id, params={"items": [{"id": item["id"], "price": price}]}
    )
    alice.settle()
    assert alice.in_force == ("business", "active")


def test_mallory_cannot_change_what_alice_bought(alice: Buyer, mallory: Buyer) -> None:
    """Every verb is given the workspace by the host that was asked, and acts on that one's customer alone."""
    from billing import actions

    for buyer in (alice, mallory):
        buyer.buy("pro")
    before = alice.bought
    actions.change_plan(mallory.tenant_id, "business", "month")
    actions.cancel(mallory.tenant_id)
    tax = actions.set_tax_id(alice.tenant_id, "eu_vat", "DE123456789")
    with pytest.raises(BillingRefused, match="no such tax id"):
        actions.remove_tax_id(mallory.tenant_id, tax.id)
    assert [one.id for one in actions.tax_ids(alice.tenant_id)] == [tax.id]
    assert actions.tax_ids(mallory.tenant_id) == []
    ours, theirs = actions.invoices(alice.tenant_id), actions.invoices(mallory.tenant_id)
    assert not {one.id for one in ours} & {one.id for one in theirs}
    assert (alice.bought.plan, alice.bought.cancel_at) == (before.plan, None)
    actions.remove_tax_id(alice.tenant_id, tax.id)
    assert actions.tax_ids(alice.tenant_id) == []
