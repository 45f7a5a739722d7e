"""Test mode costs nothing and counts for nothing: no meter, no mail, no figure of the live workspace."""

from __future__ import annotations

from contextlib import AsyncExitStack

from django.utils import timezone

from billing import rounds
from billing.models import ConnectionPeak, Notice, Subscription
from tenants.actions import workspaces_of
from tenants.models import Tenant
from tests.billing.test_notices import mails_to, set_rooms
from tests.personas import Workspace
from tests.realtime.backstage import rows, tenant_id_of
from tests.testmode.persona import InTestMode, in_test_mode


def test_nobody_is_told_of_limits_that_are_full_in_test_mode(workspace: Workspace, trial: InTestMode) -> None:
    set_rooms(trial, 20)
    rounds.check_all_limits(timezone.now().date())
    assert not Notice.objects.filter(tenant_id__in=[tenant_id_of(workspace), tenant_id_of(trial)]).exists()
    set_rooms(workspace, 20)
    rounds.check_all_limits(timezone.now().date())
    assert Notice.objects.filter(tenant_id=tenant_id_of(workspace)).count() == 2
    assert not Notice.objects.filter(tenant_id=tenant_id_of(trial)).exists()


async def test_connections_of_test_mode_are_not_measured(workspace: Workspace, trial: InTestMode) -> None:
    from tenants.context import in_public

    def measured() -> list[tuple[int, int]]:
        rounds.measure_all(timezone.now().date())
        ours = [tenant_id_of(workspace), tenant_id_of(trial)]
        return list(ConnectionPeak.objects.filter(tenant_id__in=ours).values_list("tenant_id", "peak"))

    async with AsyncExitStack() as stack:
        for n in range(3):
            chat = await stack.enter_async_context(trial.chat(trial.token(f"user{n}")))
            await chat.entered()
        assert await in_public(measured) == []
        chat = await stack.enter_async_context(workspace.chat(workspace.token("bob")))
        await chat.entered()
        assert await in_public(measured) == [(tenant_id_of(workspace), 1)]
        with workspace.api() as client:
            assert client.get("/api/v1/usage").json()["connections"]["now"] == 1
        with trial.api() as client:
            assert client.get("/api/v1/usage").json()["connections"] == {"now": 3, "peak": 3, "limit": 50}


def test_usage_tells_of_ones_own_side(workspace: Workspace, trial: InTestMode) -> None:
    with trial.api() as client:
        for n in range(3):
            client.post("/api/v1/rooms", json={"name": f"r{n}"}).raise_for_status()
            message = {"message": "hello", "sub": f"user{n}"}
            client.post("/api/v1/rooms/general/messages", json=message).raise_for_status()
        used = client.get("/api/v1/usage").json()
    assert (used["rooms"], used["messages"]["today"], used["members"]["now"]) == (
        {"now": 4, "limit": 20},
        3,
        3,
    )
    with workspace.api() as client:
        used = client.get("/api/v1/usage").json()
    assert (used["rooms"], used["messages"]["today"], used["members"]["now"]) == (
        {"now": 1, "limit": 20},
        0,
        0,
    )
    assert used["plan"] == "free"


def test_the_test_side_has_a_tenants_row_and_is_no_workspace(workspace: Workspace, trial: InTestMode) -> None:
    row = Tenant.objects.get(pk=tenant_id_of(trial))
    assert (row.test_of_id, row.schema_name) == (tenant_id_of(workspace), f"t{row.pk}")
    assert not Subscription.objects.filter(tenant=row).exists()
    assert [found.slug for found in workspaces_of(workspace.owner_email)] == [workspace.slug]
    for host in (f"{row.slug}.localhost", f"{row.pk}.localhost", f"{row.schema_name}.localhost"):
        with workspace.http(trial.secret) as client:
            answer = client.get("/api/v1/rooms", headers={"Host": f"{host}:{workspace.ports[0]}"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_workspace")


def test_a_tenant_that_goes_takes_its_test_side_along(workspace: Workspace, trial: InTestMode) -> None:
    ours = [tenant_id_of(workspace), tenant_id_of(trial)]
    assert Tenant.objects.filter(pk__in=ours).count() == 2
    Tenant.objects.filter(slug=workspace.slug).delete()
    assert not Tenant.objects.filter(pk__in=ours).exists()


def test_the_first_test_key_makes_the_test_side_and_no_other(workspace: Workspace) -> None:
    before = Tenant.objects.filter(test_of=workspace.tenant.id).count()
    first, second = in_test_mode(workspace), in_test_mode(workspace)
    assert (before, tenant_id_of(first)) == (0, tenant_id_of(second))
    assert rows(first, "SELECT count(*) FROM accounts_apikey WHERE NOT internal") == [(2,)]


def test_no_mail_leaves_test_mode(workspace: Workspace, trial: InTestMode) -> None:
    from tenants import encryption
    from tenants.context import run_in_tenant
    from webhooks.models import Endpoint
    from workspaces.tasks import mail_webhook_disabled

    def failing() -> str:
        secret = encryption.encrypt("whsec_c2VjcmV0")
        made = Endpoint.objects.create(
            url="https://shop.example.com/hooks", events=["*"], secret=secret, enabled=False, reason="failing"
        )
        return made.pk

    before = len(mails_to(workspace))
    for place, mails in ((trial, 0), (workspace, 1)):
        endpoint = run_in_tenant(place.tenant, failing)
        mail_webhook_disabled(tenant_id=tenant_id_of(place), endpoint_id=endpoint)
        assert len(mails_to(workspace)) - before == mails
