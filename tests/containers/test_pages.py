"""Pages and the API through nginx, with TLS."""

import re

import httpx
import pytest

from tests.containers.front import TEMPLATE, VARIABLE
from tests.containers.node import Node
from tests.containers.visitors import FrontedWorkspace, as_typed, client, new_address
from tests.personas import PASSWORD
from tests.plain_http import NO_TLS

MEBIBYTE = 1024 * 1024


@pytest.fixture
def base(node: Node) -> str:
    return node.settings["SNUG_BASE_DOMAIN"]


def plain(node: Node, host: str, path: str, method: str = "GET") -> httpx.Response:
    """A request without TLS."""
    return httpx.request(
        method, f"http://127.0.0.1:{node.front.http_port}{path}", headers={"Host": host}, verify=NO_TLS
    )


def test_nginx_takes_the_very_file_that_compose_mounts_without_a_word_of_warning(node: Node) -> None:
    said = node.front.tested()
    assert "test is successful" in said
    assert "[warn]" not in said
    assert "[emerg]" not in node.front.errors()
    assert set(VARIABLE.findall(TEMPLATE.read_text())) == set(node.front.variables)


def test_whoever_comes_without_tls_is_sent_on_with_path_query_and_method(node: Node, base: str) -> None:
    answer = plain(node, f"acme.{base}", "/chat/?room=general&x=%2F", "POST")
    assert answer.status_code == 308  # a POST stays a POST
    assert (
        answer.headers["location"] == f"https://acme.{base}:{node.front.https_port}/chat/?room=general&x=%2F"
    )


def test_a_certificate_authority_finds_its_challenge_without_tls(node: Node, base: str) -> None:
    challenge = node.front.folder / "certificates/acme/.well-known/acme-challenge/token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("token.thumbprint")
    answer = plain(node, base, "/.well-known/acme-challenge/token")
    assert (answer.status_code, answer.text) == (200, "token.thumbprint")
    for other in ("/.well-known/acme-challenge/../../../privkey.pem", "/privkey.pem", "/acme/../privkey.pem"):
        assert "PRIVATE" not in plain(node, base, other).text


def test_the_portal_and_its_files_come_through(node: Node, base: str) -> None:
    with client(node.front, base) as visitor:
        landing = visitor.get("/")
        assert landing.status_code == 200
        assert landing.headers["strict-transport-security"].startswith("max-age=")
        assert landing.headers["server"] == "nginx"  # no version
        sheet = visitor.get("/static/snug/tokens.css", headers={"Accept-Encoding": "gzip"})
        assert sheet.status_code == 200
        assert "--" in sheet.text


def test_every_link_says_https_and_the_public_port(node: Node, base: str, shop: FrontedWorkspace) -> None:
    with shop.http() as visitor:
        signed_in = sign_in(visitor, shop)
        assert f"{shop.origin}/widget.js" in signed_in.get("/console/").text
        for page in (signed_in.get("/console/").text, visitor.get("/chat/").text):
            assert not re.search(
                rf"(http|ws)://[^\"' ]*{re.escape(base)}", page.replace(f"ws://{shop.host}", "")
            )
        policy = visitor.get("/chat/").headers["content-security-policy"]
        assert f"wss://{shop.host}:{node.front.https_port}" in policy


def sign_in(visitor: httpx.Client, shop: FrontedWorkspace) -> httpx.Client:
    """Alice, in her browser."""
    form = visitor.get("/login/")
    hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    assert hidden is not None
    answer = visitor.post(
        "/login/",
        data={"csrfmiddlewaretoken": hidden[1], "email": shop.owner_email, "password": PASSWORD},
        headers={
            "Origin": shop.origin,
            "Referer": f"{shop.origin}/login/",
            "Cookie": f"snug_csrf={form.cookies['snug_csrf']}",
        },
    )
    assert answer.status_code == 302, answer.text
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("snug_session="))
    assert "; Secure" in session
    assert "; HttpOnly" in session
    visitor.headers["Cookie"] = session.partition(";")[0]
    return visitor


