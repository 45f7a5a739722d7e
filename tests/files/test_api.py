"""Files over REST: taken, shown to whoever may see them, served by links, deleted."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import psycopg
import pytest
from PIL import Image

from tenants.plans import PLANS
from tests.files.sending import (
    PDF,
    WHERE_IT_WAS_TAKEN,
    fetch,
    moving_picture,
    picture,
    unfolding_picture,
    upload,
    uploaded,
)
from tests.moderation.speaking import until
from tests.personas import Workspace

Open = Callable[..., Workspace]
MOST = PLANS["free"].limits.max_file_bytes


def test_a_picture_is_made_anew_and_served_by_links(workspace: Workspace) -> None:
    with workspace.http(workspace.token("bob")) as bob:
        file = uploaded(bob, picture(), "C:\\holidays\\be\u202each .JPG", type_="text/html")
        assert (file["name"], file["type"], file["room"], file["user_id"]) == (
            "beach .JPG",
            "image/jpeg",
            "general",
            "bob",
        )
        assert (file["width"], file["height"]) == (600, 800)  # the right way up
        whole = fetch(bob, file["url"])
        small = fetch(bob, file["thumbnail_url"])
        again = bob.get(f"/api/v1/files/{file['id']}").json()
    assert (whole.status_code, whole.headers["content-type"]) == (200, "image/jpeg")
    assert len(whole.content) == file["size"] == int(whole.headers["content-length"])
    assert WHERE_IT_WAS_TAKEN.encode() not in whole.content
    assert b"script" not in whole.content
    with Image.open(io.BytesIO(whole.content)) as image:
        assert (image.size, dict(image.getexif())) == ((600, 800), {})
    with Image.open(io.BytesIO(small.content)) as image:
        assert (image.size, image.format) == ((360, 480), "WEBP")
    for answer in (whole, small):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("inline")
        assert "set-cookie" not in answer.headers
        assert "content-encoding" not in answer.headers
    assert {name: again[name] for name in ("id", "name", "type", "size", "width", "height")} == {
        name: file[name] for name in ("id", "name", "type", "size", "width", "height")
    }


def test_a_moving_picture_still_moves(workspace: Workspace) -> None:
    with workspace.api() as key:
        whole = fetch(key, uploaded(key, moving_picture(), "cat.gif")["url"])
    assert WHERE_IT_WAS_TAKEN.encode() not in whole.content
    with Image.open(io.BytesIO(whole.content)) as image:
        assert (image.n_frames, image.info["duration"], image.info["loop"]) == (3, 70, 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "name", "type_"),
    [
        (b"<!doctype html><script>alert(1)</script>", "page.html", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "drawing.svg", "image/svg+xml"),
        (b"alert(1)", "code.js", "text/javascript"),
        (PDF, "bill.pdf", "application/pdf"),
        ("Grüße".encode("latin-1"), 'a"b\r\nSet-Cookie: x=1.txt', "text/plain"),
    ],
    ids=["html", "svg", "js", "pdf", "latin"],
)
def test_what_could_run_is_only_ever_downloaded(
    workspace: Workspace, content: bytes, name: str, type_: str
) -> None:
    with workspace.api() as key:
        file = uploaded(key, content, name, type_="image/png")
        served = fetch(key, file["url"], **{"Accept-Encoding": "gzip"})
    assert file["type"] == type_
    assert "thumbnail_url" not in file
    assert (served.content, served.headers["content-type"]) == (content, "application/octet-stream")
    assert served.headers["content-disposition"].startswith("attachment; filename=")
    assert "set-cookie" not in served.headers


def test_a_part_of_a_recording_is_served(workspace: Workspace) -> None:
    recording = b"ID3\x04\0\0\0\0\0\x0a" + bytes(range(256)) * 8
    with workspace.api() as key:
        url = uploaded(key, recording, "song.mp3")["url"]
        part = fetch(key, url, Range="bytes=10-19")
        assert (part.status_code, part.content) == (206, recording[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(recording)}"
        assert fetch(key, url, Range="bytes=-5").content == recording[-5:]
        assert fetch(key, url, Range=f"bytes={len(recording)}-").status_code == 416
        assert fetch(key, url, Range="bytes=0-1,5-6").content == recording
        etag = part.headers["etag"]
        assert fetch(key, url, **{"If-None-Match": etag}).status_code == 304


def test_a_link_is_for_one_file_in_one_workspace_for_five_minutes(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    from files import links
    from files.models import File
    from tenants.context import run_in_tenant

    with workspace.api() as key, elsewhere.api() as mallory:
        one, other = uploaded(key, b"one"), uploaded(key, b"other")
        assert fetch(key, one["url"]).text == "one"
        assert fetch(mallory, one["url"]).status_code == 404
        assert fetch(key, one["url"].replace(one["id"], other["id"])).status_code == 404
        assert fetch(key, one["url"].replace("/file/", "/thumbnail/")).status_code == 404
        for forged in ("until=1&signature=x", "until=99999999999&signature=%F0", "until=%C2%B2", ""):
            assert fetch(key, f"{one['url'].partition('?')[0]}?{forged}").status_code == 404
        file = run_in_tenant(workspace.tenant, lambda: File.objects.get(key=one["id"]))
        schema = workspace.tenant.schema_name
        past = int(time.time()) - 1
        assert fetch(key, "http://x" + links.path_to(schema, file, "file", past + 60)).text == "one"
        assert fetch(key, "http://x" + links.path_to(schema, file, "file", past)).status_code == 404


def test_a_private_rooms_file_is_as_private_as_the_room(workspace: Workspace) -> None:
    with workspace.api() as key, workspace.http(workspace.token("bob")) as bob:
        key.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
        assert upload(bob, room="board").status_code == 403
        key.put("/api/v1/rooms/board/members/bob").raise_for_status()
        key.put("/api/v1/rooms/board/members/carol").raise_for_status()
        file = uploaded(bob, room="board")
        path = f"/api/v1/files/{file['id']}"
        with workspace.http(workspace.token("carol")) as carol:
            assert carol.get(path).status_code == 404  # it is bob's until he sends it
            said = bob.post("/api/v1/rooms/board/messages", json={"message": "", "files": [file["id"]]})
            assert said.status_code == 201, said.text
            assert carol.get(path).json()["message_id"] == said.json()["message_id"]
            assert [each["id"] for each in carol.get("/api/v1/files?room=board").json()["data"]] == [
                file["id"]
            ]
            with workspace.http(workspace.token("dora")) as dora:
                assert dora.get(path).status_code == 404
                assert dora.get("/api/v1/files").json()["data"] == []
                assert dora.get("/api/v1/files?room=board").status_code == 403
            key.delete("/api/v1/rooms/board/members/carol").raise_for_status()
            assert carol.get(path).status_code == 404
        assert key.get(path).status_code == 200


def test_a_file_that_waits_is_deleted_by_its_own_and_one_of_a_message_with_it(workspace: Workspace) -> None:
    with workspace.http(workspace.token("bob")) as bob, workspace.http(workspace.token("carol")) as carol:
        waiting, sent = uploaded(bob, b"waiting"), uploaded(bob, b"sent")
        message = bob.post(
            "/api/v1/rooms/general/messages", json={"message": "x", "files": [sent["id"]]}
        ).json()
        assert carol.delete(f"/api/v1/files/{waiting['id']}").status_code == 404
        assert carol.delete(f"/api/v1/files/{sent['id']}").status_code == 403
        kept = bob.delete(f"/api/v1/files/{sent['id']}")
        assert (kept.status_code, kept.json()["code"]) == (409, "file_attached")
        assert bob.delete(f"/api/v1/files/{waiting['id']}").status_code == 204
        bob.delete(f"/api/v1/rooms/general/messages/{message['message_id']}").raise_for_status()
        for file in (waiting, sent):
            assert bob.get(f"/api/v1/files/{file['id']}").status_code == 404
            assert fetch(bob, file["url"]).status_code == 404


def chunks(size: int) -> Iterator[bytes]:
    """A form that does not say how long it will be, with a file of so many bytes."""
    yield b'--b\r\nContent-Disposition: form-data; name="room"\r\n\r\ngeneral\r\n--b\r\n'
    yield b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    for start in range(0, size, 65_536):
        yield b"x" * min(65_536, size - start)
    yield b"\r\n--b--\r\n"


@pytest.mark.parametrize("more", [0, 1, 100_000])
def test_a_file_may_be_as_large_as_the_plan_allows(workspace: Workspace, more: int) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    with workspace.api() as key:
        answer = key.post("/api/v1/files", content=chunks(MOST + more), headers=form)
        if not more:
            assert answer.status_code == 201, answer.text
            assert answer.json()["size"] == MOST
        else:
            assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
            assert "5,242,880" in answer.json()["detail"]


def test_a_picture_is_measured_as_it_would_be_stored(workspace: Workspace) -> None:
    small = unfolding_picture(2_800)
    assert len(small) < MOST // 20
    with workspace.api() as key:
        refused = upload(key, small, "tiles.webp")
        assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
        assert "once it is made anew" in refused.json()["detail"]
        assert "at most 5,242,880 bytes" in refused.json()["detail"]
        assert key.get("/api/v1/files").json()["data"] == []
        assert uploaded(key, unfolding_picture(600), "tiles.webp")["size"] < MOST


def test_one_that_comes_while_the_last_place_is_taken_is_refused(workspace: Workspace) -> None:
    from django.db import transaction

    from accounts.models import Member
    from files.actions.keep import MOST_WAITING
    from files.models import File
    from tenants.context import run_in_tenant

    def waits() -> bool:
        found = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'"
        with psycopg.connect(os.environ["DATABASE_URL"]) as db:
            return db.execute(found).fetchone() is not None

    def take_the_rest() -> Future[httpx.Response]:
        with transaction.atomic():
            someone = Member.objects.select_for_update(no_key=True).get(external_id="bob")
            sent = people.submit(upload, bob)
            until(lambda: sent.done() or waits())
            fields = {"name": "x", "type": "text/plain", "size": 1, "room_id": 1, "uploader": someone}
            File.objects.bulk_create([File(**fields) for _ in range(MOST_WAITING - 1)])
        return sent

    with workspace.http(workspace.token("bob")) as bob, ThreadPoolExecutor(1) as people:
        uploaded(bob)
        refused = run_in_tenant(workspace.tenant, take_the_rest).result()
        assert (refused.status_code, refused.json().get("code")) == (409, "too_many_files")


def test_nobody_unknown_sends_more_than_any_request_may_have(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    for stranger in (workspace.http(), workspace.http(elsewhere.secret), workspace.http("snug_tk_x")):
        with stranger as client:
            refused = client.post("/api/v1/files", content=b"".join(chunks(2_000_000)), headers=form)
            assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
            assert upload(client).status_code == 401


def test_bad_forms_are_refused_in_words(workspace: Workspace) -> None:
    image = Image.new("1", (9_000, 9_000))
    bomb = io.BytesIO()
    image.save(bomb, "PNG")
    with workspace.api() as key:
        for answer, status, code in (
            (upload(key, b"MZ\x90\0\3" + bytes(99), "virus.txt"), 415, "file_type_not_allowed"),
            (upload(key, picture()[:200], "half.jpg"), 422, "picture_refused"),
            (upload(key, bomb.getvalue(), "bomb.png"), 422, "picture_refused"),
            (upload(key, b""), 422, "invalid_field"),
            (upload(key, room="nowhere"), 404, "not_found"),
            (upload(key, room="\0"), 404, "not_found"),
            (upload(key, colour="red"), 422, "invalid_field"),
            (upload(key, sub="staff:x"), 422, "invalid_field"),
            (key.post("/api/v1/files", data={"room": "general"}), 415, "unsupported_media_type"),
            (key.post("/api/v1/files", json={"room": "general"}), 415, "unsupported_media_type"),
            (key.post("/api/v1/files", files={"room": (None, "general")}), 422, "invalid_field"),
            (
                key.post(
                    "/api/v1/files", content=b"nonsense", headers={"Content-Type": "multipart/form-data"}
                ),
                400,
                "bad_request",
            ),
        ):
            assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
        key.patch("/api/v1/rooms/general", json={"archived": True}).raise_for_status()
        assert upload(key).json()["code"] == "room_archived"


def test_a_key_uploads_for_a_user_and_a_user_for_nobody_else(workspace: Workspace) -> None:
    with workspace.api() as key, workspace.http(workspace.token("bob")) as bob:
        assert uploaded(key, sub="carol")["user_id"] == "carol"
        assert upload(bob, sub="carol").json()["code"] == "sub_not_allowed"
        pages = [uploaded(key, b"%d" % n)["id"] for n in range(3)]
        first = key.get("/api/v1/files?limit=2").json()
        rest = key.get("/api/v1/files", params={"cursor": first["next"]}).json()
        assert [each["id"] for each in first["data"]] == pages[:0:-1]
        assert rest["data"][0]["id"] == pages[0]
        assert rest["next"] is None
