"""Requests that nobody means well with: refused as problem documents, and never an error of ours."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import httpx
import pytest

from tests.api.calls import CALLS, Call, prepared
from tests.personas import Workspace

Open = Callable[..., Workspace]
JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() >= {"type", "title", "status", "code", "detail"}
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert problem["code"] == problem["code"].lower()


PARTS = {
    "NUL": "%00",
    "NUL within": "a%00b",
    "broken UTF-8": "%FF",
    "a lone surrogate": "%ED%A0%80",
    "an overlong slash": "%C0%AF",
    "a slash": "%2F",
    "a path": "..%2F..%2Fetc%2Fpasswd",
    "dots": "%2e%2e",
    "a backslash": "%5C",
    "a percent sign": "%25",
    "half an escape": "%",
    "a line break": "%0D%0AX-Injected:%20yes",
    "a space": "%20",
    "unicode": "%F0%9F%99%82",
    "a private character": "%EE%80%80",
    "SQL": "'%20OR%201=1%20--",
    "HTML": "%3Cscript%3Ealert(1)%3C/script%3E",
    "a format": "%25s%25n{0}${x}",
    "very long": "a" * 6000,
    "a question mark": "%3F",
    "a hash": "%23",
    "a semicolon": ";x=1",
    "JSON": "%7B%22a%22:1%7D",
    "a star": "*",
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_hostile_path_parts_are_refused_or_kept_whole(new_workspace: Open, part: str) -> None:
    workspace = new_workspace(plan="pro")
    room = [f"rooms/{part}", f"rooms/{part}/members", f"rooms/{part}/messages", f"rooms/{part}/members/bob"]
    of_general = [f"rooms/general/members/{part}", f"rooms/general/messages/{part}"]
    with workspace.api() as client:
        for path in [*room, *of_general, f"presence/{part}"]:
            answer = client.get(f"/api/v1/{path}")
            assert_problem(answer, 404)
        said = {"message": "x"}
        for method, path, body in [
            ("DELETE", f"rooms/general/members/{part}", None),
            ("PATCH", f"rooms/{part}", {}),
            ("DELETE", f"rooms/{part}", None),
            ("PATCH", f"rooms/general/messages/{part}", said),
            ("DELETE", f"rooms/general/messages/{part}", None),
            ("PUT", f"rooms/general/messages/{part}/reactions/x", {}),
            ("PUT", f"rooms/{part}/members/bob", {}),
            ("POST", f"rooms/{part}/messages", said),
        ]:
            assert_problem(client.request(method, f"/api/v1/{path}", json=body), 404)
        made = client.put(f"/api/v1/rooms/general/members/{part}")
        if made.status_code == 201:  # an id of the tenant's choosing may be odd, and is then found again
            assert made.json() == client.get(f"/api/v1/rooms/general/members/{part}").json()
        else:
            assert_problem(made, 404, 422)
        assert "x-injected" not in made.headers
        assert [room["name"] for room in client.get("/api/v1/rooms").json()["data"]] == ["general"]


def raw(workspace: Workspace, request: bytes) -> bytes:
    """What the server answers to bytes that no library would send."""
    with socket.create_connection(("127.0.0.1", workspace.ports[0]), timeout=20) as peer:
        peer.sendall(request)
        answer = b""
        while part := peer.recv(65_536):
            answer += part
        return answer


@pytest.mark.parametrize(
    "target", [b"/api/v1/rooms/\xff", b"/api/v1/rooms/\xc3\xa9", b"/api/v1/rooms/%", b"*", b"/api/v1//rooms"]
)
def test_targets_of_raw_bytes_are_refused(workspace: Workspace, target: bytes) -> None:
    answer = raw(
        workspace,
        b"GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n"
        % (target, workspace.host.encode(), workspace.secret.encode()),
    )
    assert answer.split(b" ")[1] in (b"400", b"404"), answer


BODIES = {
    "nothing": b"",
    "not JSON": b"hello",
    "half of it": b'{"sub": "bob"',
    "two of them": b"{}{}",
    "single quotes": b"{'sub': 'bob'}",
    "not UTF-8": b'{"sub": "\xff"}',
    "a deep list": b"[" * 100_000 + b"]" * 100_000,
    "a deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "an endless number": b'{"sub": "bob", "ttl": ' + b"9" * 5000 + b"}",
    "UTF-16": '{"sub": 5}'.encode("utf-16"),
    "a null": b"null",
    "true": b"true",
    "a number": b"5",
    "a string": b'"bob"',
    "a list": b"[]",
    "a list of good ones": b'[{"sub": "bob"}]',
    "NaN": b"NaN",
    "an empty key": b'{"": 1}',
}
WITH_BODY = [call for call in CALLS if call.body and call.method == "POST" and not call.file]


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_bodies_that_are_no_request_are_400_or_422(new_workspace: Open, call: Call) -> None:
    workspace = new_workspace(plan="pro")
    with workspace.api() as client:
        for name, body in BODIES.items():
            answer = client.request(call.method, f"/api/v1/{call.path}", content=body, headers=JSON)
            assert_problem(answer, 400, 422)
            if name in ("not JSON", "half of it", "two of them", "not UTF-8", "a deep list"):
                assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json"), name


@pytest.mark.parametrize("call", WITH_BODY, ids=str)
def test_fields_of_every_wrong_kind_are_422(new_workspace: Open, call: Call) -> None:
    assert call.body
    workspace = new_workspace(plan="pro")
    odd = [5, -1, 1e308, True, [], [[]], {}, {"a": {"b": [None]}}, "\x00", "\ud800", "x" * 20_000]
    with workspace.api() as client:
        for field in call.body:
            for value in odd:
                body = json.dumps(call.body | {field: value})
                answer = client.request(call.method, f"/api/v1/{call.path}", content=body, headers=JSON)
                if (field, value) == ("overlap", 5):  # is a good one
                    continue
                if (field, value) != (
                    "name",
                    "x" * 20_000,
                ) or "sub" not in call.body:  # a token's name is cut
                    assert_problem(answer, 422)
                    assert answer.json()["code"] in ("invalid_field", "empty_message", "message_too_long")


def test_unknown_fields_are_named_and_nothing_is_done(workspace: Workspace) -> None:
    """What was mistyped would otherwise be passed over in silence."""
    with workspace.api() as client:
        answer = client.post("/api/v1/rooms", json={"name": "a", "knd": "private", "constructor": {}})
        assert_problem(answer, 422)
        assert (
            answer.json()["detail"] == "knd is no field of this call. constructor is no field of this call."
        )
        assert client.get("/api/v1/rooms/a").status_code == 404


@pytest.mark.parametrize("params", [
    "limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=1e2", "limit=%00", "limit=5&limit=x",
    "limit=" + "9" * 5000, "cursor=x", "cursor=%00", "cursor=%FF", "cursor=" + "a" * 101, "cursor=djE6LTE",
    "cursor=djE6eA", "cursor=djI6MQ", "cursor=djE6MQ%3D%3D", "cursor=!djE6MQ", "cursor=djE6MDE",
    "cursor=djE6OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor=%ED%A0%80",
])  # fmt: skip
def test_odd_pages_are_422(module_workspace: Workspace, params: str) -> None:
    with module_workspace.api() as client:
        for path in ("rooms", "rooms/general/members", "rooms/general/messages"):
            answer = client.get(f"/api/v1/{path}?{params}")
            assert_problem(answer, 422)
            assert answer.json()["code"] in ("invalid_field", "invalid_cursor")


def test_an_empty_cursor_is_the_beginning_and_one_beyond_the_end_is_empty(
    module_workspace: Workspace,
) -> None:
    from api.paging import cursor_at

    with module_workspace.api() as client:
        assert client.get("/api/v1/rooms?cursor=").json() == client.get("/api/v1/rooms").json()
        far = client.get(f"/api/v1/rooms?cursor={cursor_at(2**61)}")
        assert far.json() == {"data": [], "next": None}
        assert client.get(f"/api/v1/rooms/general/messages?cursor={cursor_at(0)}").json() == {
            "data": [],
            "next": None,
        }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "tokens", {"POST"}),
        ("PUT", "rooms", {"GET", "POST"}),
        ("POST", "rooms/general", {"GET", "PATCH", "DELETE"}),
        ("PATCH", "rooms/general/members/bob", {"GET", "PUT", "DELETE"}),
        ("DELETE", "rooms/general/messages", {"GET", "POST"}),
        ("POST", "rooms/general/messages/x", {"GET", "PATCH", "DELETE"}),
        ("GET", "rooms/general/messages/x/reactions/y", {"PUT", "DELETE"}),
        ("PUT", "presence/general", {"GET"}),
        ("TRACE", "rooms", {"GET", "POST"}),
        ("MKCOL", "rooms", {"GET", "POST"}),
        ("OPTIONS", "rooms", {"GET", "POST"}),
    ],
)
def test_a_method_that_a_path_does_not_know_is_405(
    module_workspace: Workspace, method: str, path: str, allowed: set[str]
) -> None:
    with module_workspace.api() as client:
        answer = client.request(method, f"/api/v1/{path}")
    assert_problem(answer, 405)
    assert answer.json()["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path", ["", "nothing", "rooms/", "Rooms", "rooms/general/", "rooms//messages", "../rooms", ".env"]
)
def test_a_path_that_is_none_is_404(module_workspace: Workspace, path: str) -> None:
    with module_workspace.api() as client:
        answer = client.get(f"/api/v1/{path}")
    if answer.status_code != 200:  # the client itself resolves "../rooms"
        assert_problem(answer, 404)
        assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("version", ["v0", "v2", "V1", ""])
def test_another_version_is_404(module_workspace: Workspace, version: str) -> None:
    with module_workspace.api() as client:
        assert_problem(client.get(f"/api/{version}/rooms"), 404)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "text/json",
        "x",
    ],
)
def test_a_body_of_another_kind_is_415(workspace: Workspace, kind: str) -> None:
    with workspace.api() as client:
        for path in ("rooms", "guests", "tokens"):
            answer = client.post(
                f"/api/v1/{path}", content=b'{"name": "a", "sub": "b"}', headers={"Content-Type": kind}
            )
            assert_problem(answer, 415)
            assert answer.json()["code"] == "unsupported_media_type"
        assert [room["name"] for room in client.get("/api/v1/rooms").json()["data"]] == ["general"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.api+json",
        None,
    ],
)
def test_json_by_any_of_its_names_is_read(workspace: Workspace, kind: str | None) -> None:
    with workspace.api() as client:
        headers = {"Content-Type": kind} if kind else {}
        answer = client.post("/api/v1/rooms", content=b'{"name": "a", "kind": "public"}', headers=headers)
    assert answer.status_code == 201, answer.text


def test_head_is_answered_like_get_without_the_body(module_workspace: Workspace) -> None:
    with module_workspace.api() as client, module_workspace.http() as nobody:
        whole, head = client.get("/api/v1/rooms"), client.head("/api/v1/rooms")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert nobody.head("/api/v1/rooms").status_code == 401
        assert client.head("/api/v1/rooms/nowhere").status_code == 404
        assert client.head("/api/v1/tokens").status_code == 405


def test_a_request_without_a_body_needs_no_kind(workspace: Workspace) -> None:
    with workspace.api() as client:
        answer = client.put("/api/v1/rooms/general/members/bob", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 201


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_session_cookie_that_was_forged_helps_nobody(workspace: Workspace, call: Call) -> None:
    message_id = prepared(workspace)
    with workspace.http() as client:
        answer = call.send(
            client, message_id, headers={"Cookie": "snug_session=0123456789abcdef0123456789abcdef"}
        )
    assert_problem(answer, 401)