async def test_a_staff_session_opens_a_socket_from_the_workspaces_own_pages_alone(
    shop: FrontedWorkspace, node: Node
) -> None:
    with shop.http() as visitor:
        cookie = sign_in(visitor, shop).headers["Cookie"]
    chat = await shop.connect(None, origin=shop.origin, headers={"Cookie": cookie})
    assert any(user["id"] == shop.owner_id for user in (await chat.entered())["users"])
    await chat.close()
    for other in (
        f"http://{shop.host}:{node.front.https_port}",
        f"https://{shop.host}",
        "https://evil.example",
    ):
        assert await (await shop.connect(None, origin=other, headers={"Cookie": cookie})).closed() == 4003


def test_the_api_comes_through_for_its_own_workspace_alone(
    shop: FrontedWorkspace, elsewhere: FrontedWorkspace
) -> None:
    said = {"message": "through the front door", "sub": "bob"}
    with shop.http(shop.secret) as api, shop.http(elsewhere.secret) as mallory:
        assert api.post("/api/v1/rooms/general/messages", json=said).status_code == 201
        refused = mallory.post("/api/v1/rooms/general/messages", json=said)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"


def test_hosts_that_are_nobodys_get_snugs_own_page(node: Node, base: str) -> None:
    for host in (f"nobody-at-all.{base}", "example.org", "127.0.0.1"):
        with client(node.front, host, server_name=base) as visitor:
            answer = visitor.get("/")
            assert answer.status_code == 404
            assert "strict-transport-security" in answer.headers
            assert "<center>nginx" not in answer.text


def test_guests_are_counted_by_their_true_address_whatever_they_claim(shop: FrontedWorkspace) -> None:
    forged = [
        {"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"10.0.0.{n}", "Forwarded": f"for=198.51.100.{n}"}
        for n in range(22)
    ]
    address = new_address()
    with shop.http(address=address) as one, shop.http(address=new_address()) as other:
        admitted = [one.post("/api/v1/guests", headers=claims).status_code for claims in forged]
        assert set(admitted[:20]) == {201}
        assert admitted[-1] == 429
        assert other.post("/api/v1/guests").status_code == 201  # behind the same nginx


FIGURES = (
    "/metrics",
    "//metrics",
    "/%6Detrics",
    "/./metrics",
    "/x/../metrics",
    "/metrics?x=1",
    "/metrics#x",
    "/metrics/",
    "http://other/metrics",
)


@pytest.mark.parametrize("path", FIGURES)
def test_figures_are_not_for_the_outside(node: Node, base: str, path: str) -> None:
    inside = httpx.get(f"http://{node.webs[0].address}/metrics")
    assert inside.status_code == 200
    figures = inside.text.splitlines()[0]
    status, page = as_typed(node.front, base, path)
    assert status == 404
    assert figures not in page


@pytest.mark.parametrize(
    ("size", "said_by_snug"), [(MEBIBYTE + 1, True), (3 * MEBIBYTE, False)], ids=["large", "huge"]
)
def test_a_body_that_is_too_large_is_refused(shop: FrontedWorkspace, size: int, said_by_snug: bool) -> None:
    with shop.http(shop.secret) as api:
        answer = api.post("/api/v1/rooms", content=b"x" * size, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert (answer.headers["content-type"] == "application/problem+json") is said_by_snug


def test_a_head_that_is_too_large_is_refused(shop: FrontedWorkspace) -> None:
    with shop.http(shop.secret) as api:
        assert api.get("/api/v1/rooms", headers={"X-Long": "x" * 7_000}).status_code == 200
        assert api.get("/api/v1/rooms", headers={"X-Long": "x" * 9_000}).status_code == 400
        assert api.get("/api/v1/rooms?" + "x" * 9_000).status_code == 414
