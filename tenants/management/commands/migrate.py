"""`manage.py migrate`: the public schema, the template, then only those tenants that are behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection
from django_tenants.migration_executors.base import run_migrations

from tenants import provisioning
from tenants.context import schema_connection
from tenants.models import Tenant

# Two starts at once must not migrate side by side; any constant does, as long as nothing else uses it.
LOCK: Final = 7_684_201


class Command(BaseCommand):
    autodetector = DjangoMigrate.autodetector  # makemigrations compares it with its own
    help = "Brings the public schema, the template and every tenant up to the migrations on disk."

    def handle(self, *args: Any, **options: Any) -> None:
        self.verbosity = int(options["verbosity"])
        with _alone():
            self._migrate_all()

    def _migrate_all(self) -> None:
        if provisioning.behind(["public"]):
            self._migrate("public")
        if provisioning.behind([provisioning.TEMPLATE]):
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {provisioning.TEMPLATE}")
            self._migrate(provisioning.TEMPLATE)
        schema_connection().set_schema_to_public()
        provisioning.save_template_dump()
        behind = provisioning.behind(self._tenants())
        for schema in behind:
            self._migrate(schema)
        if self.verbosity:
            self.stdout.write(f"{len(behind)} tenants migrated, the others were up to date")

    def _tenants(self) -> list[str]:
        """The tenants' schemas. One whose schema is gone must not keep all the others from moving on."""
        named = Tenant.objects.order_by("id").values_list("schema_name", flat=True)
        there = provisioning.existing_schemas()
        for missing in [schema for schema in named if schema not in there]:
            self.stderr.write(f"schema {missing} is missing: its tenant is left out")
        return [schema for schema in named if schema in there]

    def _migrate(self, schema: str) -> None:
        options = {"verbosity": max(self.verbosity - 1, 0), "interactive": False, "database": "default"}
        options |= {"run_syncdb": False, "skip_checks": True, "no_color": True, "force_color": False}
        options |= {"app_label": None, "migration_name": None, "fake": False, "fake_initial": False}
        options |= {"plan": False, "check_unapplied": False, "prune": False}
        options |= {"traceback": False, "settings": None, "pythonpath": None, "stdout": None, "stderr": None}
        run_migrations([], options, "snug", schema)


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process migrates, and keep others waiting."""
    # On a connection of its own: between two schemas Django's goes back to the pool, with whatever lock it holds.
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as keeper:
        keeper.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield
