"""Which host is whose, over real HTTP."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from ops.local import Stack
from tenants import actions
from tests.personas import PASSWORD, Workspace
from tests.plain_http import NO_TLS

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def get(stack: Stack, host: str, path: str = "/", **headers: str) -> httpx.Response:
    url = f"http://127.0.0.1:{stack.web_ports[0]}{path}"
    return httpx.get(url, headers={"Host": host, **headers}, timeout=20, verify=NO_TLS)


def raw(stack: Stack, host: bytes, path: bytes = b"/") -> tuple[int, bytes]:
    """A request as no library would send it: the status and what follows."""
    with socket.create_connection(("127.0.0.1", stack.web_ports[0]), timeout=20) as peer:
        peer.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := peer.recv(65_536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


def signed_in(workspace: Workspace, process: int = 0) -> dict[str, str]:
    """The session cookie of the owner, from the sign-in form."""
    with workspace.http(process=process) as client:
        page = client.get("/login/")
        token = TOKEN.search(page.text)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "email": workspace.owner_email, "password": PASSWORD}
        answer = client.post(
            "/login/", data=form, headers={"Cookie": f"snug_csrf={page.cookies['snug_csrf']}"}
        )
        assert answer.status_code == 302, answer.text
        return {"Cookie": f"snug_session={answer.cookies['snug_session']}"}


@contextmanager
def in_state(workspace: Workspace, state: str) -> Iterator[None]:
    """The workspace in another state, known to its first web process."""
    actions.set_state(workspace.tenant.id, state)
    yield
    actions.set_state(workspace.tenant.id, "active")


def test_the_base_domain_is_the_portal(stack: Stack) -> None:
    for host in ("localhost", "LocalHost", f"localhost:{stack.web_ports[0]}", "localhost.", "localhost:1"):
        page = get(stack, host)
        assert (page.status_code, 'href="/signup/' in page.text) == (200, True), host


def test_a_slug_below_it_is_that_workspace_however_it_is_spelt(stack: Stack, workspace: Workspace) -> None:
    for host in (workspace.host, workspace.host.upper(), f"{workspace.host}:1", f"{workspace.host}."):
        page = get(stack, host, "/login/")
        assert page.status_code == 200, host
        assert workspace.tenant.name in page.text


@pytest.mark.parametrize(
    "host",
    [
        "nobody-here.localhost",
        "www.localhost",
        "a.b.localhost",
        "localhost.evil.example",
        "evil.example",
        "127.0.0.1",
        "[::1]",
        "[::1]:8000",
        "[",
        "xn--acm-epa.localhost",
        ".localhost",
        "..localhost",
        "localhost..",
        "-.localhost",
        "a_b.localhost",
        "a" * 300,
        "a" * 300 + ".localhost",
        "localhost:port",
        "*.localhost",
        "t1.localhost/",
        "user@localhost",
        "localhost, evil.example",
        "public.localhost",
        "'; SELECT 1 --.localhost",
    ],
)
def test_any_other_host_is_a_404_page(stack: Stack, host: str) -> None:
    for path in ("/", "/login/", "/console/"):
        page = get(stack, host, path)
        assert page.status_code == 404, host
        assert "There is nothing at this address" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"acme%00.localhost",
        b"ac\xffme.localhost",
        b"\xd0\xb0cme.localhost",
        b"acme .localhost",
        b"%6cocalhost",
    ],
)
def test_a_host_of_odd_bytes_is_a_404_page_or_a_bad_request(stack: Stack, host: bytes) -> None:
    status, _ = raw(stack, host)
    assert status in (400, 404)


def test_an_api_at_nobodys_host_says_so_in_json(stack: Stack) -> None:
    answer = get(stack, "nobody-here.localhost", "/api/v1/rooms")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "no_such_workspace"


@pytest.mark.parametrize(
    "host", ["localhost", "nobody-here.localhost", "evil.example", "[::1]", "[", "a" * 300]
)
def test_health_answers_on_every_host(stack: Stack, host: str) -> None:
    assert get(stack, host, "/healthz").json() == {"status": "ok"}
    ready = get(stack, host, "/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (
        200,
        {"server": True, "database": True, "redis": True},
    )
    assert get(stack, host, "/metrics").status_code == 200  # from this machine


def test_forwarded_headers_of_a_stranger_change_nothing(stack: Stack, workspace: Workspace) -> None:
    forged = {
        "X-Forwarded-Host": workspace.host,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "443",
        "Forwarded": f"host={workspace.host};proto=https",
        "X-Original-Host": workspace.host,
        "X-Host": workspace.host,
    }
    assert get(stack, "nobody-here.localhost", "/login/", **forged).status_code == 404
    page = get(stack, "localhost", "/", **forged)
    assert (page.status_code, workspace.tenant.name in page.text) == (200, False)


@pytest.mark.parametrize(
    "cookie",
    [
        "snug_session=forged",
        "snug_session=",
        "snug_session=" + "a" * 4000,
        "sessionid=forged",
        "snug_session=%00",
    ],
)
def test_a_forged_session_on_the_portal_is_no_error(stack: Stack, cookie: str) -> None:
    for path in ("/", "/pricing/", "/signup/", "/login/"):
        page = get(stack, "localhost", path, Cookie=cookie)
        assert page.status_code == 200, path
        assert "snug_session" not in page.headers.get("set-cookie", "")


@pytest.mark.parametrize("value", ["forged", "", "a" * 4000, "%00", "../../x"])
def test_a_forged_session_at_a_workspace_signs_nobody_in(
    stack: Stack, workspace: Workspace, value: str
) -> None:
    page = get(stack, workspace.host, "/console/", Cookie=f"snug_session={value}")
    assert (page.status_code, page.headers["location"]) == (302, "/login/?next=/console/")


def test_a_session_is_good_at_its_own_workspace_alone(workspace: Workspace, elsewhere: Workspace) -> None:
    cookie = signed_in(workspace)
    with workspace.http() as here, elsewhere.http() as there:
        assert here.get("/console/", headers=cookie).status_code == 200
        assert here.get("/api/v1/rooms", headers=cookie).status_code == 200
        assert there.get("/console/", headers=cookie).status_code == 302
        assert there.get("/api/v1/rooms", headers=cookie).status_code == 401
        assert here.get("/console/", headers=cookie).status_code == 200  # and it was not spoilt by the try


def test_the_session_cookie_is_for_its_host_only(workspace: Workspace) -> None:
    with workspace.http() as client:
        page = client.get("/login/")
        token = TOKEN.search(page.text)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "email": workspace.owner_email, "password": PASSWORD}
        answer = client.post(
            "/login/", data=form, headers={"Cookie": f"snug_csrf={page.cookies['snug_csrf']}"}
        )
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("snug_session="))
    assert "domain" not in cookie.lower()
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()


def test_requests_to_two_workspaces_at_once_never_meet(workspace: Workspace, elsewhere: Workspace) -> None:
    both = (workspace, elsewhere)
    for each in both:
        with each.api() as client:
            client.post("/api/v1/rooms", json={"name": each.slug}).raise_for_status()

    def rooms(number: int) -> list[str]:
        with both[number % 2].api(number // 2 % 2) as client:
            return [room["name"] for room in client.get("/api/v1/rooms").json()["data"]]

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(rooms, range(160)))
    assert found == [["general", both[number % 2].slug] for number in range(160)]


def test_a_suspended_workspace_answers_402_and_lets_its_owner_sign_in(workspace: Workspace) -> None:
    with in_state(workspace, "suspended"), workspace.api() as client:
        for path in ("/", "/console/", "/chat/", "/widget.js", "/nothing/"):
            page = client.get(path)
            assert page.status_code == 402, path
            assert workspace.tenant.name in page.text
        for method, path in [
            ("GET", "rooms"),
            ("POST", "guests"),
            ("GET", "openapi.json"),
            ("GET", "nothing"),
        ]:
            answer = client.request(method, f"/api/v1/{path}", headers={"Origin": workspace.origin})
            assert answer.status_code == 402
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "tenant_suspended"
            assert answer.headers["access-control-allow-origin"] == workspace.origin  # a page can read why
        assert client.get("/login/").status_code == 200
        cookie = signed_in(workspace)
        assert client.get("/console/", headers=cookie).status_code == 402
        assert client.get("/static/snug/base.css").status_code == 200
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("state", ["provisioning", "deleting"])
def test_a_workspace_that_is_not_there_yet_or_any_more_is_404(workspace: Workspace, state: str) -> None:
    with in_state(workspace, state), workspace.api() as client:
        for path in ("/", "/login/", "/console/", "/chat/", "/widget.js"):
            assert client.get(path).status_code == 404, path
        answer = client.get("/api/v1/rooms")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_workspace")


def test_a_workspace_past_due_is_open(workspace: Workspace) -> None:
    with in_state(workspace, "past_due"), workspace.api() as client:
        assert client.get("/api/v1/rooms").status_code == 200
        assert client.get("/login/").status_code == 200
