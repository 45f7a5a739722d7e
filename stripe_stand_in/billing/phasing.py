"""Subscription schedules at work: a phase begins, the last one ends."""

from __future__ import annotations

from stripe_stand_in import Json
from stripe_stand_in.account import Account
from stripe_stand_in.agenda import Work
from stripe_stand_in.billing import changing, ending, planning, starting
from stripe_stand_in.objects import plan, subscription_item


def phase_at(schedule: Json, moment: int) -> Json | None:
    for phase in schedule["phases"]:
        if phase["start_date"] <= moment < phase["end_date"]:
            found: Json = phase
            return found
    return None


def keep(account: Account, schedule: Json, event: str | None = "subscription_schedule.updated") -> Json:
    """Stores a schedule with its current phase, and enters its next turn in the agenda."""
    now = account.now(schedule["test_clock"])
    phase = phase_at(schedule, now)
    schedule["current_phase"] = (
        {"start_date": phase["start_date"], "end_date": phase["end_date"]}
        if phase and schedule["status"] == "active"
        else None
    )
    turns = [phase["start_date"] for phase in schedule["phases"]] + [schedule["phases"][-1]["end_date"]]
    ahead = [at for at in turns if at > schedule["_turned"]]
    live = schedule["status"] in ("active", "not_started")
    at = min(ahead) if live and ahead else None
    account.agenda.put(schedule["id"], Work.SCHEDULE_PHASE, at, schedule["test_clock"])
    account.save(schedule, event)
    return schedule


def turn(account: Account, schedule: Json) -> None:
    """The next phase begins now, or there is none and the schedule ends."""
    now = account.now(schedule["test_clock"])
    schedule["_turned"] = now
    phase = phase_at(schedule, now)
    if phase is None:
        _finish(account, schedule, now)
        return
    if schedule["subscription"] is None:
        customer = account.get("customer", schedule["customer"])
        wanted = {"items": [_as_given(item) for item in phase["items"]], "metadata": phase["metadata"]}
        schedule["status"] = "active"
        started = starting.start(account, customer, wanted)["id"]
        schedule["subscription"] = started
        _point(account, started, schedule["id"])
    else:
        enter(account, account.get("subscription", schedule["subscription"]), phase)
    keep(account, schedule)


def _as_given(item: Json) -> Json:
    given = {"price": item["price"]}
    return given | ({"quantity": item["quantity"]} if "quantity" in item else {})


def _point(account: Account, subscription: str, schedule: str | None) -> None:
    found = account.get("subscription", subscription)
    found["schedule"] = schedule
    planning.keep(account, found, "customer.subscription.updated")


def enter(account: Account, subscription: Json, phase: Json) -> None:
    """Makes the subscription what a phase says; at the end of a period nothing is to be prorated."""
    now = account.now(subscription["test_clock"])
    if phase["metadata"]:
        subscription["metadata"] |= phase["metadata"]
    if phase["trial_end"] and phase["trial_end"] > now:
        changing.change(
            account, subscription, {"trial_end": phase["trial_end"], "proration_behavior": "none"}
        )
    given = _changes(subscription, phase)
    if not given:
        planning.keep(account, subscription, "customer.subscription.updated")
    elif planning.period_of(subscription)[1] == now:
        _bill_usage_gone(account, subscription, given, now)
        _replace(account, subscription, phase, now)
        planning.keep(account, subscription, "customer.subscription.updated")
    else:
        changing.change(
            account, subscription, {"items": given, "proration_behavior": phase["proration_behavior"]}
        )


def _changes(subscription: Json, phase: Json) -> list[Json]:
    """The difference between what runs and what a phase asks for, as parameters; kept by order, as Stripe keeps ids."""
    running = subscription["items"]["data"]
    wanted = phase["items"]
    if [(one["price"]["id"], one.get("quantity")) for one in running] == [
        (one["price"], one.get("quantity")) for one in wanted
    ]:
        return []
    spare = [one for one in running if one["price"]["id"] not in [item["price"] for item in wanted]]
    given = []
    for item in wanted:
        held = next((one for one in running if one["price"]["id"] == item["price"]), None)
        if held is None and spare:
            held = spare.pop(0)
        given.append(_as_given(item) | ({"id": held["id"]} if held else {}))
    return given + [{"id": one["id"], "deleted": True} for one in spare]


def _replace(account: Account, subscription: Json, phase: Json, now: int) -> None:
    """New items at the very end of a period: their first period begins with the renewal that follows, which bills usage
    of the one that ends at the price that it had."""
    changed = changing.changed_items(account, subscription, _changes(subscription, phase))
    prices = {item["id"]: item["price"] for item in subscription["items"]["data"]}
    for item in changed:
        before: Json = prices.get(item["id"]) or item["price"]
        if before["recurring"]["interval"] != item["price"]["recurring"]["interval"]:
            subscription["billing_cycle_anchor"] = now
        used = subscription["status"] != "trialing" and item["current_period_end"] == now
        if used and before["id"] != item["price"]["id"]:
            item["_price_before"] = before
        if not item["current_period_end"]:
            item["current_period_start"] = item["current_period_end"] = now
        item["plan"] = plan.of(item["price"])
    subscription["items"]["data"] = changed


def _bill_usage_gone(account: Account, subscription: Json, given: list[Json], now: int) -> None:
    """Usage of a metered item that the next phase does not have goes on the invoice that comes now; of one that has
    another price there, the renewal bills it."""
    from stripe_stand_in.objects import invoice_item, invoice_line

    leaving = {one["id"] for one in given if one.get("deleted")}
    for item in subscription["items"]["data"]:
        if (
            item["id"] in leaving
            and subscription_item.is_metered(item)
            and subscription["status"] != "trialing"
        ):
            period = (subscription_item.counted_since(item), now)
            draft = invoice_line.of_usage(account, item, subscription["customer"], period)
            invoice_item.pend(account, subscription, draft)


def _finish(account: Account, schedule: Json, now: int) -> None:
    subscription = account.get("subscription", schedule["subscription"])
    if schedule["end_behavior"] == "cancel":
        schedule |= {"status": "completed", "completed_at": now}
        keep(account, schedule, None)
        account.emit("subscription_schedule.completed", schedule)
        ending.cancel(account, subscription)
    else:
        release(account, schedule)


def release(account: Account, schedule: Json) -> Json:
    """The subscription goes on without the schedule."""
    subscription = schedule["subscription"]
    schedule |= {
        "status": "released",
        "released_at": account.now(schedule["test_clock"]),
        "released_subscription": subscription,
        "subscription": None,
    }
    keep(account, schedule, None)
    account.emit("subscription_schedule.released", schedule)
    if subscription:
        _point(account, subscription, None)
    return schedule


def look_ahead(account: Account, subscription: Json, moment: int) -> None:
    """For a preview: the items that the schedule's phase at a moment ahead will bring."""
    schedule = account.storage.find(subscription["schedule"] or "")
    phase = phase_at(schedule, moment) if schedule else None
    if phase is not None and _changes(subscription, phase):
        _replace(account, subscription, phase, moment)
