"""The process behind the sockets: what it must never do, however things coincide. In this process, to make them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.personas import Workspace
from tests.realtime.backstage import schema_of, shared, tenant_id_of, until
from tests.realtime.conftest import Inside, entered, next_of
from tests.realtime.office import tenant_of
from tests.within import within


async def test_a_workspace_that_comes_while_the_directory_is_asked_is_not_taken_for_gone(
    workspace: Workspace, elsewhere: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants import directory

    asked, answer = asyncio.Event(), asyncio.Event()
    fetch = directory.afetch

    async def slowly(ids: list[int]) -> Any:
        found = await fetch(ids)
        asked.set()
        await answer.wait()
        return found

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    monkeypatch.setattr(directory, "afetch", slowly)
    await within(asked.wait(), 3)
    ann = inside(elsewhere, f"/ws/chat/general/?token={elsewhere.token('ann')}")
    await entered(ann)
    answer.set()
    assert await ann.receive_nothing(0.2)


async def test_whoever_comes_first_to_a_room_does_not_take_the_others_along_when_it_goes(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime.hub import hub
    from rooms import reading
    from rooms.access import RoomRecord

    inside(workspace)
    tenant, here = await tenant_of(workspace), await hub()
    room = RoomRecord(1, "general", "public", False, False)
    read = reading.state

    async def slowly(*arguments: Any) -> Any:
        await asyncio.sleep(0.1)
        return await read(*arguments)

    monkeypatch.setattr(reading, "state", slowly)
    first, second = (asyncio.create_task(here.feed(tenant, room)) for _ in range(2))
    await asyncio.sleep(0.02)
    first.cancel()
    feed = await second
    assert feed is here.feeds[feed.group]
    assert feed.entering == 1
    here.give_up(feed)
    assert feed.unused


@pytest.mark.parametrize(
    "broken",
    [
        "realtime.presence.enter",
        "realtime.consumers.resume.Resume.begin",
        "realtime.admissions.Admissions.admit",
    ],
)
async def test_an_entry_that_fails_half_way_leaves_nothing_behind(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from realtime.hub import hub

    def fail(*_: Any, **__: Any) -> Any:
        raise ConnectionError("gone")

    async with workspace.chat(workspace.token("alice")) as alice:
        await alice.entered()
        await alice.say("something to have missed")
    with monkeypatch.context() as patch:
        patch.setattr(broken, fail)
        bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}&since=0")
        connected, code = await bob.connect(timeout=5)
        if connected:
            while (frame := await bob.receive_output(timeout=3))["type"] != "websocket.close":
                assert "error" not in frame
            code = frame["code"]
        assert code == 4500
        await bob.wait(timeout=3)

    here, tenant = await hub(), tenant_id_of(workspace)
    assert all(feed.unused for feed in here.feeds.values())
    assert here.admissions._tenants == {}
    assert here.attendance._here == {}
    assert shared().zcard(f"snug:t{tenant}:leases") == 0
    assert shared().zcard(f"snug:t{tenant}:room:1:at:bob") == 0


async def test_a_lease_whose_taking_was_not_answered_is_given_back(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime import leases

    acquire = leases.acquire

    async def and_then_silence(*arguments: Any, **more: Any) -> None:
        await acquire(*arguments, **more)
        raise TimeoutError

    monkeypatch.setattr(leases, "acquire", and_then_silence)
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    assert await bob.connect(timeout=5) == (False, 4500)
    await bob.wait(timeout=3)
    assert shared().zcard(f"snug:t{tenant_id_of(workspace)}:leases") == 0


async def test_leases_and_presence_are_renewed_and_those_of_the_gone_are_not(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime import leases, presence
    from realtime.hub import hub

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    check = inside(workspace, "/ws/basic/")
    ann = inside(workspace, f"/ws/chat/general/?token={workspace.token('ann')}")
    zoe = inside(workspace, f"/ws/chat/general/?token={workspace.token('zoe')}")
    for socket in (bob, ann, zoe):
        await entered(socket)
    await check.connect()
    here, prefix = await hub(), f"snug:t{tenant_id_of(workspace)}"
    kept = {
        f"{prefix}:leases",
        f"{prefix}:leases:bob",
        f"{prefix}:checks:127.0.0.1",
        f"{prefix}:room:1:people",
    }
    for key in kept:  # as if a restarted Redis had forgotten them
        assert shared().delete(key) == 1

    # Ann and Zoe go while a renewal is on its way, which then makes them anew.
    renew_leases, renew_presence = leases.renew, presence.renew

    async def late(*arguments: Any) -> None:
        if not ann.future.done():
            await ann.disconnect()
        await renew_leases(*arguments)

    async def later(*arguments: Any, **options: Any) -> None:
        if not zoe.future.done():
            await zoe.disconnect()
        await renew_presence(*arguments, **options)

    monkeypatch.setattr(leases, "renew", late)
    monkeypatch.setattr(presence, "renew", later)
    await here._renew()
    for key in kept:
        assert shared().exists(key), key
    assert shared().zcard(f"{prefix}:leases:ann") == 0
    assert shared().zcard(f"{prefix}:leases") == 1
    for gone in ("ann", "zoe"):
        assert shared().zcard(f"{prefix}:room:1:at:{gone}") == 0


async def test_a_shard_that_hangs_holds_up_no_other(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime import store

    monkeypatch.setattr(store, "shard_of", lambda key, shards: int(key) % 2)
    renewed: list[int] = []
    all_of_the_other = asyncio.Event()

    async def renew(tenant_id: int) -> None:
        if tenant_id % 2:
            await all_of_the_other.wait()  # hangs until they are done, or for ever
        renewed.append(tenant_id)
        if {2, 4, 6} <= set(renewed):
            all_of_the_other.set()

    await within(store.shard_by_shard([1, 2, 3, 4, 5, 6], renew), 5)
    assert renewed == [2, 4, 6, 1, 3, 5]


async def test_one_persons_calls_to_redis_keep_their_order(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls on two connections may swap. A new socket that opens as the old one closes must count."""
    from redis.asyncio.client import Pipeline

    execute, delays = Pipeline.execute, iter([0.1])

    async def unevenly(calls: Any, **options: Any) -> Any:
        await asyncio.sleep(next(delays, 0))
        return await execute(calls, **options)

    old = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(old)
    monkeypatch.setattr(Pipeline, "execute", unevenly)
    new = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    goodbye = asyncio.create_task(old.disconnect())
    await asyncio.sleep(0.02)
    await entered(new)
    await goodbye
    assert shared().zcard(f"snug:t{tenant_id_of(workspace)}:room:1:at:bob") == 1


