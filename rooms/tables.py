"""The tables that hot paths name in their SQL, each with its tenant's schema before it."""

from functools import lru_cache
from typing import Any

from psycopg import sql

from tenants.pipeline import Statement, numbered
from webhooks import tables as webhooks


@lru_cache(maxsize=4096)
def tables_of(schema: str) -> dict[str, sql.Composable]:
    """For `sql.SQL.format`: a tenant's tables by the names that statements use."""
    return {
        "rooms": sql.Identifier(schema, "rooms_room"),
        "messages": sql.Identifier(schema, "rooms_message"),
        "reactions": sql.Identifier(schema, "rooms_reaction"),
        "receipts": sql.Identifier(schema, "rooms_receipt"),
        "memberships": sql.Identifier(schema, "rooms_membership"),
        "files": sql.Identifier(schema, "files_file"),
        "search_entries": sql.Identifier(schema, "rooms_searchentry"),
        "search_marks": sql.Identifier(schema, "rooms_searchmark"),
        "members": sql.Identifier(schema, "accounts_member"),
        "audit": sql.Identifier(schema, "audit_auditentry"),
        **webhooks.tables_of(schema),
    }


def statement(schema: str, template: str, values: dict[str, Any]) -> Statement:
    """For a transaction in one round trip: SQL with {tables} and %(values)s, in a tenant's schema."""
    text, order = _compiled(schema, template)
    return Statement(text, tuple(values[name] for name in order))


@lru_cache(maxsize=8192)
def _compiled(schema: str, template: str) -> tuple[bytes, tuple[str, ...]]:
    return numbered(sql.SQL(template).format(**tables_of(schema)).as_bytes())
