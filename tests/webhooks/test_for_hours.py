"""Hours and days of a receiver's life, by a clock of ours: nothing is lost, and each room keeps its order."""

from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.local import Stack
from tests.faults.machine import Machine as Product
from tests.personas import Workspace
from tests.webhooks import years
from tests.webhooks.conftest import hooked

MINUTE, HOUR = 60.0, 3600.0
ROOMS = ("general", "kitchen", "cellar")


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """A stack without a worker: its courier is the test's."""
    with (
        tempfile.TemporaryDirectory(prefix="snug-hooks-", ignore_cleanup_errors=True) as folder,
        Stack(Path(folder) / "data", web_workers=1, worker=False, fast=True) as stack,
    ):
        yield Product(stack)


@pytest.fixture
def courier(product: Product) -> Iterator[years.Courier]:
    with years.courier(product.stack) as courier:
        yield courier


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[years.Machine]:
    machine = years.Machine(tmp_path)
    machine.start()
    yield machine
    if machine.is_up:
        machine.kill()


@pytest.fixture
def workspace(product: Product) -> Workspace:
    return product.workspace("business")


def say(workspace: Workspace, room: str, text: str) -> dict[str, Any]:
    with workspace.api() as api:
        said = api.post(f"/api/v1/rooms/{room}/messages", json={"message": text, "sub": "bob"})
    assert said.status_code == 201, said.text
    found: dict[str, Any] = said.json()
    return found


def webhook(workspace: Workspace, made: dict[str, Any]) -> dict[str, Any]:
    with workspace.api() as api:
        found: dict[str, Any] = api.get(f"/api/v1/webhooks/{made['id']}").json()
    return found


def deliveries(workspace: Workspace, made: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    with workspace.api() as api:
        page = api.get(f"/api/v1/webhooks/{made['id']}/deliveries", params={"limit": 100, **query})
    found: list[dict[str, Any]] = page.json()["data"]
    return found


def by_room(received: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The `rev` of each message event, in the order in which they came."""
    rooms: defaultdict[str, list[int]] = defaultdict(list)
    for each in received:
        if each["body"]["type"].startswith("message."):
            rooms[each["body"]["data"]["room"]].append(each["body"]["data"]["rev"])
    return rooms


def test_a_receiver_killed_and_restarted_for_an_hour_gets_every_event_in_order_a_room(
    workspace: Workspace, receiver: years.Machine, courier: years.Courier
) -> None:
    chance = random.Random(6)
    with workspace.api() as api:
        for room in ROOMS[1:]:
            api.post("/api/v1/rooms", json={"name": room}).raise_for_status()
    made = hooked(workspace, receiver.url, "message.*")
    last: dict[str, int] = {}
    kills = 0
    for minute in range(60):
        for n in range(chance.randrange(5)):
            said = say(workspace, chance.choice(ROOMS), f"{minute}:{n}")
            last[said["room"]] = said["rev"]
        if receiver.is_up and chance.random() < 0.4:
            receiver.kill()
            kills += 1
        elif not receiver.is_up and chance.random() < 0.4:
            receiver.start()
        courier.later(MINUTE)
    if not receiver.is_up:
        receiver.start()
    for _ in range(12):  # whatever waits longest for its next attempt
        courier.later(HOUR / 6)
    assert kills > 5
    assert set(last) == set(ROOMS)
    for room, revs in by_room(receiver.received()).items():
        assert revs == sorted(revs), room  # a repeat may come, but only before what is newer
        assert sorted(set(revs)) == list(range(1, last[room] + 1)), room
    assert deliveries(workspace, made, state="pending") == []
    assert deliveries(workspace, made, state="failed") == []
    assert webhook(workspace, made)["failing_since"] is None


def test_a_day_of_failure_switches_it_off_and_nothing_that_waited_is_lost(
    product: Product, workspace: Workspace, receiver: years.Machine, courier: years.Courier
) -> None:
    made = hooked(workspace, receiver.url, "message.*")
    receiver.kill()
    for n in range(3):
        say(workspace, "general", f"{n}")
    for _ in range(25 * 4):
        courier.later(HOUR / 4)
        if not webhook(workspace, made)["enabled"]:
            break
    off = webhook(workspace, made)
    assert (off["enabled"], off["disabled_reason"]) == (False, "failing")
    (failed,) = deliveries(workspace, made, state="failed")  # the head alone: the others never had their turn
    with workspace.api() as api:
        log = api.get(f"/api/v1/webhooks/deliveries/{failed['id']}").json()["log"]
    assert 10 < len(log) < 20
    assert all("connection failed" in each["error"] for each in log)
    with product.database() as db:
        jobs = db.execute("SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%mail_webhook_disabled'")
        assert [job["endpoint_id"] for (job,) in jobs.fetchall()] == [made["id"]]

    receiver.start()
    courier.later(HOUR)
    assert receiver.received() == []  # nothing is sent while it is off
    with workspace.api() as api:
        assert api.patch(f"/api/v1/webhooks/{made['id']}", json={"enabled": True}).json()["enabled"] is True
        time.sleep(2.1)  # by then every process writes for it again
        say(workspace, "general", "3")
        courier.later(1)
        assert by_room(receiver.received()) == {"general": [2, 3, 4]}
        answer = api.post(f"/api/v1/webhooks/deliveries/{failed['id']}/replay")
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        courier.later(1)
    assert by_room(receiver.received()) == {"general": [2, 3, 4, 1]}
    assert {each["state"] for each in deliveries(workspace, made)} == {"delivered"}


def test_one_room_s_bad_message_holds_up_its_own_room_alone_and_for_a_day(
    workspace: Workspace, courier: years.Courier
) -> None:
    from tests.webhooks.receiver import receiving

    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"}).raise_for_status()
    with receiving() as receiver:
        receiver.answer = lambda got: 500 if got.data["message"] == "poison" else 204
        made = hooked(workspace, receiver.url, "message.*")
        for room, text in (("general", "poison"), ("general", "after"), ("kitchen", "soup")):
            say(workspace, room, text)
        courier.later(1)
        assert {each.data["message"] for each in receiver.received} == {"poison", "soup"}
        for _ in range(26):
            say(workspace, "kitchen", "more soup")
            courier.later(HOUR)
        assert receiver.received[-1].data["message"] in ("after", "more soup")
        assert [each.data["message"] for each in receiver.received].count("after") == 1
    assert webhook(workspace, made)["enabled"] is True
    (failed,) = deliveries(workspace, made, state="failed")
    with workspace.api() as api:
        assert (
            api.get(f"/api/v1/webhooks/deliveries/{failed['id']}").json()["log"][-1]["response"]["status"]
            == 500
        )
