"""`/api/v1/openapi.json` and `/api/v1/docs`: what the API says of itself."""

import re
from pathlib import Path
from typing import Any

import httpx

from api.catalogue import CLOSES, FRAMES, PROBLEMS, page
from api.v1 import api
from realtime.events import CloseCode, ErrorCode
from tests.personas import Workspace


def document(workspace: Workspace) -> dict[str, Any]:
    with workspace.http() as client:
        answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    found: dict[str, Any] = answer.json()
    return found


def test_the_document_names_every_call_with_its_title_scope_and_answers(workspace: Workspace) -> None:
    paths = document(workspace)["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/api/v1/tokens", "post"),
        ("/api/v1/tickets", "post"),
        ("/api/v1/guests", "post"),
        ("/api/v1/rooms", "get"),
        ("/api/v1/rooms", "post"),
        ("/api/v1/rooms/{name}", "get"),
        ("/api/v1/rooms/{name}", "patch"),
        ("/api/v1/rooms/{name}", "delete"),
        ("/api/v1/search", "get"),
        ("/api/v1/presence/{room}", "get"),
        ("/api/v1/rooms/{name}/receipts", "get"),
        ("/api/v1/rooms/{name}/messages/{message_id}/report", "post"),
        ("/api/v1/reports", "get"),
        ("/api/v1/test/reset", "post"),
        ("/api/v1/reports/{report_id}", "patch"),
        ("/api/v1/filters", "get"),
        ("/api/v1/filters", "post"),
        ("/api/v1/filters/{filter_id}", "delete"),
        ("/api/v1/moderation", "get"),
        ("/api/v1/moderation", "patch"),
        ("/api/v1/moderation/hook", "put"),
        ("/api/v1/moderation/hook", "delete"),
        ("/api/v1/moderation/hook/rotate-secret", "post"),
        ("/api/v1/users/{external_id}/blocks", "get"),
        ("/api/v1/users/{external_id}/blocks/{blocked_id}", "put"),
        ("/api/v1/users/{external_id}/blocks/{blocked_id}", "delete"),
        ("/api/v1/rooms/{name}/incoming-webhooks", "get"),
        ("/api/v1/rooms/{name}/incoming-webhooks", "post"),
        ("/api/v1/rooms/{name}/incoming-webhooks/{incoming_id}", "delete"),
        ("/api/v1/incoming/{token}", "post"),
        ("/api/v1/rooms/{name}/members", "get"),
        ("/api/v1/rooms/{name}/members/{external_id}", "get"),
        ("/api/v1/rooms/{name}/members/{external_id}", "put"),
        ("/api/v1/rooms/{name}/members/{external_id}", "delete"),
        ("/api/v1/rooms/{name}/messages", "get"),
        ("/api/v1/rooms/{name}/messages", "post"),
        ("/api/v1/rooms/{name}/messages/{message_id}", "get"),
        ("/api/v1/rooms/{name}/messages/{message_id}", "patch"),
        ("/api/v1/rooms/{name}/messages/{message_id}", "delete"),
        ("/api/v1/rooms/{name}/messages/{message_id}/reactions/{emoji}", "put"),
        ("/api/v1/rooms/{name}/messages/{message_id}/reactions/{emoji}", "delete"),
        ("/api/v1/files", "get"),
        ("/api/v1/files", "post"),
        ("/api/v1/files/{file_id}", "get"),
        ("/api/v1/files/{file_id}", "delete"),
        ("/api/v1/webhooks", "get"),
        ("/api/v1/webhooks", "post"),
        ("/api/v1/webhooks/{webhook_id}", "get"),
        ("/api/v1/webhooks/{webhook_id}", "patch"),
        ("/api/v1/webhooks/{webhook_id}", "delete"),
        ("/api/v1/webhooks/{webhook_id}/rotate-secret", "post"),
        ("/api/v1/webhooks/{webhook_id}/test", "post"),
        ("/api/v1/webhooks/{webhook_id}/deliveries", "get"),
        ("/api/v1/webhooks/deliveries/{delivery_id}", "get"),
        ("/api/v1/webhooks/deliveries/{delivery_id}/replay", "post"),
        ("/api/v1/audit", "get"),
        ("/api/v1/usage", "get"),
        ("/api/v1/public-keys", "get"),
        ("/api/v1/public-keys", "post"),
        ("/api/v1/public-keys/{key_id}", "get"),
        ("/api/v1/public-keys/{key_id}", "delete"),
        ("/api/v1/keys", "get"),
        ("/api/v1/keys", "post"),
        ("/api/v1/keys/{key_id}", "get"),
        ("/api/v1/keys/{key_id}", "delete"),
        ("/api/v1/keys/{key_id}/rotate", "post"),
        ("/api/v1/users", "get"),
        ("/api/v1/users", "post"),
        ("/api/v1/users/{external_id}", "get"),
        ("/api/v1/users/{external_id}", "put"),
        ("/api/v1/users/{external_id}", "patch"),
        ("/api/v1/users/{external_id}", "delete"),
        ("/api/v1/users/{external_id}/revoke-tokens", "post"),
        ("/api/v1/users/{external_id}/ban", "post"),
        ("/api/v1/users/{external_id}/ban", "delete"),
    }
    for path, methods in paths.items():
        for method, said in methods.items():
            assert said["summary"][0].isupper(), (path, method)
            assert "default" in said["responses"]
            assert ("x-snug-scope" in said) == (path not in ("/api/v1/guests", "/api/v1/incoming/{token}"))
    assert paths["/api/v1/rooms"]["post"]["x-snug-scope"] == "rooms:write"


