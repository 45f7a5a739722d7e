"""`manage.py sync_stripe`: products, prices, meter, portal and webhook endpoint, in line with the plan table."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingRefused
from billing.gateway import catalogue
from tenants.hosts import portal_url


class Command(BaseCommand):
    help = "Makes and changes at Stripe what differs from the plan table. A second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        try:
            for line in catalogue.sync(portal_url("/billing/stripe/webhook/")):
                self.stdout.write(line)
                done += 1
        except BillingRefused as refused:
            raise CommandError(f"{refused} ({done} things were done; run this again.)") from None
        if not done:
            self.stdout.write("Stripe is in line with the plan table.")
