"""The tables that hot paths name in their SQL, each with its tenant's schema before it."""

from functools import lru_cache

from psycopg import sql


@lru_cache(maxsize=4096)
def tables_of(schema: str) -> dict[str, sql.Identifier]:
    """For `sql.SQL.format`: a tenant's tables by the names that statements use."""
    return {
        "rooms": sql.Identifier(schema, "rooms_room"),
        "messages": sql.Identifier(schema, "rooms_message"),
        "reactions": sql.Identifier(schema, "rooms_reaction"),
        "receipts": sql.Identifier(schema, "rooms_receipt"),
        "memberships": sql.Identifier(schema, "rooms_membership"),
        "members": sql.Identifier(schema, "accounts_member"),
    }
