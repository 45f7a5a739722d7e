"""Tenants' schemas: made from a dump, kept at the release's migrations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from ops.local import Stack
from tenants import actions, provisioning
from tenants.management.commands.migrate import LOCK, Command
from tenants.models import TemplateDump, Tenant
from tests.personas import Workspace

PROJECT = Path(__file__).resolve().parents[2]
PROBE = "probe_migrated"

CATALOGUE = {
    # The order of columns, not their numbers: a dump leaves out the gaps of dropped ones.
    "columns": """
        SELECT table_name, column_name, rank() OVER (PARTITION BY table_name ORDER BY ordinal_position),
        data_type, character_maximum_length, is_nullable, column_default, is_identity, identity_generation
        FROM information_schema.columns WHERE table_schema = %s""",
    "constraints": """
        SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.condeferrable, c.condeferred
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = %s""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, increment_by, cycle, cache_size, last_value
        FROM pg_sequences WHERE schemaname = %s""",
    "relations": """
        SELECT c.relname, c.relkind::text, c.relowner::regrole::text, c.relpersistence::text FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s""",
}
ROWS = {
    "migrations": "SELECT app, name FROM {schema}.django_migrations",
    "content types": "SELECT id, app_label, model FROM {schema}.django_content_type",
    "permissions": "SELECT id, content_type_id, codename, name FROM {schema}.auth_permission",
}


def described(schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that PostgreSQL knows of a schema, with its own name taken out."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        for what, query in CATALOGUE.items():
            cursor.execute(query, [schema])
            found[what] = sorted(
                tuple(str(value).replace(f"{schema}.", "") for value in row) for row in cursor.fetchall()
            )
        for what, query in ROWS.items():
            cursor.execute(query.format(schema=schema))
            found[what] = sorted(cursor.fetchall())
    return found


@pytest.fixture
def migrated() -> Iterator[str]:
    """A schema made the long way."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {PROBE}")
    command = Command()
    command.verbosity = 0
    command._migrate(PROBE)
    yield PROBE
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {PROBE} CASCADE")


def test_a_schema_from_the_dump_equals_one_that_was_migrated(workspace: Workspace, migrated: str) -> None:
    fresh = Tenant(id=999_999, slug="probe", schema_name="t999999")
    provisioning.create_schema(fresh)
    try:
        one, other = described(migrated), described(fresh.schema_name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA t999999 CASCADE")
    assert one.keys() == other.keys()
    for what in one:
        assert one[what] == other[what], what
        assert one[what], what
    tables = {row[0] for row in one["columns"]}
    assert {"accounts_member", "rooms_message", "django_session", "auth_permission"} <= tables
    assert {"tenants_tenant", "procrastinate_jobs"} & tables == set()  # the public ones are in public alone


def test_the_public_schema_holds_no_tables_of_people() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()}
    assert "tenants_tenant" in tables
    assert {"accounts_member", "django_session", "auth_user", "rooms_message"} & tables == set()


def migrate() -> str:
    said = StringIO()
    call_command("migrate", stdout=said, stderr=said)
    return said.getvalue()


def put_behind(schema: str) -> None:
    """Forget a migration that does nothing in a tenant's schema: that of an app which lives in public."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {schema}.django_migrations WHERE app = 'procrastinate' AND name = "
            f"(SELECT max(name) FROM {schema}.django_migrations WHERE app = 'procrastinate')"
        )
        assert cursor.rowcount == 1


def test_migrating_again_does_nothing(workspace: Workspace) -> None:
    migrate()
    before = TemplateDump.objects.get()
    assert "0 tenants migrated" in migrate()
    assert TemplateDump.objects.get().created_at == before.created_at


def test_only_tenants_that_are_behind_are_migrated(workspace: Workspace, elsewhere: Workspace) -> None:
    schema = workspace.tenant.schema_name
    put_behind(schema)
    assert provisioning.behind([schema, elsewhere.tenant.schema_name]) == [schema]
    assert "1 tenants migrated" in migrate()
    assert provisioning.behind([schema]) == []


def test_a_migration_of_another_release_is_no_reason_to_migrate(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {workspace.tenant.schema_name}.django_migrations (app, name, applied) "
            "VALUES ('rooms', '9999_of_tomorrow', now())"
        )
    assert provisioning.behind([workspace.tenant.schema_name]) == []


def test_a_lost_schema_does_not_keep_the_others_from_moving_on(workspace: Workspace) -> None:
    lost = actions.allocate(slug="lost-schema", name="Lost", plan="free", locale="en")
    try:
        put_behind(workspace.tenant.schema_name)
        said = migrate()
        assert f"schema {lost.schema_name} is missing" in said
        assert "1 tenants migrated" in said
    finally:
        lost.delete()


def test_two_migrations_at_once_take_turns(stack: Stack, workspace: Workspace) -> None:
    put_behind(workspace.tenant.schema_name)
    both = [
        subprocess.Popen(
            [sys.executable, "manage.py", "migrate"],
            cwd=PROJECT,
            env=stack.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sorted(
        line.split(" ")[0] for text in said for line in text.splitlines() if "tenants migrated" in line
    ) == [
        "0",
        "1",
    ]


def test_a_migration_that_fails_leaves_no_lock_behind(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    def fail(*args: object) -> None:
        raise LookupError

    put_behind(workspace.tenant.schema_name)
    with monkeypatch.context() as broken:
        broken.setattr(Command, "_migrate", fail)
        with pytest.raises(LookupError):
            migrate()
    with connection.cursor() as cursor:
        ours = "locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = %s"
        cursor.execute(f"SELECT count(*) FROM pg_locks WHERE {ours}", [LOCK])
        assert cursor.fetchone() == (0,)
    assert "1 tenants migrated" in migrate()


def test_without_a_template_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "migrations_digest", lambda: "of another release")
    with pytest.raises(provisioning.ProvisioningError, match=r"run manage\.py migrate"):
        provisioning.create_schema(Tenant(id=999_998, slug="probe", schema_name="t999998"))
