"""What the guests of one address may upload together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from realtime import limits
from tenants.addresses import place_of
from tests.files.sending import upload
from tests.personas import Workspace
from tests.proving import from_address, new_address, token_at
from tests.realtime.test_guests import limited_to


@contextmanager
def guests_at(workspace: Workspace, address: str, many: int) -> Iterator[list[httpx.Client]]:
    """So many guests of one address, as clients."""
    with from_address(workspace, address) as door:
        tokens = [token_at(door) for _ in range(many)]
    clients = []
    for token in tokens:
        entered = from_address(workspace, address)
        client = entered.__enter__()
        client.headers["Authorization"] = f"Bearer {token}"
        clients.append((entered, client))
    yield [client for _, client in clients]
    for entered, _ in clients:
        entered.__exit__(None, None, None)


def test_a_guest_has_twenty_files_waiting_and_a_user_more(workspace: Workspace) -> None:
    with guests_at(workspace, new_address(), 1) as [guest], workspace.http(workspace.token("bob")) as bob:
        assert {upload(guest).status_code for _ in range(20)} == {201}
        refused = upload(guest)
        assert (refused.status_code, refused.json()["code"]) == (409, "too_many_files")
        assert refused.json()["detail"].startswith("20 files")
        assert {upload(bob).status_code for _ in range(21)} == {201}
        waiting = guest.get("/api/v1/files").json()["data"][0]["id"]
        assert guest.delete(f"/api/v1/files/{waiting}").status_code == 204
        assert upload(guest).status_code == 201


def test_guests_of_one_address_send_so_many_bytes_an_hour(workspace: Workspace) -> None:
    limited_to(workspace, max_file_bytes=1_000, api_per_minute=1_000)
    with guests_at(workspace, new_address(), 3) as [one, two, three]:
        for guest in (one, two):
            assert {upload(guest, b"x" * 1_000).status_code for _ in range(10)} == {201}
        refused = upload(three, b"x")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 3_600
        assert "your address" in refused.json()["detail"]
    with guests_at(workspace, new_address(), 1) as [elsewhere]:
        assert upload(elsewhere, b"x" * 1_000).status_code == 201
    with workspace.http(workspace.token("bob")) as bob:
        assert upload(bob, b"x" * 1_000).status_code == 201


def test_guests_of_one_address_send_a_hundred_files_an_hour(workspace: Workspace) -> None:
    address, tenant = new_address(), workspace.tenant
    with guests_at(workspace, address, 2) as [one, two]:
        place = place_of(tenant.schema_name, address)
        limits.add_sync(98, tenant.schema_name, f"guests-files:{place}", 3_600)
        assert upload(one).status_code == 201
        assert upload(two).status_code == 201
        assert upload(one).status_code == 429


def test_guests_of_one_address_ask_the_api_together(workspace: Workspace) -> None:
    from tests.api.test_rates import room_in_the_minute

    limited_to(workspace, api_per_minute=2)
    with guests_at(workspace, new_address(), 6) as guests:
        room_in_the_minute()
        for guest in guests[:5]:
            assert {guest.get("/api/v1/rooms").status_code for _ in range(2)} == {200}
        refused = guests[5].get("/api/v1/rooms")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    with workspace.http(workspace.token("bob")) as bob:
        assert bob.get("/api/v1/rooms").status_code == 200
