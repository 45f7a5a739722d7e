"""Meters and the events that feed them."""

from __future__ import annotations

from typing import Final

from stripe_stand_in import Json, clock, ids
from stripe_stand_in.account import Account
from stripe_stand_in.billing import usage
from stripe_stand_in.errors import ApiError, invalid
from stripe_stand_in.lists import matching, page
from stripe_stand_in.parameters import Call, choice, integer, listing, metadata, shape, text
from stripe_stand_in.routing import Route

CREATE: Final = shape(
    "display_name",
    "event_name",
    "default_aggregation",
    display_name=text,
    event_name=text,
    default_aggregation=shape("formula", formula=choice("sum", "count", "last")),
    customer_mapping=shape("type", "event_payload_key", type=choice("by_id"), event_payload_key=text),
    value_settings=shape("event_payload_key", event_payload_key=text),
    event_time_window=choice("day", "hour"),
)
_OLDEST: Final = 35 * clock.DAY
_AHEAD: Final = 5 * clock.MINUTE


def create(account: Account, call: Call) -> Json:
    given = call.params
    active = [one for one in account.storage.all("billing.meter") if one["status"] == "active"]
    if any(one["event_name"] == given["event_name"] for one in active):
        raise invalid(
            "event_name", f"An active meter with the event name `{given['event_name']}` already exists."
        )
    meter = account.new("billing.meter", "mtr_test", length=32)
    meter |= {
        "customer_mapping": given.get(
            "customer_mapping", {"event_payload_key": "stripe_customer_id", "type": "by_id"}
        ),
        "default_aggregation": given["default_aggregation"],
        "display_name": given["display_name"],
        "event_name": given["event_name"],
        "event_time_window": given.get("event_time_window"),
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": meter["created"],
        "value_settings": given.get("value_settings", {"event_payload_key": "value"}),
    }
    return account.add(meter, "billing.meter.created")


def retrieve(account: Account, call: Call) -> Json:
    return account.get("billing.meter", call.id)


def update(account: Account, call: Call) -> Json:
    meter = account.get("billing.meter", call.id)
    meter |= call.params | {"updated": account.now()}
    return account.save(meter, "billing.meter.updated")


def _switch(account: Account, call: Call, on: bool) -> Json:
    meter = account.get("billing.meter", call.id)
    meter["status"] = "active" if on else "inactive"
    meter["updated"] = account.now()
    meter["status_transitions"] = {"deactivated_at": None if on else account.now()}
    return account.save(meter, f"billing.meter.{'reactivated' if on else 'deactivated'}")


def list_(account: Account, call: Call) -> Json:
    return page(call, matching(call, account.storage.all("billing.meter"), "status"))


def record(account: Account, call: Call) -> Json:
    """One event; the second under an identifier is refused, as Stripe does, so that a retry cannot count twice."""
    given = call.params
    meters = [one for one in account.storage.all("billing.meter") if one["event_name"] == given["event_name"]]
    meter = next((one for one in meters if one["status"] == "active"), None)
    if meter is None:
        message = f"No active meter found for event name {given['event_name']}."
        raise ApiError(message, code="no_meter", param="event_name")
    payload = given["payload"]
    customer = account.get(
        "customer", payload.get(meter["customer_mapping"]["event_payload_key"], ""), "payload"
    )
    value = payload.get(meter["value_settings"]["event_payload_key"])
    if meter["default_aggregation"]["formula"] != "count" and not usage.is_number(value):
        raise ApiError(
            "The meter event value must be a number.", code="meter_event_value_not_found", param="payload"
        )
    now = account.now(customer["test_clock"])
    at = given.get("timestamp", now)
    if not now - _OLDEST <= at <= now + _AHEAD:
        message = "The timestamp must be within the past 35 days or up to 5 minutes in the future."
        raise ApiError(
            message,
            code="timestamp_too_far_in_past" if at < now else "timestamp_in_future",
            param="timestamp",
        )
    identifier = given.get("identifier") or ids.letters(32)
    id_ = f"mtrevt_{meter['event_name']}_{identifier}"
    if account.storage.find(id_):
        message = f"An event already exists with identifier {identifier}."
        raise ApiError(message, code="duplicate_meter_event", param="identifier")
    event: Json = {
        "object": "billing.meter_event",
        "created": now,
        "event_name": given["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": payload,
        "timestamp": at,
    }
    # The event itself has no id in Stripe's API: ours is private, under which it is stored.
    stored = event | {"id": id_, "customer": customer["id"], "_meter": meter["id"], "_value": value or "1"}
    account.storage.put(stored)
    return event


def adjust(account: Account, call: Call) -> Json:
    """Takes back an event of the last 24 hours."""
    identifier = call.get("cancel", {}).get("identifier", "")
    id_ = f"mtrevt_{call.get('event_name')}_{identifier}"
    found = account.get("billing.meter_event", id_, "cancel[identifier]")
    if account.time_of(found) - found["created"] > clock.DAY:
        raise ApiError("Meter events can be cancelled within 24 hours.", param="cancel[identifier]")
    account.storage.delete(id_)
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": call.get("event_name"),
        "livemode": False,
        "status": "pending",
        "type": "cancel",
    }


