"""Letting every process know, once it is committed, that what it remembers of a workspace's moderation is over."""

from moderation.review import blocked, policy
from realtime import publish
from tenants.context import schema_connection


def rules_changed() -> None:
    """Filters or rules are others now. For code inside the tenant's schema."""
    schema = schema_connection().schema_name
    policy.forget(schema)
    publish.tell_all(type="changed", schema=schema)


def blocks_changed() -> None:
    """Somebody was blocked, or no longer is. For code inside the tenant's schema."""
    schema = schema_connection().schema_name
    blocked.forget(schema)
    publish.tell_all(type="blocked", schema=schema)
