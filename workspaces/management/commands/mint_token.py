"""`manage.py mint_token SLUG SUB [--name N] [--ttl SECONDS] [--room R ...]`: a user JWT, alone on stdout."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import names, tokens
from accounts.actions import internal_key, signing_key
from tenants import directory, encryption
from tenants.context import run_in_tenant
from tenants.hosts import tenant_host


class Command(BaseCommand):
    help = "Prints a user token, signed with the workspace's newest API key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("sub")
        parser.add_argument("--name")
        parser.add_argument("--ttl", type=int, default=3600)
        parser.add_argument("--room", action="append", dest="rooms")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = directory.find(tenant_host(options["slug"]))
        if tenant is None:
            raise CommandError(f"There is no workspace {options['slug']!r}.")
        if not 1 <= options["ttl"] <= tokens.MAX_TTL:
            raise CommandError(f"--ttl is 1 to {tokens.MAX_TTL} seconds.")
        try:
            sub, name = names.check_sub(options["sub"]), names.clean_name(options["name"]) or None
            tokens.check_rooms(options["rooms"])
            token = run_in_tenant(tenant, _sign, sub, options["ttl"], name, options["rooms"])
        except names.BadName as error:
            raise CommandError(str(error)) from None
        except tokens.TokenRefused as error:
            raise CommandError(f"{error}.") from None
        self.stdout.write(token)


def _sign(sub: str, ttl: int, name: str | None, rooms: list[str] | None) -> str:
    key = signing_key() or internal_key()
    token, _ = tokens.sign(encryption.decrypt(key.signing_secret), key.id, sub, ttl, name=name, rooms=rooms)
    return token
