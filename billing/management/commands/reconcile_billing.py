"""`manage.py reconcile_billing [SLUG]`: what Stripe says now, for every customer or for one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import actions, reading, rounds
from billing.errors import BillingRefused
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Fetches every customer's state from Stripe and puts it in force; applies events that wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="this workspace alone")

    def handle(self, *args: Any, **options: Any) -> None:
        if not reading.can_buy():
            raise CommandError("STRIPE_SECRET_KEY is not set: there is nothing to ask.")
        if options["slug"]:
            self._one(options["slug"])
            return
        faults = rounds.fetch_missed_events() + rounds.apply_waiting_events() + rounds.refresh_all()
        if faults:
            raise CommandError(f"{faults} could not be settled; the log says why.")
        self.stdout.write("Every workspace is as Stripe says.")

    def _one(self, slug: str) -> None:
        tenant = Tenant.objects.filter(slug=slug, test_of=None).first()
        if tenant is None:
            raise CommandError(f"There is no workspace {slug!r}.")
        try:
            actions.refresh(tenant.pk)
        except BillingRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"{slug} is as Stripe says.")
