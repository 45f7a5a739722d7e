"""Whatever is sent, the stand-in answers with a refusal of its own and never with a fault."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from stripe_stand_in.app import App, Options
from stripe_stand_in.objects import routes
from stripe_stand_in.routing import Route
from tests.stripe_stand_in.test_parameter_names import inner_shape

NONSENSE: Final = (
    "",
    "x",
    "-1",
    "0",
    "99999999999999999999999",
    "NaN",
    "1e999",
    "true",
    "\x00",
    "cus_x",
    "🙂",
)
HEADERS: Final = {"Authorization": "Bearer sk_test_of_the_tests"}
CHANGING: Final = [route for route in routes() if route.method in ("POST", "GET")]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application itself, without time passing in it."""
    app = App(Options(tmp_path, "http://localhost"))
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=HEADERS) as opened:
        yield opened
    app.account.storage.close()


async def post(client: httpx.AsyncClient, path: str, **form: str) -> Any:
    answer = await client.post(path, data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def furnish(client: httpx.AsyncClient) -> dict[str, str]:
    """One object of each kind that a path may name: ids by the part of the path before them."""
    clock = await post(client, "/v1/test_helpers/test_clocks", frozen_time=str(int(time.time())))
    customer = await post(client, "/v1/customers", email="a@example.com", test_clock=clock["id"])
    method = await post(client, "/v1/payment_methods/pm_card_visa/attach", customer=customer["id"])
    tax_id = await post(client, f"/v1/customers/{customer['id']}/tax_ids", type="eu_vat", value="DE123456789")
    product = await post(client, "/v1/products", name="Pro")
    month = {"recurring[interval]": "month"}
    price = await post(
        client, "/v1/prices", product=product["id"], currency="usd", unit_amount="100", **month
    )
    items = {"items[0][price]": price["id"], "default_payment_method": method["id"]}
    subscription = await post(client, "/v1/subscriptions", customer=customer["id"], **items)
    schedule = await post(client, "/v1/subscription_schedules", from_subscription=subscription["id"])
    meter = {"display_name": "m", "event_name": "m", "default_aggregation[formula]": "sum"}
    session = {"mode": "setup", "success_url": "http://localhost/", "customer": customer["id"]}
    invoice_item = {"customer": customer["id"], "amount": "5", "currency": "usd"}
    features = {"features[invoice_history][enabled]": "true"}
    endpoint = {"url": "http://127.0.0.1:9/", "enabled_events[0]": "*"}
    return {
        "test_clocks": clock["id"],
        "customers": customer["id"],
        "payment_methods": method["id"],
        "tax_ids": tax_id["id"],
        "products": product["id"],
        "prices": price["id"],
        "subscriptions": subscription["id"],
        "subscription_items": subscription["items"]["data"][0]["id"],
        "subscription_schedules": schedule["id"],
        "invoices": (await post(client, "/v1/invoices", customer=customer["id"]))["id"],
        "invoiceitems": (await post(client, "/v1/invoiceitems", **invoice_item))["id"],
        "meters": (await post(client, "/v1/billing/meters", **meter))["id"],
        "setup_intents": (await post(client, "/v1/setup_intents", customer=customer["id"]))["id"],
        "sessions": (await post(client, "/v1/checkout/sessions", **session))["id"],
        "configurations": (await post(client, "/v1/billing_portal/configurations", **features))["id"],
        "webhook_endpoints": (await post(client, "/v1/webhook_endpoints", **endpoint))["id"],
    }


def named(route: Route, ids: dict[str, str]) -> str:
    """The route's path with ids of things that are there."""
    parts = route.path.split("/")
    return "/".join(
        ids.get(parts[place - 1], "x") if part == "{}" else part for place, part in enumerate(parts)
    )


def forms(route: Route) -> list[dict[str, str]]:
    """Nonsense for each parameter alone, one level down too."""
    found: list[dict[str, str]] = [{}]
    for name, reader in route.shape.fields.items():
        found += [{name: value} for value in NONSENSE]
        found += [{f"{name}[0]": "x"}, {f"{name}[a][b]": "1"}, {f"{name}[]": "x"}]
        inner = inner_shape(reader)
        for below in inner.fields if inner else ():
            found += [{f"{name}[{below}]": value} for value in ("", "x", "-1", "99999999999999")]
            found += [{f"{name}[0][{below}]": value} for value in ("", "x", "-1", "99999999999999")]
    return found


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: f"{route.method} {route.path}")
async def test_no_parameter_is_a_fault(client: httpx.AsyncClient, route: Route) -> None:
    ids = await furnish(client)
    assert route.path.count("{}") == 0 or named(route, ids) != route.path
    for form in forms(route):
        sent = {"params": form} if route.method == "GET" else {"data": form}
        answer = await client.request(route.method, named(route, ids), **sent)  # type: ignore[arg-type]
        assert answer.status_code < 500, (form, answer.text)
        assert answer.status_code == 200 or answer.json()["error"]["message"], form


@pytest.mark.parametrize(
    "path", ["/", "/checkout/x", "/portal/x/y", "/invoices/x/y", "/nowhere", "/v1/", "/_control/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
async def test_no_path_is_a_fault(client: httpx.AsyncClient, method: str, path: str) -> None:
    for content in (b"", b"\xff\xfe=%ff", b"{", b"a=" + b"x" * 100_000):
        answer = await client.request(method, path, content=content)
        assert answer.status_code < 500, answer.text
