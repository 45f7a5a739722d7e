"""Every job, run as the worker runs it: in a thread with no tenant set, one workspace's right after another's."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError
from django.utils import timezone

from tests.isolation.inventory import jobs
from tests.isolation.pages import contents
from tests.personas import PASSWORD, Workspace
from tests.realtime.backstage import rows, schema_of, tenant_id_of
from tests.testmode.persona import in_test_mode

# For each job, the arguments with which it works for a workspace, or for somebody who will have one.
Arguments = Callable[[Workspace], dict[str, Any]]


def signup_of(workspace: Workspace, state: str = "unconfirmed", **more: Any) -> Any:
    """A sign-up by the workspace's owner, who wants another one."""
    from portal.models import Signup

    return Signup.objects.create(
        organisation=f"Second house of {workspace.slug}",
        slug=f"s{secrets.token_hex(8)}",
        email=workspace.owner_email,
        password_hash="!",
        plan="free",
        state=state,
        expires_at=timezone.now() + timedelta(hours=1),
        changed_at=timezone.now(),
        **more,
    )


def owner_of(workspace: Workspace) -> int:
    ((id_,),) = rows(workspace, "SELECT id FROM accounts_member WHERE role = 'owner'")
    return int(id_)


def event_of(workspace: Workspace) -> str:
    """An event of Stripe's about somebody that nobody here is."""
    from billing.models import StripeEvent

    body = {"data": {"object": {"object": "subscription", "customer": f"cus_{workspace.slug}"}}}
    event = StripeEvent.objects.create(
        id=f"evt_{workspace.slug}_{secrets.token_hex(4)}",
        type="customer.subscription.updated",
        created=timezone.now(),
        payload=body,
    )
    return str(event.pk)


def failing_webhook_of(workspace: Workspace) -> str:
    """A webhook that was switched off."""
    from tenants import encryption
    from tenants.context import run_in_tenant
    from webhooks.models import Endpoint

    def make() -> str:
        secret = encryption.encrypt("whsec_c2VjcmV0")
        url = f"https://{workspace.slug}.example/hooks"
        made = Endpoint.objects.create(url=url, events=["*"], secret=secret, enabled=False, reason="failing")
        return made.pk

    return str(run_in_tenant(workspace.tenant, make))


def invitation_of(workspace: Workspace) -> str:
    """An invitation to whoever reads the owner's mail."""
    from accounts.models import Invitation, Member
    from tenants.context import run_in_tenant

    def make() -> str:
        owner = Member.objects.get(role="owner")
        ends = timezone.now() + timedelta(days=7)
        made = Invitation.objects.create(
            email=workspace.owner_email, role="agent", invited_by=owner, expires_at=ends
        )
        return made.pk

    return str(run_in_tenant(workspace.tenant, make))


def retired_side_of(workspace: Workspace) -> int:
    """What the workspace had in test mode until it was reset."""
    from workspaces.actions import reset_test_mode

    retired = tenant_id_of(in_test_mode(workspace))
    reset_test_mode(tenant_id_of(workspace))
    return retired


# They go round all workspaces; what they do for one that pays is in tests/billing.
ROUNDS = (
    "check_limits",
    "collect",
    "forget_old_events",
    "measure_connections",
    "reconcile",
    "refresh_all",
    "report_usage",
)
# It takes away what no request comes to any more: tests/testmode/test_reset.py.
DEMOLITION = "workspaces.tasks.demolish"
JOBS: dict[str, Arguments] = {
    "portal.tasks.mail_confirmation": lambda workspace: {"signup_id": signup_of(workspace).pk},
    "portal.tasks.mail_workspaces": lambda workspace: {"email": workspace.owner_email},
    "portal.tasks.open_signup": lambda workspace: {
        "signup_id": signup_of(workspace, "queued", attempt=1).pk,
        "attempt": 1,
    },
    "portal.tasks.forget_old_signups": lambda workspace: {"timestamp": 0},
    **{f"billing.tasks.{name}": lambda workspace: {"timestamp": 0} for name in ROUNDS},
    "api.tasks.forget_old_requests": lambda workspace: {"timestamp": 0},
    "billing.tasks.apply_stripe_event": lambda workspace: {"event_id": event_of(workspace)},
    "billing.tasks.mail_notice": lambda workspace: {
        "tenant_id": tenant_id_of(workspace),
        "kind": "rooms_100",
        "facts": {"used": 20, "most": 20},
    },
    "files.tasks.remove_unwanted_files": lambda workspace: {"timestamp": 0},
    "files.tasks.remove_files_of": lambda workspace: {"tenant_id": tenant_id_of(workspace)},
    "rooms.tasks.index_messages": lambda workspace: {"timestamp": 0},
    "webhooks.tasks.forget_old_deliveries": lambda workspace: {"timestamp": 0},
    DEMOLITION: lambda workspace: {"tenant_id": retired_side_of(workspace)},
    "workspaces.tasks.mail_webhook_disabled": lambda workspace: {
        "tenant_id": tenant_id_of(workspace),
        "endpoint_id": failing_webhook_of(workspace),
    },
    "workspaces.tasks.mail_invitation": lambda workspace: {
        "tenant_id": tenant_id_of(workspace),
        "invitation_id": invitation_of(workspace),
    },
    "console.tasks.mail_password_reset": lambda workspace: {
        "tenant_id": tenant_id_of(workspace),
        "member_id": owner_of(workspace),
    },
}
# What these do in their workspace's schema; the others do nothing in any.
WRITES = {
    "console.tasks.mail_password_reset": "accounts_passwordreset",
    "workspaces.tasks.mail_invitation": "accounts_invitation",
}


def test_the_table_of_jobs_is_complete() -> None:
    assert set(JOBS) == set(jobs())


