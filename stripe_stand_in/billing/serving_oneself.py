"""What a customer does in the portal: another card, another plan, an end, a change of mind."""

from __future__ import annotations

from stripe_stand_in import Json, clock
from stripe_stand_in.account import Account
from stripe_stand_in.billing import amounts, changing, checking_out, ending, phasing, planning
from stripe_stand_in.errors import ApiError
from stripe_stand_in.objects import payment_method, schedule_phase, subscription, subscription_schedule


def running(account: Account, customer: str) -> list[Json]:
    """The subscriptions that the portal shows."""
    found = account.storage.all("subscription", customer)
    return [one for one in found if one["status"] not in ("canceled", "incomplete_expired")]


def change_card(account: Account, customer: Json, number: str) -> Json:
    """The new card pays for everything from now on."""
    method = checking_out.new_card(account, number)
    payment_method.attach(account, method["id"], customer)
    held = account.get("customer", customer["id"])
    held["invoice_settings"]["default_payment_method"] = method["id"]
    account.save(held, "customer.updated")
    for one in running(account, customer["id"]):
        if one["default_payment_method"] is not None:
            one["default_payment_method"] = method["id"]
            planning.keep(account, one, "customer.subscription.updated")
    return method


def offers(account: Account, features: Json) -> list[Json]:
    """The prices between which the portal lets a customer choose, cheapest first."""
    update = features["subscription_update"]
    if not update["enabled"]:
        return []
    prices = [account.get("price", id_) for product in update["products"] for id_ in product["prices"]]
    return sorted((one for one in prices if one["active"]), key=_monthly)


def _monthly(price: Json) -> float:
    recurring = price["recurring"]
    months = {"day": 1 / 30, "week": 7 / 30, "month": 1, "year": 12}[recurring["interval"]]
    return float(amounts.of(price, 1) / (months * recurring["interval_count"]))


def licensed_item(held: Json) -> Json:
    """The item that is the plan; others, such as metered ones, stay as they are."""
    for item in held["items"]["data"]:
        if "quantity" in item:
            found: Json = item
            return found
    raise ApiError("This subscription has no plan to change.")


def waits(held: Json, price: Json, features: Json) -> bool:
    """Whether the change is for the end of the period: one to something cheaper or shorter, as configured."""
    kinds = {one["type"] for one in features["subscription_update"]["schedule_at_period_end"]["conditions"]}
    now = licensed_item(held)["price"]
    lengths = {"day": 1, "week": 7, "month": 30, "year": 365}
    cheaper = amounts.of(price, 1) < amounts.of(now, 1)
    shorter = lengths[price["recurring"]["interval"]] < lengths[now["recurring"]["interval"]]
    return ("decreasing_item_amount" in kinds and cheaper) or ("shortening_interval" in kinds and shorter)


def parameters(held: Json, price: Json, features: Json) -> Json:
    """What a change at once would be as a call."""
    update = features["subscription_update"]
    given: Json = {
        "items": [{"id": licensed_item(held)["id"], "price": price["id"]}],
        "proration_behavior": update["proration_behavior"],
        "payment_behavior": "error_if_incomplete",
    }
    if held["status"] == "trialing" and update["trial_update_behavior"] == "end_trial":
        given["trial_end"] = "now"
    return given


def change_plan(account: Account, held: Json, price: Json, features: Json) -> str:
    """Another price, now or at the end of the period; says which."""
    if price["id"] not in [one["id"] for one in offers(account, features)]:
        raise ApiError("This plan is not on offer.")
    if waits(held, price, features):
        _schedule(account, held, price)
        return "end"
    if held["schedule"]:
        phasing.release(account, account.get("subscription_schedule", held["schedule"]))
        held = account.get("subscription", held["id"])
    changing.change(account, held, parameters(held, price, features), present=True)
    return "now"


def _schedule(account: Account, held: Json, price: Json) -> None:
    if held["schedule"]:
        phasing.release(account, account.get("subscription_schedule", held["schedule"]))
        held = account.get("subscription", held["id"])
    schedule = subscription_schedule.from_subscription(account, held)
    first = schedule["phases"][0]
    # What was paid for is used up first: a metered item beside a plan by the year has a period of a month.
    first["end_date"] = licensed_item(held)["current_period_end"]
    mine = licensed_item(held)["price"]["id"]
    items = [item | {"price": price["id"]} if item["price"] == mine else item for item in first["items"]]
    rhythm = price["recurring"]
    end = clock.later(first["end_date"], rhythm["interval"], rhythm["interval_count"])
    given = {"proration_behavior": "none"}
    schedule["phases"].append(schedule_phase.make(account, first["end_date"], end, items, given))
    phasing.keep(account, schedule)


def cancel(account: Account, held: Json, features: Json, feedback: str) -> None:
    """At the end of what is paid, or at once, as configured. A flexible subscription gets a date only, as at Stripe."""
    feature = features["subscription_cancel"]
    if feedback:
        held["cancellation_details"]["feedback"] = feedback
    if feature["mode"] == "immediately":
        ending.cancel(account, held, prorate=feature["proration_behavior"] != "none")
        return
    flexible = held["billing_mode"]["type"] == "flexible"
    subscription.fill(
        account, held, {"cancel_at": "max_period_end"} if flexible else {"cancel_at_period_end": True}
    )
    planning.keep(account, held, "customer.subscription.updated")


def reactivate(account: Account, held: Json) -> None:
    """Takes back a cancellation, or a change, that has not come yet."""
    if held["schedule"]:
        phasing.release(account, account.get("subscription_schedule", held["schedule"]))
        held = account.get("subscription", held["id"])
    subscription.fill(account, held, {"cancel_at": None})
    planning.keep(account, held, "customer.subscription.updated")
