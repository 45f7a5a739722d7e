"""This room's tables for raw SQL, and how a statement that changes something tells of it in the same breath."""

from functools import lru_cache
from typing import Final

from psycopg import sql


@lru_cache(maxsize=4096)
def tables_of(schema: str) -> dict[str, sql.Composable]:
    """For `sql.SQL.format`: a tenant's tables by the names that statements use."""
    return {
        "hook_endpoints": sql.Identifier(schema, "webhooks_endpoint"),
        "hook_events": sql.Identifier(schema, "webhooks_event"),
        "hook_deliveries": sql.Identifier(schema, "webhooks_delivery"),
        "hook_attempts": sql.Identifier(schema, "webhooks_attempt"),
        "hook_schema": sql.Literal(schema),
    }


_WANTED: Final = "e.enabled AND e.events && ARRAY['*', split_part({type}, '.', 1) || '.*', {type}]::varchar[]"
_TELL: Final = """
, told AS (
  INSERT INTO {{hook_events}} (type, room_id, data)
  SELECT n.type, n.room_id, n.data FROM ({news}) AS n
  WHERE EXISTS (SELECT FROM {{hook_endpoints}} e WHERE {event_wanted})
  ORDER BY n.ord
  RETURNING id, type, room_id
), owed AS (
  INSERT INTO {{hook_deliveries}} (endpoint_id, event_id, lane)
  SELECT e.id, t.id, coalesce(t.room_id, 0) FROM told t JOIN {{hook_endpoints}} e ON {delivery_wanted}
  {ring}
)
"""
# Only where something is owed; a commit that others wait for rings afterwards (webhooks.bell).
_RING: Final = "RETURNING pg_notify('snug_webhooks', {hook_schema})"
# A moment as everything outside sees it: RFC 3339, UTC, milliseconds.
_STAMP: Final = """to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def telling(news: str, *, rings: bool = False) -> str:
    """Further members of a statement's WITH: they write the events that the query `news` returns, in order of its
    `ord`, and what is owed of them to whom. Its columns are type, room_id, ord and data (jsonb). With `rings` the
    courier is woken by the commit."""
    return _TELL.format(
        news=news,
        event_wanted=_WANTED.format(type="n.type"),
        delivery_wanted=_WANTED.format(type="t.type"),
        ring=_RING if rings else "",
    )


def stamp(moment: str) -> str:
    """SQL for a moment as it reads in an event's data; None stays None."""
    return _STAMP.format(moment=moment)
