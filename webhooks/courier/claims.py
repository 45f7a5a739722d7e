"""What is owed, taken one head of a lane at a time, and what became of it. Raw SQL, one round trip each.

Only the oldest pending delivery of a lane, its head, is ever claimed: so the next waits until that one is delivered or
given up. Lanes are walked by the index, from one head to the next, however much waits behind them. A claim lapses by
itself; whoever comes back after that finds its claim gone, and what it has to say of it does not count.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import sql
from psycopg.types.json import Jsonb

from tenants.database import pool
from webhooks.tables import tables_of

# A little more than an attempt may take.
CLAIM: Final = timedelta(seconds=15)
# At once to one endpoint, from all couriers together; one at a time while nothing gets through.
AT_ONCE: Final = 8
# Shorter than that a fault is a hiccup, and everything keeps its own time of the next attempt.
LONG_FAULT: Final = timedelta(minutes=1)

# No disk is waited for: what a crash of the database takes away, a claim or the end of a delivery, is made good by
# sending it once more, and in order, since whatever came later is gone as well.
_UNWAITED: Final = "set_config('synchronous_commit', 'off', true) = 'off'"
_HEAD = "d.endpoint_id, d.lane, d.id, d.event_id, d.next_at, d.claimed_until"
_CLAIM: Final = f"""
WITH RECURSIVE heads AS (
  (SELECT {_HEAD} FROM {{hook_deliveries}} d WHERE d.state = 'pending'
   ORDER BY d.endpoint_id, d.lane, d.event_id LIMIT 1)
  UNION ALL
  SELECT n.* FROM heads h CROSS JOIN LATERAL (
    SELECT {_HEAD} FROM {{hook_deliveries}} d
    WHERE d.state = 'pending' AND (d.endpoint_id, d.lane) > (h.endpoint_id, h.lane)
    ORDER BY d.endpoint_id, d.lane, d.event_id LIMIT 1) n
), taken AS (
  SELECT endpoint_id, count(*) AS n FROM heads WHERE claimed_until > %(now)s GROUP BY endpoint_id
), due AS (
  SELECT id, endpoint_id, row_number() OVER (PARTITION BY endpoint_id ORDER BY event_id) AS place FROM heads
  WHERE next_at <= %(now)s AND (claimed_until IS NULL OR claimed_until <= %(now)s)
), chosen AS (
  SELECT due.id FROM due JOIN {{hook_endpoints}} e ON e.id = due.endpoint_id AND e.enabled
  LEFT JOIN taken ON taken.endpoint_id = due.endpoint_id
  WHERE due.place + coalesce(taken.n, 0) <= CASE WHEN e.failing_since IS NULL THEN %(most)s ELSE 1 END
    AND EXISTS (SELECT FROM public.tenants_tenant t
                JOIN public.tenants_tenant l ON l.id = coalesce(t.test_of_id, t.id)
                WHERE t.schema_name = %(schema)s AND l.state IN ('active', 'past_due'))
), mine AS (
  SELECT d.id FROM {{hook_deliveries}} d WHERE d.id = ANY(ARRAY(SELECT id FROM chosen)) AND d.state = 'pending'
    AND d.next_at <= %(now)s AND (d.claimed_until IS NULL OR d.claimed_until <= %(now)s)
  FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE {{hook_deliveries}} d SET claimed_until = %(until)s, first_at = coalesce(d.first_at, %(now)s)
  FROM mine WHERE d.id = mine.id RETURNING d.id, d.endpoint_id, d.event_id, d.attempts, d.first_at
)
SELECT c.id, c.attempts, c.first_at, v.uuid, v.type, v.data, v.created_at, e.id, e.url, e.secret, e.previous_secret,
       e.previous_until, e.failing_since
