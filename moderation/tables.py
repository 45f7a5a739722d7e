"""The tables that the review of messages names in its SQL, each with its tenant's schema before it."""

from functools import lru_cache

from psycopg import sql


@lru_cache(maxsize=4096)
def tables_of(schema: str) -> dict[str, sql.Composable]:
    """For `sql.SQL.format`: a tenant's tables by the names that statements use."""
    return {
        "filters": sql.Identifier(schema, "moderation_filter"),
        "rules": sql.Identifier(schema, "moderation_rules"),
        "blocks": sql.Identifier(schema, "moderation_block"),
        "memberships": sql.Identifier(schema, "rooms_membership"),
    }