def test_the_reference_page_needs_nothing_from_elsewhere(workspace: Workspace) -> None:
    with workspace.http() as client:
        page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert set(re.findall(r'(?:src|href)="(https?:)?//', page.text)) == set()
    assert "Make a user a member" in page.text
    assert f"http://{workspace.host}:{workspace.ports[0]}/api/v1/presence/general" in page.text
    assert "{emoji}&quot;" not in page.text  # every part of a path has an example
    assert f"http://{workspace.host}" in page.text  # the examples are this workspace's own
    for path in document(workspace)["paths"]:
        assert path in page.text


def test_the_reference_page_lists_the_codes_of_errors(workspace: Workspace) -> None:
    with workspace.http() as client:
        page = client.get("/api/v1/docs").text
    assert 'href="#errors"' in page
    listed = page.partition('id="errors"')[2].partition("</ul>")[0]
    codes = {code for of_status in PROBLEMS.values() for code in of_status}
    assert set(re.findall(r'<code id="([a-z_]+)">', listed)) == codes


def test_the_page_of_errors_is_the_catalogue() -> None:
    written = Path(__file__).parents[2] / "docs/errors.md"
    assert written.read_text() == page(), "write it anew: .venv/bin/python -m api.catalogue > docs/errors.md"


def test_every_code_of_sockets_is_in_the_catalogue() -> None:
    assert set(FRAMES) == set(ErrorCode)
    assert set(CLOSES) == set(CloseCode)


def test_every_code_that_the_product_answers_is_in_the_catalogue() -> None:
    """Read off the code: whatever is given to Problem or problem as a code."""
    known = {(status, code) for status, codes in PROBLEMS.items() for code in codes}
    project = Path(__file__).parents[2]
    used = set()
    for folder in ("api", "config", "tenants"):
        for path in (project / folder).rglob("*.py"):
            used |= {
                (int(status), code)
                for status, code in re.findall(
                    r"(?:Problem|problem|_answer)\(\s*(?:request, )?(\d{3}),\s*\"(\w+)\"", path.read_text()
                )
            }
    assert len(used) > 25
    assert used <= known, used - known


def test_the_portal_has_no_api(portal_url: str) -> None:
    answer = httpx.get(
        portal_url.replace("localhost", "127.0.0.1") + "/api/v1/docs", headers={"Host": "localhost"}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_document_is_made_without_a_request() -> None:
    assert api.get_openapi_schema()["openapi"].startswith("3.")
