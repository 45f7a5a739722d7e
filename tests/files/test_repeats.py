"""An upload under an `Idempotency-Key`: carried out once, and known again by what is in it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.files.sending import fetch
from tests.personas import Workspace

WHAT: dict[str, Any] = {"room": "general", "content": b"hello", "name": "note.txt", "type": "text/plain"}


def body_of(what: dict[str, Any], boundary: str) -> bytes:
    fields = {name: what[name] for name in ("room", "sub") if name in what}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{what["name"]}"\r\n'
        f"Content-Type: {what['type']}\r\n\r\n"
    )
    return b"".join([*parts, file.encode(), what["content"], f"\r\n--{boundary}--\r\n".encode()])


def send(
    place: Workspace, key: str, boundary: str = "boundary", *, process: int = 0, **changed: Any
) -> httpx.Response:
    kind = f"multipart/form-data; boundary={boundary}"
    with place.http(place.secret, process) as client:
        return client.post(
            "/api/v1/files",
            content=body_of(WHAT | changed, boundary),
            headers={"Idempotency-Key": key, "Content-Type": kind},
        )


def kept(place: Workspace) -> list[dict[str, Any]]:
    with place.api() as client:
        files: list[dict[str, Any]] = client.get("/api/v1/files").json()["data"]
        return files


@pytest.mark.parametrize("content", [b"hello", b"0123456789abcdef" * 200_000], ids=["small", "on disk"])
def test_the_same_upload_is_known_again_whatever_its_boundary(workspace: Workspace, content: bytes) -> None:
    key = uuid.uuid4().hex
    first = send(workspace, key, "short", content=content)
    again = send(workspace, key, "a-longer-boundary", content=content, process=1)
    assert (first.status_code, again.status_code) == (201, 201), again.text
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert [file["id"] for file in kept(workspace)] == [first.json()["id"]]
    with workspace.api() as client:
        assert fetch(client, first.json()["url"]).content == content


@pytest.mark.parametrize(
    "changed",
    [
        {"content": b"jello"},
        {"name": "mote.txt"},
        {"type": "text/plane"},
        {"room": "generic"},
        {"sub": "bob"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_upload_under_the_same_key_is_refused_though_no_longer(
    workspace: Workspace, changed: dict[str, Any]
) -> None:
    with workspace.api() as client:
        assert client.post("/api/v1/rooms", json={"name": "generic"}).status_code == 201
    key = uuid.uuid4().hex
    assert send(workspace, key).status_code == 201
    other = send(workspace, key, **changed)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(kept(workspace)) == 1
    assert send(workspace, uuid.uuid4().hex, **changed).status_code == 201


def test_eight_of_one_upload_at_once_make_one_file(workspace: Workspace) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: send(workspace, key, f"b{'x' * n}", process=n % 2), range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert len(kept(workspace)) == 1


def test_a_form_that_is_none_is_refused_with_a_key_as_without(workspace: Workspace) -> None:
    with workspace.api() as client:
        answers = [
            client.post(
                "/api/v1/files",
                content=b"--b\r\nContent-Dispo",
                headers=[(b"Content-Type", "multipart/form-data; boundary=\u00e9".encode()), *headers],
            )
            for headers in ([], [(b"Idempotency-Key", uuid.uuid4().hex.encode())])
        ]
    assert answers[0].status_code in (400, 422)
    assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2
    assert answers[0].json()["code"] == answers[1].json()["code"]
