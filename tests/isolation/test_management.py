"""Every management command acts on the workspace that it names, and on no other."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from tests.isolation.inventory import management_commands
from tests.isolation.pages import contents
from tests.personas import Workspace


def say(name: str, /, *words: str, **options: Any) -> str:
    """Run a command; what it says."""
    from tenants.context import schema_connection

    said = StringIO()
    call_command(name, *words, stdout=said, **options)
    assert schema_connection().schema_name == "public"
    return said.getvalue().strip()


def create_tenant(ours: Workspace, theirs: Workspace) -> None:
    options = {"plan": "free", "owner_email": ours.owner_email, "owner_password": "swordfish"}
    slug = f"m{secrets.token_hex(6)}"
    assert slug in say("create_tenant", slug, json=True, **options)
    for taken in (ours.slug, theirs.slug):
        with pytest.raises(CommandError, match="is taken"):
            say("create_tenant", taken, **options)


def mint_token(ours: Workspace, theirs: Workspace) -> None:
    token = say("mint_token", ours.slug, "bob", name=f"Bob of {ours.slug}", rooms=["general"])
    for place, status in ((ours, 200), (theirs, 401)):
        before = contents(theirs)
        with place.http(token) as web:
            assert web.get("/api/v1/rooms/general").status_code == status
        assert contents(theirs) == before


def seed_demo(ours: Workspace, theirs: Workspace) -> None:
    from tenants import directory
    from tenants.models import Tenant

    with transaction.atomic():  # and back: these tests share their database with others
        say("seed_demo")
        assert Tenant.objects.filter(slug__in=["acme", "globex"]).count() == 2
        transaction.set_rollback(True)
    directory.forget()


def migrate(ours: Workspace, theirs: Workspace) -> None:
    assert "0 tenants migrated" in say("migrate")


COMMANDS: dict[str, Callable[[Workspace, Workspace], None] | str] = {
    "create_tenant": create_tenant,
    "mint_token": mint_token,
    "seed_demo": seed_demo,
    "migrate": migrate,
    "reconcile_billing": "asks Stripe: tests/billing/test_commands.py",
    "sync_stripe": "knows plans, and no workspace: tests/billing/test_commands.py",
    "worker": "carries out jobs: tests/isolation/test_jobs.py",
}


def test_the_table_of_commands_is_complete() -> None:
    assert set(COMMANDS) == management_commands()


@pytest.mark.parametrize("name", sorted(name for name, proof in COMMANDS.items() if callable(proof)))
def test_a_command_leaves_other_workspaces_alone(
    workspace: Workspace, elsewhere: Workspace, name: str
) -> None:
    proof = COMMANDS[name]
    assert callable(proof)
    before_there = contents(elsewhere)
    proof(workspace, elsewhere)
    assert contents(elsewhere) == before_there
    if name != "mint_token":  # whose token's first use makes Bob a user
        before = contents(workspace)
        proof(elsewhere, workspace)
        assert contents(workspace) == before
