"""One-use tickets for a socket's URL."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import authentication, tickets
from accounts.actions import revoke_api_key, revoke_tokens
from accounts.models import Member
from accounts.tokens import TokenRefused
from realtime import groups, store
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo
from tests.accounts.asking import answer
from tests.personas import Workspace


@pytest.fixture
def tenant(workspace: Workspace) -> TenantInfo:
    info: TenantInfo = workspace.tenant
    return info


def issue(workspace: Workspace, tenant: TenantInfo, sub: str = "bob") -> str:
    return answer(tickets.issue(tenant.id, sub, workspace.key_id))[0]


def test_a_ticket_names_its_user_and_key_once(workspace: Workspace, tenant: TenantInfo) -> None:
    ticket, exp = answer(tickets.issue(tenant.id, "bob", workspace.key_id))
    assert ticket.startswith(tickets.MARK)
    assert 55 < exp - time.time() <= 60
    identity = answer(authentication.by_credential(tenant, ticket, key_allowed=False))
    assert (identity.external_id, identity.kind, identity.key_id) == ("bob", "user", workspace.key_id)
    with pytest.raises(TokenRefused, match="unknown, used or over 60 s old"):
        answer(authentication.by_credential(tenant, ticket, key_allowed=False))


def test_redis_knows_a_ticket_by_its_hash_and_forgets_it_after_a_minute(
    workspace: Workspace, tenant: TenantInfo
) -> None:
    ticket = issue(workspace, tenant)
    client = store.sync_client(tenant.id)
    names = [name.decode() for name in client.scan_iter(groups.ticket(tenant.id, "*"))]
    assert len(names) == 1
    assert ticket.removeprefix(tickets.MARK) not in names[0]
    assert 0 < client.ttl(names[0]) <= tickets.TTL


def test_a_ticket_is_good_at_its_own_workspace_alone(
    workspace: Workspace, elsewhere: Workspace, tenant: TenantInfo
) -> None:
    ticket = issue(workspace, tenant)
    with pytest.raises(TokenRefused):
        answer(authentication.by_ticket(elsewhere.tenant, ticket))
    assert answer(authentication.by_ticket(tenant, ticket)).external_id == "bob"


def test_a_ticket_falls_with_the_key_that_issued_it(workspace: Workspace, tenant: TenantInfo) -> None:
    ticket = issue(workspace, tenant)
    run_in_tenant(tenant, revoke_api_key, workspace.key_id)
    with pytest.raises(TokenRefused, match="revoked"):
        answer(authentication.by_ticket(tenant, ticket))


def test_a_ticket_falls_with_a_revocation_of_its_user(workspace: Workspace, tenant: TenantInfo) -> None:
    def revoke() -> None:
        member, _ = Member.objects.get_or_create(external_id="bob")
        revoke_tokens(member)

    early = issue(workspace, tenant)
    run_in_tenant(tenant, revoke)
    late = issue(workspace, tenant)
    with pytest.raises(TokenRefused, match="revoked"):
        answer(authentication.by_ticket(tenant, early))
    assert answer(authentication.by_ticket(tenant, late)).external_id == "bob"


def test_an_earlier_revocation_does_not_undo_a_later_one(tenant: TenantInfo) -> None:
    now = timezone.now()

    def revoke_twice() -> object:
        member = Member.objects.create(external_id="bob")
        revoke_tokens(member, now)
        revoke_tokens(member, now - timedelta(hours=1))
        return Member.objects.get(external_id="bob").tokens_valid_after

    assert run_in_tenant(tenant, revoke_twice) == now


@pytest.mark.parametrize(
    "ticket", ["snug_tk_", "snug_tk_" + "x" * 43, "snug_tk_" + "x" * 500, "snug_tk_é", "*"]
)
def test_what_is_no_ticket_is_refused(tenant: TenantInfo, ticket: str) -> None:
    with pytest.raises(TokenRefused):
        answer(authentication.by_ticket(tenant, ticket))
