"""Finding the side costs live traffic nothing."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import directory
from tests.personas import Workspace
from tests.testmode.persona import InTestMode


def asked(workspace: Workspace, *credentials: str) -> int:
    """How many queries it takes to find out where these lead, one after the other, the tenant known."""
    tenant = workspace.tenant
    with CaptureQueriesContext(connection) as queries:
        for credential in credentials:
            directory.side_of(tenant, credential)
    return selects(queries)


def selects(queries: CaptureQueriesContext) -> int:
    """Besides, Django's connection is moved to its schema once."""
    return sum(query["sql"].startswith("SELECT") for query in queries)


def test_a_live_credential_is_told_from_a_test_one_without_asking(
    workspace: Workspace, trial: InTestMode
) -> None:
    live = (workspace.secret, workspace.token("bob"), "", "nonsense", "snug_tk_x")
    assert asked(workspace, *live) == 0
    assert asked(workspace, trial.secret) == 1
    assert asked(workspace, trial.token("bob")) == 1


def test_a_tenant_and_its_test_side_are_found_by_one_question(
    workspace: Workspace, trial: InTestMode
) -> None:
    directory.forget()
    with CaptureQueriesContext(connection) as queries:
        found = directory.find(workspace.host)
    assert selects(queries) == 1
    assert found is not None
    assert found.test_side == trial.tenant
    assert (found.is_test, trial.tenant.is_test) == (False, True)
    assert trial.tenant.host == workspace.host


def test_a_reset_is_seen_past_the_cache(workspace: Workspace, trial: InTestMode) -> None:
    from tenants.models import Tenant

    known = workspace.tenant
    before = directory.side_of(known, trial.secret)
    # As by another process whose word has not come yet.
    Tenant.objects.filter(pk=before.id).update(hooked=True)
    assert directory.side_of(known, trial.secret).hooked
    assert not before.hooked


def test_a_link_with_too_many_fields_is_a_bad_request(workspace: Workspace) -> None:
    with workspace.http() as anyone:
        path = "/files/f11e0000-0000-4000-8000-0000000000aa/file/x"
        assert anyone.get(path + "?" + "&".join(f"f{n}=1" for n in range(1_500))).status_code == 400
        assert anyone.get(path).status_code == 404
