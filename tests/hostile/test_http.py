"""Every path of both hosts, with anything where somebody may choose something: in the path, the query, the head and the
body, by any method. There is an answer, soon, and it is never a fault of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.anything import BOUNDED, TEXTS, VALUES
from tests.hostile.http import check, request, send
from tests.hostile.oddities import BODIES, HEADERS, KINDS, PARTS, QUERIES
from tests.isolation.inventory import PORTAL, TENANT, routes
from tests.personas import Workspace

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"]
HOLE = re.compile(r"<[^>]+>|\(\?P<\w+>.*?\)(?=\$)")


@pytest.fixture(params=["tenant", "portal"])
def side(request: pytest.FixtureRequest, target: Workspace) -> tuple[str, int, str, str]:
    """Host, port, URL configuration and credential."""
    port = target.ports[0]
    if request.param == "portal":
        return f"localhost:{port}", port, PORTAL, "nobody"
    return f"{target.host}:{port}", port, TENANT, target.secret


def holes(urlconf: str) -> list[str]:
    """Every route with a place for what somebody chose."""
    return [_bare(HOLE.sub("{}", route)) for route in routes(urlconf) if HOLE.search(route)]


def _bare(route: str) -> str:
    return route.replace("^", "").replace("$", "")


def plain(urlconf: str) -> list[str]:
    """Every route without one."""
    return [route for route in routes(urlconf) if not HOLE.search(route) and "(" not in route]


def filled(route: str, part: bytes) -> Iterator[bytes]:
    """The route with `part` in each of its places in turn, and in all of them."""
    pieces = route.encode().split(b"{}")
    others = b"general"
    for place in range(1, len(pieces)):
        parts = [part if number == place else others for number in range(1, len(pieces))]
        yield (
            b"/"
            + pieces[0]
            + b"".join(chosen + piece for chosen, piece in zip(parts, pieces[1:], strict=True))
        )
    yield b"/" + part.join(pieces)


def test_there_are_places_for_what_people_choose() -> None:
    assert any("rooms/{}" in route for route in holes(TENANT))
    assert any("members/{}" in route for route in holes(TENANT))
    assert any("confirm/{}" in route for route in holes(PORTAL))


def test_anything_in_a_path_is_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, credential = side
    bearer = ("Authorization", f"Bearer {credential}".encode())
    for route in holes(urlconf):
        methods = ["GET", "POST", "DELETE"] if route.startswith("api/") else ["GET", "POST"]
        for number, part in enumerate(PARTS):
            for target in set(filled(route, part)):
                # Every method meets every kind of part somewhere, without the product of them all.
                method = methods[number % len(methods)]
                body = b'{"message": "x"}' if method == "POST" else None
                kind = [("Content-Type", b"application/json")] if body else []
                check(send(port, request(host, method, target, [bearer, *kind], body)), target)


def test_raw_bytes_in_a_target_are_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, _ = side
    for route in [*holes(urlconf)[:3], "{}"]:
        for part in (
            b"\xff",
            b"\xc3\xa9",
            b"\x00",
            b"\x7f",
            b"a b",
            b"\t",
            b"{}",
            b"[]",
            b"|",
            b"^",
            b"`",
            b'"',
        ):
            for target in set(filled(route, part)):
                check(send(port, request(host, "GET", target, [])), target)
    for target in (
        b"*",
        b"http://evil.example/",
        b"//evil.example//",
        b"",
        b"?",
        b"#",
        b"/?",
        b"/#",
        b"." * 40_000,
    ):
        check(send(port, request(host, "GET", target, [])), target)


def test_every_method_at_every_path_is_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, _ = side
    for route in [*plain(urlconf), *(route.replace("{}", "general") for route in holes(urlconf))]:
        for method in METHODS:
            if (method, route) == ("DELETE", "api/v1/rooms/general"):
                continue  # without a key: refused like the others, but the room is this module's
            check(send(port, request(host, method, b"/" + route.encode(), [])), route.encode())


def test_any_query_is_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, credential = side
    bearer = ("Authorization", f"Bearer {credential}".encode())
    for route in [*plain(urlconf), *(route.replace("{}", "general") for route in holes(urlconf))]:
        for query in QUERIES:
            check(
                send(port, request(host, "GET", b"/" + route.encode() + b"?" + query, [bearer])),
                route.encode(),
            )


def test_any_header_is_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, _ = side
    pages = ["", "login/", "chat/", "console/", "api/v1/rooms", "widget.js", "static/snug/base.css"]
    if urlconf == PORTAL:
        pages = ["", "signup/", "signup/slug/", "billing/stripe/webhook/", "static/snug/base.css"]
    for name, value in HEADERS:
        for page in [*pages, "healthz"]:
            for method, body in (("GET", None), ("POST", b"{}")):
                if name in ("Content-Length", "Transfer-Encoding") and body is None:
                    continue  # a body that never comes is waited for
                asked = request(host, method, b"/" + page.encode(), [(name, value)], body)
                check(send(port, asked), b"/" + page.encode() if name != "Host" else b"/")


def test_any_body_is_answered(side: tuple[str, int, str, str]) -> None:
    host, port, urlconf, credential = side
    bearer = ("Authorization", f"Bearer {credential}".encode())
    everywhere = [*plain(urlconf), *(route.replace("{}", "general") for route in holes(urlconf))]
    for number, route in enumerate(everywhere):
        target = b"/" + route.encode()
        for turn, body in enumerate(BODIES):
            kind = KINDS[(number + turn) % len(KINDS)] if not route.startswith("api/") else KINDS[0]
            method = ["POST", "PUT", "PATCH"][turn % 3] if route.startswith("api/") else "POST"
            headers = [bearer, ("Content-Type", kind)]
            check(send(port, request(host, method, target, headers, body)), target)


@BOUNDED
@given(
    path=st.sampled_from(
        ["tokens", "tickets", "guests", "rooms", "rooms/lounge/messages", "rooms/lounge/members/x"]
    ),
    names=st.lists(
        st.sampled_from("sub name avatar rooms ttl kind title message client_id reply_to role".split())
    ),
    values=st.lists(VALUES, min_size=11, max_size=11),
)
def test_any_json_is_answered(target: Workspace, path: str, names: list[str], values: list[Any]) -> None:
    port = target.ports[1]
    headers = [
        ("Authorization", f"Bearer {target.secret}".encode()),
        ("Content-Type", b"application/json"),
    ]
    body = json.dumps(dict(zip(names, values, strict=False))).encode()
    method = "PUT" if "members" in path else "POST"
    at = b"/api/v1/" + path.encode()
    check(send(port, request(f"{target.host}:{port}", method, at, headers, body)), at)


@BOUNDED
@given(text=TEXTS)
def test_whoever_has_an_odd_id_can_be_asked_for(target: Workspace, text: str) -> None:
    from urllib.parse import quote

    port = target.ports[0]
    raw = quote(text.encode("utf-8", "surrogatepass"), safe="").encode()
    bearer = [("Authorization", f"Bearer {target.secret}".encode())]
    host = f"{target.host}:{port}"
    at = b"/api/v1/rooms/general/members/" + raw
    made = send(port, request(host, "PUT", at, bearer))
    check(made, at)
    found = send(port, request(host, "GET", at, bearer))
    check(found, at)
    if made.status in (200, 201):
        assert found.status == 200
        assert json.loads(found.body)["external_id"] == json.loads(made.body)["external_id"] == text
