"""Who makes pictures anew, and when: workspaces in turns."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ninja.files import UploadedFile

from files import turns
from tests.files.sending import picture, unfolding_picture, upload, uploaded
from tests.moderation.speaking import until
from tests.personas import Workspace


def test_each_workspace_stands_in_the_queue_once() -> None:
    order: list[str] = []

    def work(schema: str) -> None:
        with turns.turn(schema, 1):
            order.append(schema)

    with ThreadPoolExecutor(4) as people, turns.turn("first", 1):
        for _ in range(3):
            people.submit(work, "crowd")
        until(lambda: len(turns._all._waiting) == 1 and len(turns._of_one["crowd", 1]._waiting) == 2)
        people.submit(work, "other")
        until(lambda: len(turns._all._waiting) == 2)
        assert order == []
    assert order == ["crowd", "other", "crowd", "crowd"]


def test_each_user_stands_in_the_queue_of_their_workspace_once() -> None:
    order: list[str] = []

    def work(name: str, who: int) -> None:
        with turns.turn("ours", who):
            order.append(name)

    with ThreadPoolExecutor(5) as people, turns.turn("first", 1):
        for name in ("one guest", "another guest", "a third guest"):
            people.submit(work, name, turns.GUESTS)
        until(lambda: len(turns._of_one.get(("ours", turns.GUESTS), turns.Queue())._waiting) == 2)
        people.submit(work, "member", 7)
        until(lambda: len(turns._of_one["ours", None]._waiting) == 1)
    assert order.index("member") == 1


def test_guests_wait_for_one_another_and_members_for_one_of_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    from accounts.models import Member
    from files.actions import keep
    from tenants.context import run_in_tenant

    asked: list[int] = []
    turn = turns.turn

    @contextmanager
    def watched(schema: str, who: int) -> Iterator[None]:
        asked.append(who)
        with turn(schema, who):
            yield

    def kept_for(kind: str) -> int:
        member = Member.objects.create(kind=kind, external_id=f"{kind}-of-turns")
        keep(io.BytesIO(picture()), "a.jpg", size=1, largest=10**6, room_id=1, uploader_id=member.pk)
        return member.pk

    monkeypatch.setattr(turns, "turn", watched)
    run_in_tenant(workspace.tenant, kept_for, "guest")
    user = run_in_tenant(workspace.tenant, kept_for, "user")
    assert asked == [turns.GUESTS, user]


def test_who_has_given_up_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    for schema in ("first", "second"):
        with turns.turn("first", 1), pytest.raises(turns.Busy), turns.turn(schema, 1):
            pass
    with turns.turn("second", 1):
        pass


def test_a_crowd_of_pictures_that_are_work_keeps_no_other_workspace_waiting(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    heavy = unfolding_picture(1200)
    with workspace.api() as ours, elsewhere.api() as theirs, ThreadPoolExecutor(10) as people:
        sent = [people.submit(upload, ours, heavy, "tiles.webp") for _ in range(10)]
        until(lambda: any(each.done() for each in sent))
        assert uploaded(theirs, picture())["type"] == "image/jpeg"
        assert not all(each.done() for each in sent)
        assert {each.result().status_code for each in sent} == {201}


def test_who_waits_too_long_for_their_turn_is_told_when_to_come_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.identity import Identity
    from api.errors import Problem
    from api.v1 import files
    from rooms.access import RoomRecord
    from tenants.context import run_in_tenant

    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    room = RoomRecord(id=1, name="general", kind="public", archived=False, is_member=True)
    bob = Identity(member_id=1, external_id="bob", username="Bob", kind="user")
    content = UploadedFile(io.BytesIO(picture(size=(30, 20))), "shot.jpg")
    with turns.turn("somebody", 1), pytest.raises(Problem) as refused:
        run_in_tenant(workspace.tenant, files._kept, content, room, bob, 1_000_000)
    assert (refused.value.status, refused.value.code) == (503, "pictures_busy")
    assert refused.value.retry_after
