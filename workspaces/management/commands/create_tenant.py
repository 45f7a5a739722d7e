"""`manage.py create_tenant SLUG --plan P --owner-email E --owner-password W [--name N] [--json]`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import MaxLengthValidator, validate_email

from tenants import slugs
from tenants.hosts import tenant_url
from tenants.plans import PLANS
from tenants.provisioning import ProvisioningError
from workspaces.actions import OpenedWorkspace, open_workspace


class Command(BaseCommand):
    help = "Opens a workspace at once and prints its first API key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        # Not argparse's choices: its refusal takes a page, and open_workspace's a line.
        parser.add_argument("--plan", required=True, help=" | ".join(PLANS))
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-password", required=True)
        parser.add_argument("--name")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        email, password = options["owner_email"].strip(), options["owner_password"]
        if not password:
            raise CommandError("--owner-password is empty.")
        try:
            slugs.check(options["slug"])  # before the password: hashing takes a noticeable while
            _check_email(email)
            opened = open_workspace(
                slug=options["slug"],
                name=options["name"] or options["slug"],
                plan=options["plan"],
                owner_email=email,
                owner_password_hash=make_password(password),
            )
        except (ValueError, ProvisioningError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps(_shape(opened)) if options["json"] else _prose(opened))


def _check_email(email: str) -> None:
    try:
        MaxLengthValidator(254)(email)
        validate_email(email)
    except ValidationError:
        raise ValueError(f"{email[:80]!r} is not a mail address.") from None


def _shape(opened: OpenedWorkspace) -> dict[str, Any]:
    return {
        "slug": opened.tenant.slug,
        "host": opened.tenant.host,
        "url": tenant_url(opened.tenant.slug),
        "owner": {"id": opened.owner.external_id, "email": opened.owner.email},
        "api_key": {
            "id": opened.api_key.id,
            "secret": opened.secret,
            "signing_secret": opened.signing_secret,
        },
    }


def _prose(opened: OpenedWorkspace) -> str:
    lines = [
        f"{opened.tenant.name} is open at {tenant_url(opened.tenant.slug)}",
        f"  owner           {opened.owner.email}",
        f"  API key         {opened.secret}",
        f"  key id          {opened.api_key.id}",
        f"  signing secret  {opened.signing_secret}",
        "The secrets are shown this once.",
    ]
    return "\n".join(lines)
