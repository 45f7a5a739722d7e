"""Resetting test mode: all of it, at once, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from accounts.actions import create_api_key
from tenants.context import run_in_tenant
from tests.accounts.signing import pair
from tests.api.calls import prepared
from tests.api.test_mallory import contents
from tests.isolation.pages import contents as everything
from tests.personas import Chat, Workspace
from tests.realtime.backstage import rows, schema_of, shared, tenant_id_of
from tests.testmode.persona import InTestMode, in_test_mode
from workspaces.actions import reset_test_mode
from workspaces.tasks import demolish

Open = Callable[..., Workspace]


def reset(trial: InTestMode, process: int = 0, key: str | None = None) -> httpx.Response:
    """`key` is sent as Idempotency-Key."""
    with trial.api(process) as client:
        return client.post("/api/v1/test/reset", headers={"Idempotency-Key": key} if key else {})


def get(place: Workspace, path: str, process: int = 0) -> Any:
    with place.api(process) as client:
        answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_reset_leaves_the_keys_and_an_empty_general(workspace: Workspace, trial: InTestMode) -> None:
    reader = in_test_mode(workspace, ["messages:read"], "Reader")
    mine = pair("EdDSA")
    with trial.api() as client:
        public = client.post("/api/v1/public-keys", json={"pem": mine.pem}).json()["data"][0]["id"]
        rotated = client.post(f"/api/v1/keys/{reader.key_id}/rotate", json={"overlap": 3600}).json()
        gone = client.post("/api/v1/keys", json={"name": "Gone", "scopes": ["admin"]}).json()
        client.delete(f"/api/v1/keys/{gone['id']}").raise_for_status()
    prepared(trial)
    before = get(trial, "keys")["data"]
    answer = reset(trial)
    assert (answer.status_code, answer.headers["snug-mode"]) == (204, "test")

    assert [(room["name"], room["last_seq"]) for room in get(trial, "rooms")["data"]] == [("general", 0)]
    assert get(trial, "rooms/general/messages")["data"] == []
    assert get(trial, "rooms/general/members")["data"] == []
    assert get(trial, "files")["data"] == []
    assert get(trial, "webhooks")["data"] == []
    assert get(trial, "reports")["data"] == []
    assert get(trial, "search?q=first")["data"] == []
    assert [entry["action"] for entry in get(trial, "audit")["data"]] == ["room.created"]
    without_use = [{**key, "last_used_at": ...} for key in get(trial, "keys")["data"]]
    assert without_use == [{**key, "last_used_at": ...} for key in before]
    kinds = {user["kind"] for user in get(trial, "users")["data"]}
    assert kinds <= {"bot"}
    for credential, status in (
        (reader.secret, 200),
        (rotated["secret"], 200),
        (trial.token("bob"), 200),
        (mine.token(public), 200),
        (gone["secret"], 401),
    ):
        with trial.http(credential) as client:
            assert client.get("/api/v1/rooms/general/messages").status_code == status
    with trial.api() as client:  # and the bots speak under their names
        said = client.post("/api/v1/rooms/general/messages", json={"message": "anew"}).json()
    assert (said["seq"], said["user_id"], said["username"]) == (1, f"bot:{trial.key_id}", "Test key")
    with trial.http(rotated["secret"]) as client:
        assert client.get("/api/v1/rooms/general/messages").json()["data"][0]["message"] == "anew"


def test_what_is_live_is_not_touched(workspace: Workspace, elsewhere: Workspace, trial: InTestMode) -> None:
    hers = in_test_mode(elsewhere)
    prepared(workspace), prepared(trial), prepared(hers)
    before, before_there = everything(workspace), everything(elsewhere)
    hers_before = everything(hers)
    files = stored(schema_of(workspace))
    assert files
    assert reset(trial).status_code == 204
    demolish(tenant_id=retired(trial))
    after = everything(workspace)
    added = [line for line in after.pop("audit_auditentry") if line not in before["audit_auditentry"]]
    del before["audit_auditentry"]
    assert after == before
    assert len(added) == 1
    assert stored(schema_of(workspace)) == files
    assert everything(elsewhere) == before_there
    assert everything(hers) == hers_before


def stored(schema: str) -> dict[str, bytes]:
    folder = Path(default_storage.location)  # type: ignore[attr-defined]  # as the local storage has it
    return {str(path): path.read_bytes() for path in (folder / schema).rglob("*") if path.is_file()}


def retired(trial: InTestMode) -> int:
    """The row of what was reset last, of all that are waiting for it."""
    ((id_,),) = rows(
        trial,
        "SELECT max(id) FROM public.tenants_tenant WHERE slug LIKE '%%.gone' AND id < %s",
        tenant_id_of(trial),
    )
    return int(id_)


def test_nothing_of_it_is_left_once_it_is_taken_away(workspace: Workspace, trial: InTestMode) -> None:
    prepared(trial)
    schema, id_ = schema_of(trial), tenant_id_of(trial)
    with trial.api() as client:
        link = httpx.URL(get(trial, "files")["data"][0]["url"]).raw_path.decode()
        assert client.get(link).status_code == 200
    assert stored(schema)
    reset(trial)
    with trial.http() as client:
        assert client.get(link).status_code == 404  # at once

    waiting = rows(
        trial,
        "SELECT scheduled_at > now() FROM public.procrastinate_jobs "
        "WHERE task_name = 'workspaces.tasks.demolish' AND (args->>'tenant_id')::bigint = %s",
        id_,
    )
    assert waiting == [(True,)]
    demolish(tenant_id=id_)
    assert not stored(schema)
    there = (
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = %s), "
        "(SELECT count(*) FROM public.tenants_tenant WHERE id = %s)"
    )
    assert rows(trial, there, schema, id_) == [(0, 0)]
    demolish(tenant_id=id_)  # a job may come twice


def test_a_tenant_that_is_in_use_is_not_taken_away(workspace: Workspace, trial: InTestMode) -> None:
    before, before_there = everything(workspace), everything(trial)
    for place in (workspace, trial):
        demolish(tenant_id=tenant_id_of(place))
    assert (everything(workspace), everything(trial)) == (before, before_there)


def test_a_live_key_resets_nothing(workspace: Workspace, trial: InTestMode) -> None:
    prepared(workspace), prepared(trial)
    before, before_there = contents(workspace), contents(trial)
    with workspace.api() as client:
        answer = client.post("/api/v1/test/reset")
    assert (answer.status_code, answer.json()["code"]) == (403, "test_key_needed")
    with trial.http(in_test_mode(workspace, ["rooms:write"]).secret) as client:
        answer = client.post("/api/v1/test/reset")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert contents(workspace).keys() == before.keys()
    after = contents(workspace)
    assert {table for table in after if after[table] != before[table]} == {
        "audit_auditentry"
    }  # the second key
    after = contents(trial)
    changed = {table for table in after if after[table] != before_there[table]}
    assert changed == {"audit_auditentry", "accounts_apikey", "accounts_member"}


async def test_its_sockets_close_and_live_ones_stay(workspace: Workspace, trial: InTestMode) -> None:
    async with AsyncExitStack() as stack:
        test: list[Chat] = []
        live: list[Chat] = []
        for process in (0, 1):
            for path in ("/ws/chat/general/", "/ws/"):
                for place, chats in ((trial, test), (workspace, live)):
                    options: dict[str, Any] = {"path": path, "process": process}
                    chat = await stack.enter_async_context(place.chat(place.token("bob"), **options))
                    await chat.next()
                    chats.append(chat)
        with trial.api() as client:
            ticket = client.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
        assert reset(trial).status_code == 204
        assert [await chat.closed(2) for chat in test] == [4004] * 4
        for chat in live:
            await chat.send("ping")
            await chat.until("pong")
        refused = await trial.connect(ticket)
        assert await refused.closed() == 4001
        async with trial.chat(trial.token("bob"), process=1) as bob:  # at once, and in an empty room
            online = await bob.entered()
            assert (online["last_seq"], online["count"]) == (0, 1)
            assert (await bob.say("first"))["seq"] == 1


def test_every_process_knows_at_once(trial: InTestMode) -> None:
    """Whoever resets and then makes what they need makes it in what is there now, wherever the next request ends up."""
    for n in range(6):
        process = n % 2
        name = f"room{n}"
        assert reset(trial, process).status_code == 204
        with trial.api(1 - process) as client:
            assert client.post("/api/v1/rooms", json={"name": name}).status_code == 201
        assert {room["name"] for room in get(trial, "rooms", process)["data"]} == {"general", name}


def test_no_change_that_was_acknowledged_is_lost_to_a_reset_in_its_midst(
    workspace: Workspace, trial: InTestMode
) -> None:
    """Keys stay: one that was revoked while a reset was under way is void after it, or the call was refused (and may
    have come in time all the same)."""
    victims = [in_test_mode(workspace, ["rooms:read"], f"Key {n}") for n in range(12)]
    begun = threading.Barrier(2)

    def revoke() -> list[int]:
        with trial.api(1) as client:
            begun.wait()
            return [client.delete(f"/api/v1/keys/{victim.key_id}").status_code for victim in victims]

    with ThreadPoolExecutor() as pool:
        revoking = pool.submit(revoke)
        begun.wait()
        resets = [reset(trial).status_code for _ in range(4)]
        answers = revoking.result()
    assert set(resets) == {204}
    assert set(answers) <= {204, 409}
    for victim, answer in zip(victims, answers, strict=True):
        with trial.http(victim.secret) as client:
            assert client.get("/api/v1/rooms").status_code in ((401,) if answer == 204 else (200, 401))


def test_a_change_that_a_reset_overtakes_is_refused(trial: InTestMode) -> None:
    """Held up by a lock in the old schema while the reset goes through."""
    locked = f'LOCK TABLE "{schema_of(trial)}".rooms_room IN SHARE MODE'

    def make() -> httpx.Response:
        with trial.api() as client:
            return client.post("/api/v1/rooms", json={"name": "late"})

    with psycopg.connect(settings.DATABASE_URL) as db, ThreadPoolExecutor() as pool:
        db.execute(locked)
        making = pool.submit(make)
        wait_until(lambda: rows(trial, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        assert pool.submit(reset, trial, 1).result(timeout=20).status_code == 204
        db.rollback()
        answer = making.result(timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (409, "test_mode_reset")
    assert (answer.headers["retry-after"], answer.headers["snug-mode"]) == ("1", "test")
    assert {room["name"] for room in get(trial, "rooms")["data"]} == {"general"}


def wait_until(true: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_resets_at_once_come_one_after_the_other(trial: InTestMode) -> None:
    prepared(trial)
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda process: reset(trial, process).status_code, (0, 1, 0, 1)))
    assert answers == [204] * 4
    assert [room["name"] for room in get(trial, "rooms")["data"]] == ["general"]
    ((sides,),) = rows(
        trial,
        "SELECT count(*) FROM public.tenants_tenant WHERE test_of_id = "
        "(SELECT test_of_id FROM public.tenants_tenant WHERE slug = %s)",
        trial.slug,
    )
    assert sides == 1


def test_a_reset_that_is_repeated_under_its_key_is_carried_out_once(trial: InTestMode) -> None:
    first = reset(trial, 0, "once")
    with trial.api() as client:
        assert client.post("/api/v1/rooms", json={"name": "made-since"}).status_code == 201
    again = reset(trial, 1, "once")
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["idempotency-replayed"] == "true"
    assert {room["name"] for room in get(trial, "rooms")["data"]} == {"general", "made-since"}
    assert reset(trial, 0, "another").status_code == 204
    assert {room["name"] for room in get(trial, "rooms")["data"]} == {"general"}


def test_test_mode_is_reset_ten_times_a_minute(trial: InTestMode, elsewhere: Workspace) -> None:
    if time.time() % 60 > 45:  # the count begins on the minute
        time.sleep(60 - time.time() % 60)
    answers = [reset(trial, n % 2) for n in range(11)]
    assert [answer.status_code for answer in answers] == [204] * 10 + [429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert reset(in_test_mode(elsewhere)).status_code == 204


def test_a_reset_that_fails_changes_nothing(
    workspace: Workspace, trial: InTestMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants import provisioning

    prepared(trial)
    before, before_there = everything(workspace), everything(trial)

    def out_of_date() -> str:
        return "another release"

    monkeypatch.setattr(provisioning, "migrations_digest", out_of_date)
    with pytest.raises(provisioning.ProvisioningError):
        reset_test_mode(tenant_id_of(workspace))
    assert (everything(workspace), everything(trial)) == (before, before_there)
    monkeypatch.undo()
    reset_test_mode(tenant_id_of(workspace))
    assert everything(trial) != before_there


def test_who_reset_it_is_in_the_live_audit(workspace: Workspace, trial: InTestMode) -> None:
    reset(trial)
    entry = get(workspace, "audit?action=test_mode.reset")["data"][0]
    assert (entry["actor"], entry["object"]) == (f"bot:{trial.key_id}", "test")
    assert entry["address"] == "127.0.0.1"
    made = get(workspace, "audit?action=test_key.created")["data"][0]
    assert (made["object"], made["details"]["name"]) == (trial.key_id, "Test key")


def test_redis_forgets_what_was_there(workspace: Workspace, trial: InTestMode) -> None:
    """All of it bears the old side's number, which nobody asks for any more, and an end."""
    with trial.api() as client:
        client.post("/api/v1/tickets", json={"sub": "bob"}).raise_for_status()
    of_the_old = f"snug:{schema_of(trial)}:*"
    assert list(shared().scan_iter(of_the_old))
    reset(trial)
    assert all(shared().ttl(name) > 0 for name in shared().scan_iter(of_the_old))
    assert schema_of(trial) != of_the_old.split(":")[1]


def test_a_live_key_in_a_test_schema_would_open_nothing(workspace: Workspace, trial: InTestMode) -> None:
    """Nothing makes one. If anything did, neither side would know it."""
    _, good, _ = run_in_tenant(workspace.tenant, create_api_key, "Live")
    _, lost, _ = run_in_tenant(trial.tenant, create_api_key, "Lost")
    _, stray, _ = run_in_tenant(workspace.tenant, create_api_key, "Stray", test=True)
    for secret, status in ((good, 200), (lost, 401), (stray, 401)):
        with workspace.http(secret) as client:
            assert client.get("/api/v1/rooms").status_code == status
