"""Who may read the API's answers from a page in a browser."""

from __future__ import annotations

import pytest

from tenants import actions
from tests.personas import Workspace

SHOP = "https://shop.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
def listed(workspace: Workspace) -> Workspace:
    actions.set_origins(workspace.tenant.id, [SHOP, "https://*.example.org"])
    return workspace


@pytest.mark.parametrize("origin", [SHOP, "https://a.example.org", "http://localhost:5173"])
def test_a_preflight_from_an_allowed_site_is_answered(listed: Workspace, origin: str) -> None:
    with listed.http() as client:  # browsers send no credentials with it
        answer = client.options("/api/v1/rooms/general/messages", headers={"Origin": origin, **PREFLIGHT})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} == set(
        answer.headers["access-control-allow-methods"].split(", ")
    )
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type"} <= set(allowed)
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://evil-example.org",
        "https://shop.example.com.evil.example",
        "http://shop.example.com",
        "null",
        "*",
        "",
    ],
)
def test_from_any_other_site_nothing_is_allowed(listed: Workspace, origin: str) -> None:
    with listed.api() as client:
        answers = [
            client.options("/api/v1/rooms", headers={"Origin": origin, **PREFLIGHT}),
            client.get("/api/v1/rooms", headers={"Origin": origin}),
            client.post("/api/v1/rooms", json={}, headers={"Origin": origin}),
        ]
    for answer in answers:
        assert [name for name in answer.headers if name.startswith("access-control")] == []
        assert "origin" in answer.headers["vary"].lower()


def test_every_answer_can_be_read_by_an_allowed_site_refusals_too(listed: Workspace) -> None:
    asked = {"Origin": SHOP}
    with listed.api() as client, listed.http() as nobody:
        answers = {
            200: client.get("/api/v1/rooms", headers=asked),
            201: client.post("/api/v1/rooms", json={"name": "a"}, headers=asked),
            400: client.post(
                "/api/v1/rooms", content="{", headers={**asked, "Content-Type": "application/json"}
            ),
            401: nobody.get("/api/v1/rooms", headers=asked),
            404: client.get("/api/v1/nothing", headers=asked),
            405: client.delete("/api/v1/rooms", headers=asked),
            415: client.post("/api/v1/rooms", content="{}", headers={**asked, "Content-Type": "text/plain"}),
            422: client.post("/api/v1/rooms", json={}, headers=asked),
        }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == SHOP
        exposed = answer.headers["access-control-expose-headers"]
        assert {"RateLimit-Remaining", "Retry-After"} <= set(exposed.split(", "))
        assert answer.headers["cache-control"] == "no-store"


def test_pages_are_not_shared_across_origins(listed: Workspace) -> None:
    with listed.http() as client:
        page = client.get("/login/", headers={"Origin": SHOP})
    assert "access-control-allow-origin" not in page.headers
