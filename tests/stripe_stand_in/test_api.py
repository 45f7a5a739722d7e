"""What holds for every call: keys, errors, parameters, lists, expanding, idempotency."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from stripe_stand_in import API_VERSION
from tests.stripe_stand_in.running import StandIn, until

AUTH = {"Authorization": "Bearer sk_test_of_the_tests"}


def refused(call: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("key", ["sk_live_0123456789", "nonsense", "pk_test_0123456789"])
def test_any_secret_test_key_is_taken_and_no_other(stand_in: StandIn, key: str) -> None:
    assert stand_in.with_key("sk_test_another").v1.customers.list().data is not None
    error = refused(stand_in.with_key(key).v1.customers.list)
    assert isinstance(error, stripe.AuthenticationError)
    assert error.http_status == 401


def test_without_a_key_the_answer_says_how_to_send_one(stand_in: StandIn) -> None:
    answer = httpx.get(f"{stand_in.url}/v1/customers")
    assert answer.status_code == 401
    assert "You did not provide an API key" in answer.json()["error"]["message"]
    assert httpx.get(f"{stand_in.url}/v1/customers", auth=("sk_test_basic", "")).status_code == 200


def test_every_answer_names_its_request_and_echoes_the_version(stand_in: StandIn) -> None:
    customer = stand_in.v1.customers.create({})
    assert customer.last_response is not None
    headers = customer.last_response.headers
    assert headers["request-id"].startswith("req_")
    assert headers["stripe-version"] == API_VERSION == stripe.api_version
    error = refused(lambda: stand_in.v1.customers.retrieve("cus_nobody"))
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    wrong = httpx.get(f"{stand_in.url}/v1/customers", headers={**AUTH, "Stripe-Version": "latest"})
    assert "Invalid Stripe API version" in wrong.json()["error"]["message"]


def test_what_does_not_exist_is_404_in_the_path_and_400_in_a_parameter(stand_in: StandIn) -> None:
    error = refused(lambda: stand_in.v1.customers.retrieve("cus_nobody"))
    assert (error.http_status, error.code, getattr(error, "param", None)) == (404, "resource_missing", "id")
    given: Any = {"customer": "cus_nobody", "items": [{"price": "price_none"}]}
    error = refused(lambda: stand_in.v1.subscriptions.create(given))
    assert (error.http_status, error.code, getattr(error, "param", None)) == (
        400,
        "resource_missing",
        "customer",
    )
    customer = stand_in.v1.customers.create({})
    error = refused(lambda: stand_in.v1.products.retrieve(customer.id))
    assert error.user_message == f"No such product: '{customer.id}'"
    assert httpx.get(f"{stand_in.url}/v1/unicorns", headers=AUTH).status_code == 404


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"name": "x", "colour": "red"}, "parameter_unknown", "colour"),
        ({}, "parameter_missing", "name"),
        ({"name": ""}, "parameter_invalid_empty", "name"),
        ({"name": "x", "active": "perhaps"}, "parameter_invalid_boolean", "active"),
        (
            {"name": "x", "marketing_features": [{"title": "y"}]},
            "parameter_unknown",
            "marketing_features[0][title]",
        ),
    ],
    ids=["unknown", "missing", "empty", "boolean", "nested"],
)
def test_a_wrong_parameter_is_named(stand_in: StandIn, params: Any, code: str, param: str) -> None:
    assert stand_in.v1.products.create({"name": "x"}).name == "x"
    error = refused(lambda: stand_in.v1.products.create(params))
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, error.code, error.param) == (400, code, param)


def test_metadata_is_merged_and_keys_are_taken_away_by_emptiness(stand_in: StandIn) -> None:
    customer = stand_in.v1.customers.create({"metadata": {"tenant": "7", "from": "signup"}})
    changed = stand_in.v1.customers.update(customer.id, {"metadata": {"from": "", "seen": "yes"}})
    assert changed.to_dict()["metadata"] == {"tenant": "7", "seen": "yes"}
    assert stand_in.v1.customers.update(customer.id, {"metadata": ""}).to_dict()["metadata"] == {}


def test_lists_come_newest_first_and_page_by_page(stand_in: StandIn) -> None:
    product = stand_in.v1.products.create({"name": "many"})
    given: Any = {"product": product.id, "currency": "usd", "unit_amount": 1}
    made = [stand_in.v1.prices.create(given).id for _ in range(5)][::-1]
    page = stand_in.v1.prices.list({"product": product.id, "limit": 2})
    assert ([one.id for one in page.data], page.has_more) == (made[:2], True)
    page = stand_in.v1.prices.list({"product": product.id, "limit": 2, "starting_after": made[3]})
    assert ([one.id for one in page.data], page.has_more) == (made[4:], False)
    page = stand_in.v1.prices.list({"product": product.id, "limit": 2, "ending_before": made[3]})
    assert ([one.id for one in page.data], page.has_more) == (made[1:3], True)
    every = stand_in.v1.prices.list({"product": product.id, "limit": 2}).auto_paging_iter()
    assert [one.id for one in every] == made
    assert refused(lambda: stand_in.v1.prices.list({"limit": 101})).http_status == 400


def test_ids_expand_to_objects_along_a_path(stand_in: StandIn) -> None:
    price = stand_in.price(500)
    shown: Any = stand_in.v1.prices.list({"product": str(price.product), "expand": ["data.product"]})
    assert shown.data[0].product.name == "Pro"
    customer = stand_in.customer()
    shown = stand_in.v1.customers.retrieve(
        customer.id, {"expand": ["invoice_settings.default_payment_method", "subscriptions", "tax_ids"]}
    )
    assert shown.invoice_settings.default_payment_method.card.last4 == "4242"
    assert (shown.subscriptions.data, shown.tax_ids.data) == ([], [])
    error = refused(lambda: stand_in.v1.customers.retrieve(customer.id, {"expand": ["colour"]}))
    assert "cannot be expanded" in str(error.user_message)


def test_the_deleted_say_so(stand_in: StandIn) -> None:
    customer = stand_in.customer()
    given: Any = {"customer": customer.id, "items": [{"price": stand_in.price(100).id}]}
    subscription = stand_in.v1.subscriptions.create(given)
    assert stand_in.v1.customers.delete(customer.id).deleted
    assert stand_in.v1.customers.retrieve(customer.id).deleted
    assert stand_in.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert refused(lambda: stand_in.v1.customers.update(customer.id, {"name": "x"})).http_status == 404
    product = stand_in.v1.products.create({"name": "short-lived"})
    assert stand_in.v1.products.delete(product.id).deleted
    assert refused(lambda: stand_in.v1.products.retrieve(product.id)).http_status == 404


def test_the_same_key_is_done_once_and_answered_alike(stand_in: StandIn) -> None:
    key: Any = {"idempotency_key": str(uuid.uuid4())}
    first = stand_in.v1.customers.create({"name": "once"}, key)
    second = stand_in.v1.customers.create({"name": "once"}, key)
    assert first.id == second.id
    assert first.last_response is not None
    assert second.last_response is not None
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert second.last_response.headers["original-request"] == first.last_response.headers["request-id"]
    other = refused(lambda: stand_in.v1.customers.create({"name": "twice"}, key))
    assert isinstance(other, stripe.IdempotencyError)
    elsewhere = refused(lambda: stand_in.v1.products.create({"name": "once"}, key))
    assert "same endpoint" in str(elsewhere.user_message)


def test_a_decline_is_kept_under_its_key_and_a_wrong_parameter_is_not(stand_in: StandIn) -> None:
    customer = stand_in.v1.customers.create({})
    key: Any = {"idempotency_key": str(uuid.uuid4())}
    attach = stand_in.v1.payment_methods.attach
    for _ in range(2):
        refused(lambda: attach("pm_card_visa_chargeDeclined", {"customer": customer.id}, key))
    replayed = refused(lambda: attach("pm_card_visa_chargeDeclined", {"customer": customer.id}, key))
    assert replayed.headers is not None
    assert replayed.headers["idempotent-replayed"] == "true"
    key = {"idempotency_key": str(uuid.uuid4())}
    wrong: Any = {"nome": "x"}
    refused(lambda: stand_in.v1.customers.create(wrong, key))
    assert stand_in.v1.customers.create({"name": "x"}, key).name == "x"


def test_two_requests_at_once_under_one_key_conflict(stand_in: StandIn) -> None:
    key: Any = {"idempotency_key": str(uuid.uuid4())}
    stand_in.control("/faults", method="POST", path="/v1/products", seconds=2.0)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(stand_in.v1.products.create, {"name": "slow"}, key)
        until(lambda: stand_in.control("/", "GET")["faults"] == 0, "the first is under way")
        conflict = refused(lambda: stand_in.v1.products.create({"name": "slow"}, key))
        made = slow.result()
    assert isinstance(conflict.json_body, dict)
    assert conflict.http_status == 409
    assert conflict.json_body["error"]["code"] == "idempotency_key_in_use"
    assert stand_in.v1.products.create({"name": "slow"}, key).id == made.id


def test_an_answer_can_be_lost_after_the_work_and_a_retry_finds_it(stand_in: StandIn) -> None:
    name = f"lost {uuid.uuid4()}"
    stand_in.control("/faults", path="/v1/products", status=500, after=True)
    key: Any = {"idempotency_key": str(uuid.uuid4())}
    assert refused(lambda: stand_in.v1.products.create({"name": name}, key)).http_status == 500
    stand_in.v1.products.create({"name": name}, key)
    assert len([one for one in stand_in.v1.products.list({"limit": 100}).data if one.name == name]) == 1


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/relative", "nonsense"])
def test_an_address_to_go_to_must_be_one(stand_in: StandIn, address: str) -> None:
    customer = stand_in.v1.customers.create({})
    good: Any = {"customer": customer.id, "return_url": "http://example.com/"}
    assert stand_in.v1.billing_portal.sessions.create(good).url
    bad: Any = {**good, "return_url": address}
    error = refused(lambda: stand_in.v1.billing_portal.sessions.create(bad))
    assert (error.code, getattr(error, "param", None)) == ("url_invalid", "return_url")


def test_a_page_takes_no_form_of_another_site(stand_in: StandIn) -> None:
    form = {"ahead": "An hour"}
    assert (
        httpx.post(f"{stand_in.url}/", data={"ahead": "?"}, headers={"Origin": stand_in.url}).status_code
        == 303
    )
    assert (
        httpx.post(f"{stand_in.url}/", data=form, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )


def test_the_control_api_answers_this_machine_alone(stand_in: StandIn) -> None:
    assert httpx.get(f"{stand_in.url}/_control/").status_code == 200
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        answer = httpx.post(f"{stand_in.url}/_control/reset", headers=headers)
        assert answer.status_code == 403, headers
