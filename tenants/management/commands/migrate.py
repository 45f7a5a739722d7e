"""`manage.py migrate`: the public schema, the template, then only those tenants that are behind."""

from typing import Any

from django.core.management.base import BaseCommand
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection
from django_tenants.migration_executors.base import run_migrations

from tenants import provisioning
from tenants.models import Tenant

# Two starts at once must not migrate side by side; any constant does, as long as nothing else uses it.
LOCK = 7_684_201


class Command(BaseCommand):
    autodetector = DjangoMigrate.autodetector  # makemigrations compares it with its own
    help = "Brings the public schema, the template and every tenant up to the migrations on disk."

    def handle(self, *args: Any, **options: Any) -> None:
        self.verbosity = int(options["verbosity"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            self._migrate_all()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")

    def _migrate_all(self) -> None:
        target = provisioning.migrations_digest()
        if self._digest("public") != target:
            self._migrate("public")
        if self._digest(provisioning.TEMPLATE) != target:
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {provisioning.TEMPLATE}")
            self._migrate(provisioning.TEMPLATE)
        connection.set_schema_to_public()
        provisioning.save_template_dump()
        behind = self._tenants_behind(target)
        for schema in behind:
            self._migrate(schema)
        if self.verbosity:
            self.stdout.write(f"{len(behind)} tenants migrated, the others were up to date")

    def _tenants_behind(self, target: str) -> list[str]:
        schemas = list(Tenant.objects.order_by("id").values_list("schema_name", flat=True))
        found: dict[str, str] = {}
        for start in range(0, len(schemas), 200):
            found |= provisioning.state_of(schemas[start : start + 200])
        return [schema for schema in schemas if found.get(schema) != target]

    def _digest(self, schema: str) -> str | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [f"{schema}.django_migrations"])
            exists = cursor.fetchone()[0]
        return provisioning.state_of([schema])[schema] if exists else None

    def _migrate(self, schema: str) -> None:
        options = {"verbosity": max(self.verbosity - 1, 0), "interactive": False, "database": "default"}
        options |= {"run_syncdb": False, "skip_checks": True, "no_color": True, "force_color": False}
        options |= {"app_label": None, "migration_name": None, "fake": False, "fake_initial": False}
        options |= {"plan": False, "check_unapplied": False, "prune": False}
        options |= {"traceback": False, "settings": None, "pythonpath": None, "stdout": None, "stderr": None}
        run_migrations([], options, "snug", schema)
