"""The courier: one task in the worker process, from which every delivery is a task of its own.

It is woken by a bell, and looks at every tenant with webhooks by the clock: a ring may be lost, the tables are the
truth. Nothing waits for a slow receiver but what comes after it in the same lane: a tenant's round only takes what is
due and goes on. Several couriers, on several machines, share the work by their claims.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import psycopg

from outbound import Client
from tenants import bell
from tenants.context import in_tenant
from tenants.database import AWAY, pool
from webhooks.bell import NAME
from webhooks.courier import claims, sending
from webhooks.courier.claims import Claim, Outcome
from webhooks.models import Endpoint
from webhooks.pauses import PATIENCE, next_attempt

logger = logging.getLogger("snug.webhooks")

# Seconds between two looks at everything.
SWEEP: Final = 5.0
_HOOKED: Final = (
    "SELECT t.schema_name FROM public.tenants_tenant t "
    "JOIN public.tenants_tenant l ON l.id = coalesce(t.test_of_id, t.id) "  # a test side rests while its live side does
    "WHERE t.hooked AND l.state IN ('active', 'past_due')"
)

Clock = Callable[[], datetime]
# Runs inside the tenant's schema: switches the endpoint off for this reason, and tells whom it concerns.
GiveUp = Callable[[str, Endpoint.Reason], None]


class Schema:
    """A tenant, as far as the courier knows it."""

    def __init__(self, schema_name: str) -> None:
        self.schema_name = schema_name


def _now() -> datetime:
    return datetime.now(UTC)


class Courier:
    """For one event loop. `clock` is what attempts, pauses and claims go by."""

    def __init__(self, client: Client, give_up: GiveUp, *, clock: Clock = _now) -> None:
        self._client, self._give_up, self._clock = client, give_up, clock
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._ending = False

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._sweep_on())

    async def close(self) -> None:
        """Take nothing more, and wait for what is under way: an attempt's own timeout at most."""
        self._ending = True
        while self._rounds or self._under_way:
            await asyncio.gather(*self._rounds.values(), *self._under_way, return_exceptions=True)
        await self._client.close()

    def wake(self, schema: str) -> None:
        """Something may be due there."""
        if self._ending:
            return
        if schema in self._rounds:
            self._again.add(schema)
            return
        self._rounds[schema] = asyncio.get_running_loop().create_task(self._round(schema))

    async def sweep(self) -> None:
        """Look at every tenant with webhooks."""
        async with (await pool()).connection() as db:
            rows = await (await db.execute(_HOOKED)).fetchall()
        for (schema,) in rows:
            self.wake(schema)

    async def idle(self) -> None:
        """Wait until nothing is due and nothing under way."""
        while self._rounds or self._under_way:
            await asyncio.gather(*self._rounds.values(), *self._under_way, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async for schema in bell.hear(NAME):
                    if schema:
                        self.wake(schema)
                    else:  # it listens anew: what was rung meanwhile, nobody heard
                        await self.sweep()
            except (psycopg.Error, *AWAY) as error:
                logger.warning("the bell is not heard: %s", type(error).__name__)
            await asyncio.sleep(1)

    async def _sweep_on(self) -> None:
        while True:
            try:
                await self.sweep()
            except (psycopg.Error, *AWAY) as error:
                logger.warning("nothing is looked for: %s", type(error).__name__)
            await asyncio.sleep(SWEEP)

    async def _round(self, schema: str) -> None:
        try:
            while True:
                self._again.discard(schema)
                for claim in await claims.claim(schema, self._clock()):
                    self._begin(schema, claim)
                if schema not in self._again:
                    return
        except (psycopg.Error, *AWAY) as error:  # the next sweep comes by again
            logger.warning("nothing taken for %s: %s", schema, error)
        finally:
            del self._rounds[schema]

    def _begin(self, schema: str, claim: Claim) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(schema, claim))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, schema: str, claim: Claim) -> None:
        outcome = await sending.attempt(self._client, claim, self._clock())
        try:
            await self._settle(schema, claim, outcome)
        except (psycopg.Error, *AWAY) as error:  # the claim lapses, and it is sent once more
            logger.warning("an attempt for %s was not written down: %s", schema, type(error).__name__)
        except Exception:
            logger.exception("an attempt for %s was not written down", schema)
        else:
            self.wake(schema)

    async def _settle(self, schema: str, claim: Claim, outcome: Outcome) -> None:
        if outcome.good:
            await claims.settle(schema, claim, outcome, "delivered", None)
            if claim.failing_since is not None:
                await claims.note_recovery(schema, claim, self._clock())
            return
        next_at = None if outcome.gone else next_attempt(claim.attempts + 1, claim.at, claim.first_at)
        await claims.settle(schema, claim, outcome, "pending" if next_at else "failed", next_at)
        since = await claims.note_failure(schema, claim)
        if outcome.gone:
            await self._stop(schema, claim, Endpoint.Reason.GONE)
        elif next_at is None and since is not None and claim.at - since >= PATIENCE:
            await self._stop(schema, claim, Endpoint.Reason.FAILING)

    async def _stop(self, schema: str, claim: Claim, reason: Endpoint.Reason) -> None:
        await in_tenant(Schema(schema), self._give_up, claim.endpoint_id, reason)