FROM claimed c JOIN {{hook_events}} v ON v.id = c.event_id JOIN {{hook_endpoints}} e ON e.id = c.endpoint_id
WHERE {_UNWAITED}
ORDER BY c.event_id
"""
_SETTLE: Final = """
WITH settled AS (
  UPDATE {hook_deliveries} SET state = %(state)s, attempts = attempts + 1, claimed_until = NULL,
    next_at = coalesce(%(next)s, next_at)
  WHERE id = %(id)s AND state = 'pending' AND claimed_until = %(claim)s
)
INSERT INTO {hook_attempts} (delivery_id, at, milliseconds, url, request_headers, status, response_headers,
                             response_body, error)
SELECT %(id)s, %(at)s, %(milliseconds)s, %(url)s, %(sent)s, %(status)s, %(headers)s, %(body)s, %(error)s
WHERE {unwaited}
""".replace("{unwaited}", _UNWAITED)
# In a statement of their own: whoever changes an endpoint holds its row when they come to its deliveries.
_FAILS: Final = """
UPDATE {hook_endpoints} SET failing_since = coalesce(failing_since, %(at)s) WHERE id = %(endpoint)s
RETURNING failing_since
"""
_WORKS: Final = "UPDATE {hook_endpoints} SET failing_since = NULL WHERE id = %(endpoint)s"
_HURRY: Final = """
UPDATE {hook_deliveries} SET next_at = %(now)s
WHERE endpoint_id = %(endpoint)s AND state = 'pending' AND attempts > 0 AND next_at > %(now)s
"""


class Claim(msgspec.Struct, frozen=True):
    """A delivery that is ours to attempt, until `until`."""

    at: datetime
    until: datetime
    id: int
    attempts: int
    first_at: datetime
    uuid: UUID
    type: str
    data: dict[str, Any]
    created_at: datetime
    endpoint_id: str
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_until: datetime | None
    failing_since: datetime | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what was sent, what came back or why nothing did."""

    url: str
    sent: Sequence[tuple[str, str]]
    milliseconds: int
    status: int | None = None
    headers: Sequence[tuple[str, str]] | None = None
    body: str = ""
    error: str = ""

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver said that it wants nothing any more."""
        return self.status == 410


async def claim(schema: str, now: datetime) -> list[Claim]:
    """The heads that are due, oldest first; nobody else gets them for a while."""
    until = now + CLAIM
    values = {"now": now, "until": until, "most": AT_ONCE, "schema": schema}
    async with (await pool()).connection() as db:
        rows = await (await db.execute(_for(schema, _CLAIM), values)).fetchall()
    return [Claim(now, until, *row) for row in rows]


async def settle(schema: str, claimed: Claim, outcome: Outcome, state: str, next_at: datetime | None) -> None:
    """Write down the attempt, and what is to become of the delivery."""
    values = {
        "id": claimed.id,
        "claim": claimed.until,
        "state": state,
        "next": next_at,
        "at": claimed.at,
        "milliseconds": outcome.milliseconds,
        "url": outcome.url,
        "sent": Jsonb(outcome.sent),
        "status": outcome.status,
        "headers": Jsonb(outcome.headers) if outcome.headers is not None else None,
        "body": outcome.body,
        "error": outcome.error[:400],
    }
    async with (await pool()).connection() as db:
        await db.execute(_for(schema, _SETTLE), values)


async def note_failure(schema: str, claimed: Claim) -> datetime | None:
    """Since when nothing has got through to its endpoint; None where that is gone."""
    values = {"endpoint": claimed.endpoint_id, "at": claimed.at}
    async with (await pool()).connection() as db:
        row = await (await db.execute(_for(schema, _FAILS), values)).fetchone()
    return row[0] if row else None


async def note_recovery(schema: str, claimed: Claim, now: datetime) -> None:
    """Its endpoint answers again: after a long fault, whatever waits there for its next attempt is due."""
    values = {"endpoint": claimed.endpoint_id, "now": now}
    async with (await pool()).connection() as db:
        await db.execute(_for(schema, _WORKS), values)
        if claimed.failing_since is not None and claimed.at - claimed.failing_since > LONG_FAULT:
            await db.execute(_for(schema, _HURRY), values)


def _for(schema: str, template: str) -> sql.Composed:
    return sql.SQL(template).format(**tables_of(schema))
