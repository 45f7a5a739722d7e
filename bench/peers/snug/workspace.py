"""Opens the workspaces to be measured, in the product's own environment; prints hosts and first keys as JSON.

`python -m bench.peers.snug.workspace TENANTS ROOM...` deals the rooms out to so many; `--count MARK SCHEMA...`
says how many messages there hold the mark.
"""

import json
import os
import secrets
import sys

# Enterprise figures: what is measured is the server, not the plan's guards.
LIMITS = {
    "max_connections": 1_000_000,
    "connections_per_user": 1_000,
    "messages_per_10s": 1_000_000,
    "api_per_minute": 1_000_000,
}


def main(words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if words[0] == "--count":
        print(sum(_count(schema, words[1]) for schema in words[2:]))
    else:
        tenants, rooms = int(words[0]), words[1:]
        print(json.dumps([_open(rooms[number::tenants]) for number in range(tenants)]))


def _open(rooms: list[str]) -> dict[str, str]:
    from rooms.actions import create_room
    from tenants.context import run_in_tenant, schema_connection
    from tenants.entitlements import limits_for
    from tenants.models import Tenant
    from workspaces.actions import open_workspace

    slug = f"bench{secrets.token_hex(4)}"
    opened = open_workspace(
        slug=slug,
        name="Benchmark",
        plan="business",
        owner_email=f"owner@{slug}.example",
        owner_password_hash="!",
    )
    tenant = Tenant.objects.get(slug=slug)
    tenant.own_limits = LIMITS
    tenant.save(update_fields=["own_limits"])
    limits = limits_for("business", LIMITS)

    def furnish() -> None:
        for room in rooms:
            create_room(room, "public", room, limits)

    run_in_tenant(tenant, furnish)
    schema_connection().set_schema_to_public()
    return {
        "host": opened.tenant.host,
        "schema": tenant.schema_name,
        "key_id": opened.api_key.id,
        "secret": opened.secret,
        "signing_secret": opened.signing_secret,
    }


def _count(schema: str, mark: str) -> int:
    from django.db import connection
    from psycopg import sql

    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE position(%s in body) > 0").format(
                sql.Identifier(schema, "rooms_message")
            ),
            [mark],
        )
        found: int = cursor.fetchone()[0]
        return found


if __name__ == "__main__":
    main(sys.argv[1:])
