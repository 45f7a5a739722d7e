"""The owner of a workspace as somebody who pays: a browser at the stand-in's pages, a card, and a clock to turn."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import stripe

from ops.local.stripe import StripeStandIn
from tests.personas import Workspace
from tests.plain_http import NO_TLS
from tests.realtime.backstage import rows, tenant_id_of

GOOD_CARD: Final = "4242 4242 4242 4242"
# Can be saved, and is refused when money is asked.
EMPTY_CARD: Final = "4000 0000 0000 0341"
DAY: Final = 86_400


class Buyer:
    """Alice, buying for her workspace. Everything goes over HTTP to the stand-in and the running product."""

    def __init__(self, workspace: Workspace, stand_in: StripeStandIn) -> None:
        self.workspace, self.stand_in = workspace, stand_in
        self.tenant_id = tenant_id_of(workspace)
        self.api = stripe.StripeClient(
            stand_in.environment["STRIPE_SECRET_KEY"],
            base_addresses={"api": stand_in.environment["STRIPE_API_BASE"]},
        ).v1
        self.clock = ""
        self.way = ""

    # What she does

    def live_by_a_clock(self) -> Buyer:
        """Her customer is made by hand, on a test clock: everything of hers happens when `pass_days` says so."""
        from billing.models import Subscription

        self.clock = self.api.test_helpers.test_clocks.create(
            params={"frozen_time": int(time.time()), "name": secrets.token_hex(4)}
        ).id
        customer = self.api.customers.create(
            params={"email": self.workspace.owner_email, "test_clock": self.clock}
        )
        Subscription.objects.create(tenant_id=self.tenant_id, customer_id=customer.id)
        return self

    def checkout(self, plan: str = "pro", interval: str = "month") -> str:
        from billing import actions

        return actions.start_checkout(
            self.tenant_id,
            plan,
            interval,  # type: ignore[arg-type]
            email=self.workspace.owner_email,
            success_url=f"{self.workspace.origin}/console/billing/?session={{CHECKOUT_SESSION_ID}}",
            cancel_url=f"{self.workspace.origin}/console/billing/",
        )

    def pay(self, url: str, card: str = GOOD_CARD) -> httpx.Response:
        """Fill in a page of the stand-in's and press its button."""
        with httpx.Client(verify=NO_TLS) as browser:
            assert browser.get(url).status_code == 200
            return browser.post(url, data={"number": card, "exp": "12 / 34", "cvc": "123", "name": "Alice"})

    def buy(self, plan: str = "pro", interval: str = "month", card: str = GOOD_CARD) -> None:
        """Through Checkout, and back on our side."""
        answer = self.pay(self.checkout(plan, interval), card)
        assert answer.status_code in (302, 303), answer.text
        assert urlsplit(answer.headers["location"]).path == "/console/billing/"
        self.settle()

    def let_the_card_fail(self, fail: bool = True) -> None:
        self.control("POST", f"customers/{self.customer}/cards", fail=fail)

    # What time does

    def pass_days(self, days: float) -> None:
        """Turn the clock, and wait until all that fell due was done here too."""
        now = self.api.test_helpers.test_clocks.retrieve(self.clock).frozen_time
        self.api.test_helpers.test_clocks.advance(self.clock, params={"frozen_time": now + int(days * DAY)})
        wait_until(lambda: self.api.test_helpers.test_clocks.retrieve(self.clock).status == "ready", 30)
        self.settle()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.api.test_helpers.test_clocks.retrieve(self.clock).frozen_time, UTC)

    def spoil_deliveries(self, way: str) -> None:
        """From now on her events come `twice`, or `backwards` and late, or `forged` and never as they are, or are
        `lost`."""
        action = {"twice": "double", "backwards": "hold", "forged": "forge", "lost": "drop"}[way]
        self.control("POST", "rules", action=action, customer=self.customer)
        self.way = way

    def settle(self) -> None:
        """Wait until every event was delivered, in the way that hers are, what came applied, and mails sent."""
        from billing import tasks

        self.control("POST", "settle")
        if self.way == "backwards":
            self.control("POST", "deliveries/release", order="reversed")
            self.control("POST", "settle")
        if self.way in ("forged", "lost"):
            tasks.reconcile(timestamp=0)
        waiting = "SELECT count(*) FROM public.billing_stripeevent WHERE applied_at IS NULL AND fault = ''"
        wait_until(lambda: rows(self.workspace, waiting) == [(0,)], 30)
        mails = (
            "SELECT count(*) FROM public.procrastinate_jobs "
            "WHERE args->>'tenant_id' = %s AND status IN ('todo', 'doing')"
        )
        wait_until(lambda: rows(self.workspace, mails, str(self.tenant_id)) == [(0,)], 30)

    # Looking at it

    @property
    def customer(self) -> str:
        return str(self.bought.customer_id)

    @property
    def bought(self) -> Any:
        from billing.models import Subscription

        return Subscription.objects.get(tenant_id=self.tenant_id)

    @property
    def in_force(self) -> tuple[str, str]:
        """Plan and state, as the database has them."""
        query = "SELECT plan, state FROM public.tenants_tenant WHERE id = %s"
        ((plan, state),) = rows(self.workspace, query, self.tenant_id)
        return plan, state

    def mails(self) -> list[str]:
        """The subjects of what she was mailed, oldest first."""
        from portal import mailbox

        mine = [mail for mail in mailbox.newest(1_000) if mail.to == self.workspace.owner_email]
        return [mail.subject for mail in reversed(mine)]

    def settle_mails(self, words: str) -> None:
        """Wait for a mail whose subject has these words."""
        wait_until(lambda: any(words in subject for subject in self.mails()))

    def control(self, method: str, path: str, /, **given: Any) -> Any:
        url = f"{self.stand_in.environment['STRIPE_API_BASE']}/_control/{path}"
        answer = httpx.request(method, url, json=given, timeout=60, verify=NO_TLS)
        assert answer.status_code == 200, answer.text
        return answer.json()


def wait_until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition, and no longer than it takes."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.02)
