"""Webhooks: signed, retried; and late, double, out of order or forged when asked."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_stand_in.running import StandIn, until


@pytest.fixture
def customer(own_stand_in: StandIn) -> stripe.Customer:
    made = own_stand_in.v1.customers.create({"name": "Alice"})
    own_stand_in.settle()
    return made


@pytest.fixture
def rename(own_stand_in: StandIn, customer: stripe.Customer) -> Any:
    """Renames the customer, which is an event each; names as they were told, in order."""

    class Names:
        def __call__(self, *names: str) -> None:
            for name in names:
                own_stand_in.v1.customers.update(customer.id, {"name": name})
            own_stand_in.settle()

        @property
        def told(self) -> list[str]:
            events = own_stand_in.receiver.of(customer.id, "customer.updated")
            return [event.to_dict()["data"]["object"]["name"] for event in events]

    return Names()


def test_an_event_is_signed_and_tells_what_changed_and_by_which_request(
    own_stand_in: StandIn, customer: stripe.Customer
) -> None:
    key: Any = {"idempotency_key": "rename-1"}
    own_stand_in.v1.customers.update(customer.id, {"name": "Bob"}, key)
    own_stand_in.settle()
    (event,) = own_stand_in.receiver.of(customer.id, "customer.updated")
    told = event.to_dict()
    assert told["data"]["previous_attributes"] == {"name": "Alice"}
    assert told["request"]["idempotency_key"] == "rename-1"
    assert told["api_version"] == stripe.api_version
    kept = own_stand_in.v1.events.retrieve(event.id)
    assert (kept.type, kept.pending_webhooks) == ("customer.updated", 0)
    listed = own_stand_in.v1.events.list({"types": ["customer.updated"], "delivery_success": True})
    assert [one.id for one in listed.data] == [event.id]


def test_an_event_comes_again_until_it_is_taken(
    own_stand_in: StandIn, customer: stripe.Customer, rename: Any
) -> None:
    own_stand_in.control("/settings", webhook_pauses=[0.05, 0.1, 0.2, 3600])
    own_stand_in.receiver.refusals[customer.id] = 2
    rename("Bob")
    until(lambda: rename.told == ["Bob"], "the third attempt")
    until(
        lambda: (
            [
                one["attempts"]
                for one in own_stand_in.control("/deliveries", "GET")
                if one["type"] == "customer.updated"
            ]
            == [3]
        ),
        "three attempts are on record",
    )


def test_a_flush_tries_again_at_once(own_stand_in: StandIn, customer: stripe.Customer, rename: Any) -> None:
    own_stand_in.control("/settings", webhook_pauses=[3600])
    own_stand_in.receiver.refusals[customer.id] = 1
    rename("Bob")
    assert rename.told == []
    own_stand_in.control("/deliveries/flush")
    own_stand_in.settle()
    assert rename.told == ["Bob"]


def test_events_are_held_and_released_in_the_order_that_is_asked(own_stand_in: StandIn, rename: Any) -> None:
    own_stand_in.control("/rules", action="hold", types=["customer.updated"])
    rename("a", "b", "c")
    assert rename.told == []
    held = [one["event"] for one in own_stand_in.control("/deliveries", "GET", state="held")]
    own_stand_in.control("/deliveries/release", order=[held[1], held[2]])
    own_stand_in.settle()
    assert rename.told == ["b", "c"]
    own_stand_in.control("/rules", "DELETE")
    own_stand_in.control("/deliveries/release")
    rename("d")
    assert rename.told == ["b", "c", "a", "d"]


def test_events_are_reordered_doubled_and_dropped_on_demand(own_stand_in: StandIn, rename: Any) -> None:
    own_stand_in.control("/rules", action="reorder", types=["customer.*"], count=3, times=3)
    own_stand_in.control("/rules", action="double", types=["customer.*"], times=1)
    own_stand_in.control("/rules", action="drop", types=["customer.*"], times=1)
    rename("a", "b", "c")
    assert rename.told == ["c", "b", "a"]
    rename("doubled", "dropped", "plain")
    assert rename.told[3:] == ["doubled", "doubled", "plain"] or rename.told[3:] == [
        "doubled",
        "plain",
        "doubled",
    ]


def test_a_delayed_event_comes_later(own_stand_in: StandIn, rename: Any) -> None:
    own_stand_in.control("/rules", action="delay", types=["customer.*"], seconds=0.5, times=1)
    rename("late", "early")
    assert rename.told == ["early"]
    until(lambda: rename.told == ["early", "late"], "the delayed one")


def test_a_rule_for_one_customer_leaves_the_others_alone(
    own_stand_in: StandIn, customer: stripe.Customer, rename: Any
) -> None:
    other = own_stand_in.v1.customers.create({"name": "Mallory"})
    own_stand_in.control("/rules", action="drop", customer=customer.id)
    own_stand_in.v1.customers.update(other.id, {"name": "Eve"})
    rename("unheard")
    assert rename.told == []
    assert own_stand_in.receiver.types(other.id) == ["customer.created", "customer.updated"]


def test_a_forged_event_does_not_pass_the_check_and_is_not_sent_again(
    own_stand_in: StandIn, rename: Any
) -> None:
    own_stand_in.control("/rules", action="forge", types=["customer.updated"], times=1)
    rename("forged", "true")
    assert rename.told == ["true"]
    assert own_stand_in.receiver.forged == ["customer.updated"]
    (answer,) = own_stand_in.control("/forge", type="invoice.paid", data={"object": {"object": "invoice"}})
    assert (answer["answer"], answer["taken"]) == ("400", False)
    assert own_stand_in.receiver.forged == ["customer.updated", "invoice.paid"]


def test_an_event_can_be_sent_again_as_often_as_asked(own_stand_in: StandIn, rename: Any) -> None:
    rename("again")
    event = own_stand_in.v1.events.list({"type": "customer.updated"}).data[0].id
    own_stand_in.control(f"/events/{event}/resend", times=2)
    own_stand_in.settle()
    assert rename.told == ["again"] * 3
    own_stand_in.control(f"/events/{event}/resend", forge=True)
    own_stand_in.settle()
    assert (len(rename.told), own_stand_in.receiver.forged) == (3, ["customer.updated"])


def test_an_endpoint_can_be_registered_for_some_events(
    own_stand_in: StandIn, customer: stripe.Customer
) -> None:
    given: Any = {"url": own_stand_in.receiver.url, "enabled_events": ["customer.deleted"]}
    endpoint = own_stand_in.v1.webhook_endpoints.create(given)
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in own_stand_in.v1.webhook_endpoints.retrieve(endpoint.id)
    own_stand_in.v1.customers.update(customer.id, {"name": "Bob"})
    own_stand_in.settle()
    assert own_stand_in.receiver.forged == [], "it did not ask for this one"
    own_stand_in.v1.customers.delete(customer.id)
    own_stand_in.settle()
    assert own_stand_in.receiver.forged == ["customer.deleted"], "it is signed with its own secret"
    assert own_stand_in.v1.webhook_endpoints.delete(endpoint.id).deleted


def test_everything_is_still_there_after_a_restart_and_gone_after_a_reset(
    own_stand_in: StandIn, customer: stripe.Customer
) -> None:
    given: Any = {"customer": own_stand_in.customer().id, "items": [{"price": own_stand_in.price(100).id}]}
    made = own_stand_in.v1.subscriptions.create(given)
    key: Any = {"idempotency_key": "kept"}
    product = own_stand_in.v1.products.create({"name": "kept"}, key)
    own_stand_in.stop()
    own_stand_in.start()
    assert own_stand_in.v1.subscriptions.retrieve(made.id).status == "active"
    assert own_stand_in.v1.products.create({"name": "kept"}, key).id == product.id
    own_stand_in.v1.customers.update(customer.id, {"name": "Bob"})
    own_stand_in.settle()
    assert own_stand_in.receiver.types(customer.id) == ["customer.created", "customer.updated"]
    own_stand_in.control("/reset")
    assert own_stand_in.v1.customers.list().data == []
    again = own_stand_in.v1.customers.create({})
    own_stand_in.settle()
    assert own_stand_in.receiver.types(again.id) == ["customer.created"]