def summaries(account: Account, call: Call) -> Json:
    meter = account.get("billing.meter", call.id)
    account.get("customer", call.get("customer"), "customer")
    start, end = call.get("start_time"), call.get("end_time")
    step = {"hour": clock.HOUR, "day": clock.DAY}.get(call.get("value_grouping_window"), end - start)
    unit = step if "value_grouping_window" in call.params else clock.MINUTE
    for name, at in (("start_time", start), ("end_time", end)):
        if at % unit:
            raise invalid(name, f"{name} must be aligned with {unit // 60} minute boundaries.")
    if end <= start:
        raise invalid("end_time", "end_time must be after start_time.")
    found = [
        {
            "id": f"mtrusg_{meter['id'][-8:]}_{begin}",
            "object": "billing.meter_event_summary",
            "aggregated_value": float(usage.total(account, meter, call.get("customer"), begin, begin + step)),
            "end_time": begin + step,
            "livemode": False,
            "meter": meter["id"],
            "start_time": begin,
        }
        for begin in range(start, end, step)
    ]
    return page(call, [one for one in reversed(found) if one["aggregated_value"] or step == end - start])


ROUTES: Final = (
    Route("POST", "/v1/billing/meters", create, CREATE, "billing.MeterCreateParams"),
    Route("GET", "/v1/billing/meters/{}", retrieve),
    Route("POST", "/v1/billing/meters/{}", update, shape(display_name=text), "billing.MeterUpdateParams"),
    Route("POST", "/v1/billing/meters/{}/deactivate", lambda account, call: _switch(account, call, False)),
    Route("POST", "/v1/billing/meters/{}/reactivate", lambda account, call: _switch(account, call, True)),
    Route(
        "GET",
        "/v1/billing/meters",
        list_,
        listing(status=choice("active", "inactive")),
        "billing.MeterListParams",
    ),
    Route(
        "GET",
        "/v1/billing/meters/{}/event_summaries",
        summaries,
        listing(
            "customer",
            "start_time",
            "end_time",
            customer=text,
            start_time=integer,
            end_time=integer,
            value_grouping_window=choice("day", "hour"),
        ),
        "billing.MeterListEventSummariesParams",
    ),
    Route(
        "POST",
        "/v1/billing/meter_events",
        record,
        shape("event_name", "payload", event_name=text, payload=metadata, identifier=text, timestamp=integer),
        "billing.MeterEventCreateParams",
    ),
    Route(
        "POST",
        "/v1/billing/meter_event_adjustments",
        adjust,
        shape("event_name", "type", event_name=text, type=choice("cancel"), cancel=shape(identifier=text)),
        "billing.MeterEventAdjustmentCreateParams",
    ),
)
