"""What happens to a workspace meanwhile, by the product's own actions: plans, states, origins, keys, revocations.

Actions are imported when they are called, so that tests can be collected where no product is configured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.personas import Workspace
from tests.realtime.backstage import tenant_id_of


async def tenant_of(workspace: Workspace) -> Any:
    """The TenantInfo as of now."""
    from tenants import directory
    from tenants.context import in_public

    directory.forget()
    tenant = await in_public(directory.find, workspace.host)
    assert tenant is not None
    return tenant


async def set_plan(workspace: Workspace, plan: str) -> None:
    from tenants import actions
    from tenants.context import in_public

    await in_public(actions.set_plan, tenant_id_of(workspace), plan)


async def set_state(workspace: Workspace, state: str) -> None:
    from tenants import actions
    from tenants.context import in_public

    await in_public(actions.set_state, tenant_id_of(workspace), state)


async def set_origins(workspace: Workspace, *origins: str) -> None:
    from tenants import actions
    from tenants.context import in_public

    await in_public(actions.set_origins, tenant_id_of(workspace), list(origins))


async def with_another_key(workspace: Workspace, *scopes: str) -> Workspace:
    """The workspace, seen through a second API key."""
    from accounts.actions import create_api_key
    from tenants.context import in_tenant

    def make() -> tuple[str, str, str]:
        key, secret, signing = create_api_key("Second", scopes or ["admin"])
        return key.id, secret, signing

    key_id, secret, signing = await in_tenant(await tenant_of(workspace), make)
    return replace(workspace, key_id=key_id, secret=secret, signing_secret=signing)


async def revoke_key(workspace: Workspace) -> None:
    from accounts.actions import revoke_api_key
    from tenants.context import in_tenant

    assert await in_tenant(await tenant_of(workspace), revoke_api_key, workspace.key_id)


async def revoke_tokens(workspace: Workspace, sub: str) -> None:
    from accounts import actions
    from accounts.models import Member
    from tenants.context import in_tenant

    def revoke() -> None:
        actions.revoke_tokens(Member.objects.get(external_id=sub))

    await in_tenant(await tenant_of(workspace), revoke)
