"""A cache that was emptied while somebody asked does not keep what they were told."""

import asyncio
from typing import Any

import pytest

from accounts import keys
from tenants import directory
from tenants.database import close_pool
from tests.personas import Workspace
from tests.threads import giving_back


async def test_a_state_that_was_read_before_the_change_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = directory._info

    def overtaken(row: tuple[Any, ...]) -> Any:
        directory.forget()  # the change was committed, and told, while this was on its way
        return info(row)

    directory.forget()
    monkeypatch.setattr(directory, "_info", overtaken)
    try:
        assert await directory.afind(workspace.host) is not None
        assert directory._cache.get(workspace.host) is None
        monkeypatch.undo()
        assert await directory.afind(workspace.host) is not None
        assert directory._cache.get(workspace.host) is not None
    finally:
        await close_pool()


async def test_a_key_that_was_read_before_its_revocation_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await asyncio.to_thread(giving_back(lambda: workspace.tenant))
    record, schema = keys._record, tenant.schema_name
    key = (schema, "id", workspace.key_id)

    def overtaken(row: tuple[Any, ...]) -> Any:
        keys.forget(schema)
        return record(row)

    keys.forget(schema)
    monkeypatch.setattr(keys, "_record", overtaken)
    try:
        found = await asyncio.gather(*(keys.find(tenant, "id", workspace.key_id) for _ in range(3)))
        assert all(found)
        assert keys._cache.get(key) is None
        monkeypatch.undo()
        await keys.find(tenant, "id", workspace.key_id)
        assert keys._cache.get(key) is not None
    finally:
        await close_pool()
