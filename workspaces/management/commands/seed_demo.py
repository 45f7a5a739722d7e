"""`manage.py seed_demo [--json]`: the demo workspaces, made where they are missing."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tenants.hosts import tenant_url
from tenants.models import Tenant
from workspaces.seeds import all_seeds, plant


class Command(BaseCommand):
    help = "Opens the demo workspaces that do not exist yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print where they are and how to sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        seeds = all_seeds()
        there = set(
            Tenant.objects.filter(slug__in=[seed.slug for seed in seeds]).values_list("slug", flat=True)
        )
        for seed in seeds:
            if seed.slug not in there:
                plant(seed)
        if options["json"]:
            logins = [
                {
                    "slug": seed.slug,
                    "name": seed.name,
                    "plan": seed.plan,
                    "url": tenant_url(seed.slug),
                    "owner_email": seed.owner["email"],
                    "owner_password": seed.owner["password"],
                }
                for seed in seeds
            ]
            self.stdout.write(json.dumps(logins, ensure_ascii=False))
