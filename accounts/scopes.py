"""What an API key may be allowed to do."""

from typing import Final

SCOPES: Final[dict[str, str]] = {
    "messages:read": "Read messages",
    "messages:write": "Post, edit and delete messages",
    "rooms:read": "List rooms and members",
    "rooms:write": "Create and change rooms and members",
    "users:read": "List users",
    "users:write": "Create and change users",
    "tokens:mint": "Mint user tokens and socket tickets",
    "webhooks:read": "List webhooks and deliveries",
    "webhooks:write": "Create and change webhooks",
    "moderation:read": "Read filters and rules",
    "moderation:write": "Change filters and rules",
    "keys:read": "List keys",
    "keys:write": "Make, rotate and revoke keys that may do no more than this one",
    "usage:read": "Read usage",
    "admin": "Everything",
}


def allows(held: frozenset[str], wanted: str) -> bool:
    """Whether a key that holds `held` may do what `wanted` names; `admin` allows all."""
    return wanted in held or "admin" in held