async def test_whoever_lapses_is_said_to_have_left_by_the_next_who_looks(
    workspace: Workspace, inside: Inside
) -> None:
    """A crashed process says no goodbyes."""
    people = f"snug:t{tenant_id_of(workspace)}:room:1:people"
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    shared().zadd(people, {"ghost": 1.0})
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        online = await ann.entered()
        assert [user["id"] for user in online["users"]] == ["bob", "ann"]
        left = await next_of(bob, "user_left")
        assert left["user_id"] == "ghost"


async def test_a_room_that_nobody_is_in_is_forgotten_and_can_be_entered_again(
    workspace: Workspace, inside: Inside
) -> None:
    from realtime.hub import hub

    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    await entered(bob)
    here, channel = await hub(), f"snug__group__t{tenant_id_of(workspace)}.room.1"
    assert len(here.feeds) == 1
    await bob.disconnect()
    here._drop_unused()
    assert here.feeds == {}
    await until(lambda: shared().pubsub_numsub(channel) == [(channel.encode(), 0)])
    again = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    here._drop_unused()
    await entered(again)
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        await ann.entered()
        await ann.say("hello")
    assert (await next_of(again, "chat_message"))["message"] == "hello"


async def test_a_key_revoked_while_its_socket_is_entering_does_not_get_in(
    workspace: Workspace, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtime import leases
    from realtime.hub import hub

    acquire = leases.acquire

    async def revoked_meanwhile(*arguments: Any, **more: Any) -> None:
        await acquire(*arguments, **more)
        here = await hub()
        here.receive(
            "control", {"type": "changed", "schema": schema_of(workspace), "key_id": workspace.key_id}
        )

    monkeypatch.setattr(leases, "acquire", revoked_meanwhile)
    bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob')}")
    connected, _ = await bob.connect(timeout=5)
    assert connected
    closed = await bob.receive_output(timeout=3)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4001)


async def test_a_socket_that_ends_takes_everything_with_it(workspace: Workspace, inside: Inside) -> None:
    from realtime.alarms import alarms
    from realtime.hub import hub

    here = None
    for _ in range(20):
        bob = inside(workspace, f"/ws/chat/general/?token={workspace.token('bob', ttl=60)}&since=0")
        await entered(bob)
        await bob.send_json_to({"type": "typing", "is_typing": True})
        await bob.send_json_to({"type": "chat_message", "message": "hello"})
        await next_of(bob, "chat_message")
        await bob.disconnect()
        here = await hub()
    assert here is not None
    [feed] = here.feeds.values()
    assert feed.unused
    assert here.admissions._tenants == {}
    assert here.attendance._here == {}
    assert alarms.get()._moments == {}
    for task in asyncio.all_tasks():
        assert "SocketConsumer" not in repr(task.get_coro())
