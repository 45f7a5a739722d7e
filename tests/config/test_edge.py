"""What is settled about a request before Django sees it: its scheme, and how large it may be."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import RequestFactory, override_settings

from config import errors
from config.edge import MOST_BYTES, Edge, Message, Receive, Send
from tests.personas import Workspace

JSON = {"Content-Type": "application/json"}


def in_chunks(total: int) -> Iterator[bytes]:
    """A body of `total` bytes that does not say how long it will be."""
    for start in range(0, total, 65_536):
        yield b" " * min(65_536, total - start)


@pytest.mark.parametrize("path", ["/api/v1/guests", "/login/"])
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_over_a_mebibyte_is_refused_before_it_is_kept(
    workspace: Workspace, path: str, chunked: bool
) -> None:
    size = MOST_BYTES + 1
    with workspace.http() as client:
        answer = client.post(path, content=in_chunks(size) if chunked else b" " * size, headers=JSON)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "too_large"
        assert client.get("/healthz").status_code == 200  # and the server is none the worse


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_of_a_mebibyte_is_read_to_its_end(workspace: Workspace, chunked: bool) -> None:
    body = b'{"name": "Ann"}'.ljust(MOST_BYTES)
    with workspace.http() as client:
        answer = client.post("/api/v1/guests", content=iter([body]) if chunked else body, headers=JSON)
    assert answer.status_code == 201, answer.text


def test_a_body_of_no_known_length_is_cut_off_as_soon_as_it_is_too_long(workspace: Workspace) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200 * MOST_BYTES:
            sent += 65_536
            yield b" " * 65_536

    with workspace.http() as client:
        with contextlib.suppress(httpx.WriteError):  # it need not listen to all of that
            assert client.post("/api/v1/guests", content=endless(), headers=JSON).status_code == 413
        assert client.get("/healthz").status_code == 200


async def test_the_public_scheme_comes_from_the_configuration_alone() -> None:
    seen: list[str] = []

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        seen.append(scope["scheme"])

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    forged = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "scheme": "http",
        "headers": [(b"x-forwarded-proto", b"gopher")],
    }
    await Edge(app, "https")(forged, receive, send)
    assert seen == ["https"]


@override_settings(ROOT_URLCONF="config.urls_tenant")
def test_a_part_that_is_away_is_503_and_our_own_mistake_500() -> None:
    from psycopg_pool import PoolTimeout
    from redis.exceptions import ConnectionError as RedisAway

    for mistake, status in [
        (PoolTimeout(), 503),
        (RedisAway(), 503),
        (ConnectionResetError(), 503),
        (PermissionError(), 500),
        (KeyError(), 500),
    ]:
        try:
            raise mistake
        except Exception:
            answer = errors.server_error(RequestFactory().get("/api/v1/rooms"))
        assert answer.status_code == status
        assert ("Retry-After" in answer) == (status == 503)
        assert answer["Content-Type"] == "application/problem+json"
