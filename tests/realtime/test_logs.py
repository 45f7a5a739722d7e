"""What the web processes write down about sockets, and what they never do."""

from __future__ import annotations

import pytest

from ops.local import Stack
from tests.personas import Refused, Workspace
from tests.realtime.backstage import until


async def test_connects_refusals_and_disconnects_are_told_without_secrets(
    workspace: Workspace, stack: Stack
) -> None:
    token, late = workspace.token("bob"), workspace.token("late", ttl=-120)
    with workspace.api() as api:
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    ids = []
    for credential, snug in ((token, True), (token, False), (ticket, False), (workspace.secret, True)):
        async with workspace.chat(credential, snug=snug) as chat:
            ids.append((await chat.entered())["connection_id"])
    for credential, snug in ((late, True), (late, False), (workspace.secret, False), (ticket, False)):
        if snug:
            assert await (await workspace.connect(credential)).closed() == 4001
        else:
            with pytest.raises(Refused):
                await workspace.connect(credential, snug=False)
    assert await (await workspace.connect(token, "nowhere")).closed() == 4004

    def told() -> str:
        return (stack.data_dir.logs / "web-0.log").read_text()

    await until(lambda: all(told().count(id_) >= 2 for id_ in ids))
    for id_ in ids:
        connected, disconnected = (line for line in told().splitlines() if id_ in line)
        assert "connected" in connected
        assert "disconnected 1000" in disconnected
        for line in (connected, disconnected):
            assert workspace.slug in line
            assert "'bob'" in line or f"bot:{workspace.key_id}" in line
    mine = [line for line in told().splitlines() if workspace.slug in line]
    assert len([line for line in mine if "refused 4001" in line]) == 4
    [nowhere] = [line for line in mine if "refused 4004" in line]
    assert "'bob'" in nowhere
    for log in stack.data_dir.logs.glob("*.log"):
        text = log.read_text()
        for secret in (token, late, ticket, workspace.secret, workspace.signing_secret):
            assert secret not in text, log.name
            assert secret[-20:] not in text, log.name