@contextmanager
def no_tenant() -> Iterator[None]:
    """No tenant is set when a job begins, and none when it has ended, however it ends."""
    from tenants.context import schema_connection

    assert schema_connection().schema_name == "public"
    try:
        yield
    finally:
        left_in = schema_connection().schema_name
        schema_connection().set_schema_to_public()
        assert left_in == "public", f"the next job would run in {left_in}"


def test_a_job_that_stays_in_a_tenant_is_noticed(workspace: Workspace) -> None:
    from tenants.context import schema_connection

    with pytest.raises(AssertionError, match="the next job would run in t"), no_tenant():
        schema_connection().set_tenant(workspace.tenant)


def run(name: str, arguments: dict[str, Any]) -> None:
    with no_tenant():
        working = jobs()[name](**arguments)
        if inspect.isawaitable(working):
            asyncio.run(_carried_out(working))


async def _carried_out(working: Awaitable[Any]) -> None:
    from tenants.database import close_pool

    try:
        await working
    finally:
        await close_pool()


def mails_to(workspace: Workspace) -> list[Any]:
    from portal import mailbox

    return [mail for mail in mailbox.newest(500) if mail.to == workspace.owner_email]


@pytest.mark.parametrize("name", sorted(JOBS))
def test_a_job_is_for_one_workspace_whichever_came_before(
    workspace: Workspace, elsewhere: Workspace, name: str
) -> None:
    asked = {place.slug: JOBS[name](place) for place in (workspace, elsewhere)}
    for place, other in ((elsewhere, workspace), (workspace, elsewhere), (elsewhere, workspace)):
        before, before_there = contents(place), contents(other)
        mails, mails_there = len(mails_to(place)), len(mails_to(other))
        run(name, asked[place.slug])
        after = contents(place)
        changed = {table for table in after if after[table] != before[table]}
        assert changed == ({WRITES[name]} if name in WRITES else set())
        assert contents(other) == before_there
        assert len(mails_to(other)) == mails_there
        for mail in mails_to(place)[: len(mails_to(place)) - mails]:
            assert other.slug not in mail.subject + mail.text + mail.html
    if "mail" in name:  # it was not for want of any mail
        assert mails_to(workspace)
        assert mails_to(elsewhere)


def test_a_job_of_an_opened_workspace_does_its_work_there(workspace: Workspace) -> None:
    """`open_signup` makes a workspace, and touches none that is there."""
    from tenants.models import Tenant

    signup = signup_of(workspace, "queued", attempt=1)
    before = contents(workspace)
    run("portal.tasks.open_signup", {"signup_id": signup.pk, "attempt": 1})
    signup.refresh_from_db()
    assert (signup.state, Tenant.objects.filter(slug=signup.slug).count()) == ("open", 1)
    assert contents(workspace) == before


# A workspace that is not, or no longer, there: nothing is done, nowhere.

OF_A_TENANT = [
    name for name in JOBS if name.startswith(("console.", "workspaces.", "files.tasks.remove_files_of"))
]


@pytest.mark.parametrize("name", OF_A_TENANT)
def test_a_job_without_a_tenant_fails(workspace: Workspace, name: str) -> None:
    arguments = JOBS[name](workspace)
    run(name, arguments)
    before = contents(workspace)
    del arguments["tenant_id"]
    with pytest.raises(TypeError, match="tenant_id"):
        run(name, arguments)
    assert contents(workspace) == before


@pytest.mark.parametrize("name", OF_A_TENANT)
def test_a_job_of_an_unknown_tenant_does_nothing(workspace: Workspace, name: str) -> None:
    arguments = JOBS[name](workspace)
    run(name, arguments)
    before, mails = contents(workspace), len(mails_to(workspace))
    for nobody in (0, -1, 2**62):
        run(name, arguments | {"tenant_id": nobody})
    assert (contents(workspace), len(mails_to(workspace))) == (before, mails)


@pytest.mark.parametrize("name", [name for name in OF_A_TENANT if name != DEMOLITION])
def test_a_job_of_a_deleted_tenant_does_nothing(
    workspace: Workspace, elsewhere: Workspace, name: str
) -> None:
    from tenants.models import Tenant

    arguments = JOBS[name](elsewhere)
    run(name, arguments)
    before, mails, schema = contents(workspace), len(mails_to(workspace)), schema_of(elsewhere)
    rows(workspace, f'DROP SCHEMA "{schema}" CASCADE')
    with pytest.raises(ProgrammingError):  # half-deleted: there is no table, and no other is taken for it
        run(name, arguments)
    Tenant.objects.filter(slug=elsewhere.slug).delete()
    run(name, arguments)
    assert (contents(workspace), len(mails_to(workspace))) == (before, mails)


def test_a_job_of_one_tenant_knows_nobody_of_another(workspace: Workspace, elsewhere: Workspace) -> None:
    """Members are numbered in each workspace: a number from elsewhere is somebody here, or nobody."""
    for n in range(5):
        rows(
            elsewhere,
            "INSERT INTO accounts_member (external_id, kind, role, name, avatar, password, email, created_at) "
            "VALUES (%s, 'staff', 'admin', '', '', %s, %s, now())",
            *(f"staff:{n}", PASSWORD, f"{n}@{elsewhere.slug}.example"),
        )
    ((theirs,),) = rows(elsewhere, "SELECT max(id) FROM accounts_member")
    before = contents(workspace)
    run("console.tasks.mail_password_reset", {"tenant_id": tenant_id_of(workspace), "member_id": theirs})
    assert contents(workspace) == before
    run("console.tasks.mail_password_reset", {"tenant_id": tenant_id_of(elsewhere), "member_id": theirs})
    assert rows(elsewhere, "SELECT member_id FROM accounts_passwordreset") == [(theirs,)]
