"""A running stand-in with somebody who takes its webhooks: what the tests drive with stripe-python, unpatched."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import stripe

from ops.local.network import private_port
from tests.plain_http import NO_TLS

SECRET = "whsec_of_the_tests"
DAY = 86400


@dataclass
class Receiver:
    """Takes webhooks as a server that checks signatures does, and keeps them."""

    taken: list[stripe.Event] = field(default_factory=list)
    # What came with a signature that is none.
    forged: list[str] = field(default_factory=list)
    # The next deliveries of a customer are answered with 500.
    refusals: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(body, self.headers["stripe-signature"]))
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes, signature: str) -> int:
        try:
            event = stripe.Webhook.construct_event(body, signature, SECRET)
        except stripe.SignatureVerificationError:
            self.forged.append(json.loads(body)["type"])
            return 400
        customer = customer_of(event)
        if self.refusals.get(customer, 0) > 0:
            self.refusals[customer] -= 1
            return 500
        self.taken.append(event)
        return 200

    def of(self, customer: str, *types: str) -> list[stripe.Event]:
        """A customer's events in the order in which they came."""
        found = [event for event in list(self.taken) if customer_of(event) == customer]
        return [event for event in found if not types or event.type in types]

    def types(self, customer: str) -> list[str]:
        return [event.type for event in self.of(customer)]


def customer_of(event: stripe.Event) -> str:
    thing = event.to_dict()["data"]["object"]
    return str(thing["id"] if thing["object"] == "customer" else thing.get("customer", ""))


class StandIn:
    """One stand-in process and its receiver."""

    def __init__(self, data_dir: Path, receiver: Receiver) -> None:
        self.data_dir, self.receiver = data_dir, receiver
        self.port = private_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.client = self.with_key("sk_test_of_the_tests")

    def with_key(self, key: str) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=0)

    @property
    def v1(self) -> stripe.V1Services:
        return self.client.v1

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "stripe_stand_in",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.data_dir),
        ]
        command += ["--webhook-url", self.receiver.url, "--webhook-secret", SECRET, "--public-url", self.url]
        self._process = subprocess.Popen(command)
        until(self._answers, "the stand-in answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the stand-in ended"
        try:
            return httpx.get(f"{self.url}/_control/", verify=NO_TLS).is_success
        except httpx.TransportError:
            return False

    def control(self, call: str, verb: str = "POST", /, **given: object) -> Any:
        answer = httpx.request(verb, f"{self.url}/_control{call}", json=given, timeout=60, verify=NO_TLS)
        assert answer.is_success, answer.text
        return answer.json()

    def settle(self) -> None:
        """Waits until everything due is done and told."""
        self.control("/settle", timeout=40)

    # What most tests begin with

    def clock(self) -> str:
        return self.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000}).id

    def advance(self, clock: str, *, days: float = 0, to: int | None = None) -> None:
        """Moves a test clock on, or to a time, and waits for everything that is due until then."""
        now = self.v1.test_helpers.test_clocks.retrieve(clock).frozen_time
        self.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": to or now + round(days * DAY)})
        self.settle()
        assert self.v1.test_helpers.test_clocks.retrieve(clock).status == "ready"

    def price(self, cents: int, *, interval: str = "month", name: str = "Pro", **more: Any) -> stripe.Price:
        product = self.v1.products.create({"name": name})
        recurring = {"interval": interval, **more.pop("recurring", {})}
        given: Any = {
            "product": product.id,
            "currency": "usd",
            "unit_amount": cents,
            "recurring": recurring,
            **more,
        }
        return self.v1.prices.create(given)

    def customer(self, card: str = "pm_card_visa", **given: Any) -> stripe.Customer:
        """A customer whose default card it is; "" for none."""
        wanted: Any = {"email": "alice@example.com", "name": "Alice", **given}
        made = self.v1.customers.create(wanted)
        if not card:
            return made
        method = self.v1.payment_methods.attach(card, {"customer": made.id})
        return self.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": method.id}})


def until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Waits for a condition, and fails naming it."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)


def item_of(subscription: stripe.Subscription) -> Any:
    """The only item."""
    return subscription["items"].data[0]


def subscribe(
    stand_in: StandIn, customer: stripe.Customer, *prices: stripe.Price, **more: Any
) -> stripe.Subscription:
    given: Any = {"customer": customer.id, "items": [{"price": price.id} for price in prices], **more}
    return stand_in.v1.subscriptions.create(given)


def again(stand_in: StandIn, subscription: stripe.Subscription) -> Any:
    return stand_in.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})


def lines(invoice: Any) -> list[tuple[str, int]]:
    return [(line.description, line.amount) for line in invoice.lines.data]
