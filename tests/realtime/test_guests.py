"""What the guests of one address may do together, over sockets and REST."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import websockets

from realtime import groups, leases
from realtime.leases import Lease
from tenants import directory
from tenants.addresses import place_of
from tenants.models import Tenant
from tests.personas import Chat, Workspace, knock
from tests.proving import counted_before, from_address, new_address, token_at
from tests.realtime.backstage import schema_of, shared, tenant_id_of, until

MESSAGES = "/api/v1/rooms/general/messages"


def limited_to(workspace: Workspace, **figures: int) -> None:
    Tenant.objects.filter(slug=workspace.slug).update(own_limits=figures)
    directory.forget()


def room_in_ten_seconds(wanted: float = 5) -> None:
    """Windows begin with every tenth second: a test that counts within one must not straddle two."""
    left = 10 - time.time() % 10
    if left < wanted:
        time.sleep(left + 0.05)


def said_at(workspace: Workspace, address: str, left: int = 0) -> None:
    """The guests of this address have said all but so much of what they may."""
    schema = schema_of(workspace)
    counted_before(schema, f"guests-said:{place_of(schema, address)}", 10, 10 - left)


@pytest.fixture
def quiet(workspace: Workspace) -> Workspace:
    """A workspace in which a user says 2 messages in 10 seconds, and so the guests of an address 10."""
    limited_to(workspace, messages_per_10s=2)
    return workspace


def say(client: httpx.Client, token: str, text: str = "hello", **more: str) -> httpx.Response:
    return client.post(MESSAGES, json={"message": text, **more}, headers={"Authorization": f"Bearer {token}"})


async def test_guests_of_one_address_share_what_they_may_say_over_sockets_and_rest(quiet: Workspace) -> None:
    with quiet.http() as here:
        tokens = [token_at(here) for _ in range(3)]
    guests: list[Chat] = [await quiet.connect(token, process=n % 2) for n, token in enumerate(tokens)]
    for guest in guests:
        await guest.entered()
    room_in_ten_seconds()
    said_at(quiet, "127.0.0.1", left=2)
    for guest in guests[:2]:
        await guest.say("hello")
    await guests[2].send("chat_message", message="one more", client_id="more")
    error = await guests[2].until("error")
    assert (error["error"]["code"], error["client_id"]) == ("RATE_LIMITED", "more")
    assert 0 < error["retry_after"] <= 10
    assert "your address" in error["message"]
    said_at(quiet, "127.0.0.1")
    with quiet.http() as here:
        refused = say(here, tokens[2])
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        # Whom the tenant vouches for is nobody's crowd, and who is elsewhere is another.
        assert say(here, quiet.token("bob")).status_code == 201
        with from_address(quiet, new_address()) as there:
            assert say(there, token_at(there)).status_code == 201
    for guest in guests:
        await guest.close()


def test_neither_many_guests_of_one_address_nor_many_at_one_address_are_more_than_one(
    quiet: Workspace,
) -> None:
    crowded = new_address()
    with from_address(quiet, crowded) as one, from_address(quiet, new_address(), 1) as other:
        ours, theirs = token_at(one), token_at(other)
        said_at(quiet, crowded)
        assert say(other, ours).status_code == 429  # made there, used elsewhere
        assert say(one, theirs).status_code == 429  # made elsewhere, used there
        assert say(other, theirs).status_code == 201


def test_a_fresh_token_takes_a_guest_to_the_address_that_they_are_at(quiet: Workspace) -> None:
    office = new_address()
    with from_address(quiet, office) as at_work, from_address(quiet, new_address()) as at_home:
        token = token_at(at_work)
        held = {"Authorization": f"Bearer {token}"}
        moved = at_home.post("/api/v1/guests", headers=held).json()["token"]
        said_at(quiet, office)
        assert say(at_home, token).status_code == 429
        assert say(at_home, moved).status_code == 201


def counted_at(workspace: Workspace, address: str) -> int:
    """How much the guests of this address have said lately."""
    schema = schema_of(workspace)
    names = shared().keys(groups.counter(schema, f"guests-said:{place_of(schema, address)}:*"))
    return sum(int(shared().get(name) or 0) for name in names)


def test_a_repeat_costs_an_address_nothing(quiet: Workspace) -> None:
    here = new_address()
    with from_address(quiet, here) as client:
        token = token_at(client)
        assert say(client, token, client_id="first").status_code == 201
        assert {say(client, token, client_id="first").status_code for _ in range(5)} == {200}
        assert counted_at(quiet, here) == 1
        said_at(quiet, here)
        assert say(client, token).status_code == 429
        assert say(client, token, client_id="first").status_code == 200  # also where new ones are refused


def test_edits_and_reactions_count_as_messages_do(quiet: Workspace) -> None:
    here = new_address()
    with from_address(quiet, here) as client:
        ann, ben = ({"Authorization": f"Bearer {token_at(client)}"} for _ in range(2))
        said = (
            f"{MESSAGES}/{client.post(MESSAGES, json={'message': 'hello'}, headers=ann).json()['message_id']}"
        )
        assert client.patch(said, json={"message": "hello again"}, headers=ann).status_code == 200
        assert client.put(f"{said}/reactions/👍", headers=ben).status_code == 200
        assert counted_at(quiet, here) == 3
        said_at(quiet, here)
        assert client.put(f"{said}/reactions/🍲", headers=ben).status_code == 429


def test_the_addresses_of_one_workspace_are_not_anothers(
    quiet: Workspace, new_workspace: Callable[..., Workspace]
) -> None:
    address, neighbour = new_address(), new_workspace()
    with from_address(quiet, address) as here, from_address(neighbour, address) as there:
        ours, theirs = token_at(here), token_at(there)
        assert say(here, ours).status_code == 201
        said_at(quiet, address)
        assert say(here, ours).status_code == 429
        assert say(there, theirs).status_code == 201
        assert say(there, ours).status_code == 401


def test_a_token_does_not_say_where_its_guest_is(workspace: Workspace, elsewhere: Workspace) -> None:
    import jwt

    address = new_address()
    with from_address(workspace, address) as here, from_address(elsewhere, address) as there:
        one, again, other = (
            jwt.decode(token_at(client), options={"verify_signature": False})
            for client in (here, here, there)
        )
    assert one["place"] == again["place"] != other["place"]
    assert address not in str(one)


async def connect(workspace: Workspace, token: str, address: str) -> Chat:
    """A socket from this address."""
    port = workspace.ports[0]
    target, protocols = knock(token, "/ws/chat/general/", snug=True, query="")
    return Chat(
        await websockets.connect(
            f"ws://{workspace.host}:{port}{target}",
            host="127.0.0.1",
            port=port,
            local_addr=(address, 0),
            subprotocols=protocols,
            compression=None,
            proxy=None,
        )
    )


@pytest.fixture
def small(workspace: Workspace) -> Workspace:
    """A workspace with 5 connections, and so 3 for the guests of an address."""
    limited_to(workspace, max_connections=5)
    return workspace


async def test_guests_of_one_address_open_half_the_connections_and_shut_nobody_out(small: Workspace) -> None:
    crowded, calm = new_address(), new_address()
    with from_address(small, crowded) as one, from_address(small, calm) as other:
        crowd, guest = [token_at(one) for _ in range(4)], token_at(other)
    inside = [await connect(small, token, crowded) for token in crowd[:3]]
    for chat in inside:
        await chat.entered()
    assert await (await connect(small, crowd[3], crowded)).closed() == 4002
    # A guest from elsewhere, and from the same address somebody for whom the tenant vouches.
    for token, address in ((guest, calm), (small.token("bob"), crowded)):
        inside.append(await connect(small, token, address))
        await inside[-1].entered()
    await inside.pop().close()
    await inside.pop(0).close()
    place = groups.guest_leases(tenant_id_of(small), place_of(schema_of(small), crowded))
    await until(lambda: shared().zcard(place) == 2)
    inside.append(await connect(small, crowd[3], crowded))
    await inside[-1].entered()
    for chat in inside:
        await chat.close()
    await until(lambda: shared().zcard(place) == 0)


async def test_a_guests_connection_is_renewed_wherever_it_is_counted(workspace: Workspace) -> None:
    tenant_id = tenant_id_of(workspace)
    held = [
        Lease.of_user(tenant_id, "guest:1", "a", guest_at="here"),
        Lease.of_user(tenant_id, "bob", "b"),
        Lease.of_user(tenant_id, "guest:2", "c", guest_at="there"),
        Lease.of_user(tenant_id, "guest:3", "d", guest_at="here"),
    ]
    for lease in held:
        await leases.acquire(lease, most=4, most_own=1, most_there=2)
    sets = {key for lease in held for key in lease.sets}

    def counted() -> dict[str, set[Any]]:
        return {key: set(shared().zrange(key, 0, -1)) for key in sets}

    before = counted()
    assert before[groups.guest_leases(tenant_id, "here")] == {b"a", b"d"}
    shared().delete(*sets)  # as a restarted Redis forgets them
    await leases.renew(tenant_id, held)
    assert counted() == before
    # One that comes back takes its own place, at an address where there is no other left.
    with pytest.raises(leases.LeaseRefused, match="Guests at your address"):
        await leases.acquire(
            Lease.of_user(tenant_id, "guest:4", "e", guest_at="here"), most=9, most_own=1, most_there=2
        )
    back = Lease.of_user(tenant_id, "guest:1", "f", guest_at="here")
    await leases.acquire(back, most=4, most_own=1, most_there=2, replaces="a")
    assert counted()[groups.guest_leases(tenant_id, "here")] == {b"d", b"f"}
    for lease in (*held, back):
        await leases.release(lease)
    assert shared().exists(*sets) == 0
