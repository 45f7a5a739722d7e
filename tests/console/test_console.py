"""What the console shows and changes, and for whom."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from accounts.models import ApiKey
from rooms.models import Room
from tenants.context import run_in_tenant
from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("/console/keys/", {"key-name": "Shop", "key-access": "all"}),
    ("/console/keys/{key}/revoke/", {}),
    ("/console/origins/", {"origins": "https://shop.example.com"}),
    ("/console/guests/", {"allowed": "yes", "proof": "always"}),
    ("/console/rooms/", {"room-name": "orders", "room-kind": "public"}),
]


def secrets_in(page: str) -> tuple[str, str]:
    found = re.findall(r'<code id="fresh-(?:secret|signing)"[^>]*>([^<]+)</code>', page)
    assert len(found) == 2, page
    return found[0], found[1]


async def test_open_connections_are_counted_against_the_plan(workspace: Workspace, alice: Visitor) -> None:
    assert alice.get("/console/live/").json()["connections"] == 0
    async with (
        workspace.chat(workspace.token("bob")) as bob,
        workspace.chat(workspace.token("ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        await bob.say("hello")
        now = alice.get("/console/live/").json()
    assert (now["connections"], now["max_connections"], now["rooms"]) == (2, 100, 1)


async def test_messages_of_today_are_counted(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        for number in range(3):
            await bob.say(f"{number}")
    with sign_in(workspace) as alice:
        assert alice.get("/console/live/").json()["messages_today"] == 3


def test_the_line_to_embed_is_this_workspaces_own(workspace: Workspace, alice: Visitor) -> None:
    page = alice.get("/console/").text
    assert f"{workspace.host}" in page
    assert "/widget.js&quot; data-room=" in page or '/widget.js" data-room=' in page
    assert workspace.key_id in page
    assert alice.get("/widget.js").status_code == 200


async def test_the_python_example_signs_a_token_that_opens_a_room(
    workspace: Workspace, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = re.search(r'<code id="python">(.*?)</code>', alice.get("/console/").text, re.DOTALL)
    assert code
    monkeypatch.setenv("SNUG_SIGNING_SECRET", workspace.signing_secret)
    scope: dict[str, Any] = {}
    exec(html.unescape(code.group(1)), scope)  # just as a reader would run it
    token = scope["chat_token"](SimpleNamespace(id=7, name="Bob"))
    async with workspace.chat(token) as bob:
        assert {"id": "7", "username": "Bob"} in (await bob.entered())["users"]


def test_the_preview_carries_the_widget(alice: Visitor) -> None:
    assert '<script async src="/widget.js" data-room="general"' in alice.get("/console/preview/").text


def test_a_new_key_is_shown_once_and_works(workspace: Workspace, alice: Visitor) -> None:
    made = alice.post(
        "/console/keys/", {"key-name": " Shop  backend ", "key-access": "all"}, page="/console/"
    )
    location = made.headers["location"]
    assert re.fullmatch(r"/console/\?key=key_[0-9a-f]{16}#keys", location)
    secret, signing = secrets_in(alice.get(location).text)
    assert "fresh-secret" not in alice.get(location).text
    assert "fresh-secret" not in alice.get("/console/").text

    with workspace.http(secret) as api:
        assert api.get("/api/v1/rooms").status_code == 200
    key_id = location.split("=")[1].split("#")[0]
    token = jwt.encode(
        {"sub": "bob", "aud": "snug", "exp": 4_000_000_000}, signing, "HS256", headers={"kid": key_id}
    )
    assert token
    listed = text_of(alice.get("/console/"))
    assert "Shop backend" in listed
    assert signing not in listed


def test_a_browser_that_only_looks_ahead_is_shown_no_secret(alice: Visitor) -> None:
    made = alice.post("/console/keys/", {"key-name": "Shop", "key-access": "all"}, page="/console/")
    location = made.headers["location"]
    assert alice.client.head(location).status_code == 200
    assert "fresh-secret" not in alice.get(location, headers={"Sec-Purpose": "prefetch;prerender"}).text
    assert "fresh-secret" in alice.get(location).text


def test_a_key_holds_the_scopes_that_were_chosen(workspace: Workspace, alice: Visitor) -> None:
    form = {"key-name": "Reader", "key-access": "some", "key-scopes": ["messages:read", "rooms:read"]}
    key_id = (
        alice.post("/console/keys/", form, page="/console/").headers["location"].split("=")[1].split("#")[0]
    )

    def scopes() -> list[str]:
        return sorted(ApiKey.objects.get(pk=key_id).scopes)

    assert run_in_tenant(workspace.tenant, scopes) == ["messages:read", "rooms:read"]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"key-name": "", "key-access": "all"}, "Give the key a name."),
        ({"key-name": "x" * 81, "key-access": "all"}, "at most 80"),
        ({"key-name": "a\x00b", "key-access": "all"}, "Null characters"),
        ({"key-name": "Shop", "key-access": "some"}, "at least one thing"),
        ({"key-name": "Shop", "key-access": "some", "key-scopes": ["everything:please"]}, "not one of"),
    ],
)
def test_a_bad_key_is_explained(alice: Visitor, form: dict[str, Any], words: str) -> None:
    response = alice.post("/console/keys/", form, page="/console/")
    assert (response.status_code, words in text_of(response)) == (422, True)


def test_a_revoked_key_stops_working(workspace: Workspace, alice: Visitor) -> None:
    with workspace.api() as api:
        assert api.get("/api/v1/rooms").status_code == 200
    path = f"/console/keys/{workspace.key_id}/revoke/"
    assert alice.post(path, page="/console/").headers["location"] == "/console/#keys"
    page = text_of(alice.get("/console/"))
    assert "The key is revoked." in page
    assert "1 revoked or expired" in page
    assert "No key is in use" in page
    assert alice.post(path, page="/console/").headers["location"] == "/console/#keys"
    assert "revoked already" in text_of(alice.get("/console/"))


def test_origins_are_saved_as_browsers_send_them(workspace: Workspace, alice: Visitor) -> None:
    lines = "https://Shop.Example.com/\n\n  http://localhost:9000 \nhttps://*.example.org\nhttps://shop.example.com:443"
    alice.post("/console/origins/", {"origins": lines}, page="/console/")
    assert workspace.tenant.origins == (
        "https://shop.example.com",
        "http://localhost:9000",
        "https://*.example.org",
    )
    assert "3 origins may embed" in text_of(alice.get("/console/"))
    alice.post("/console/origins/", {"origins": ""}, page="/console/")
    assert workspace.tenant.origins == ()


@pytest.mark.parametrize(
    "line",
    ["ftp://x.example", "https://a.example/path", "shop.example", "https://", "*", "https://a.example\x00"],
)
def test_a_bad_origin_is_named_and_nothing_is_saved(workspace: Workspace, alice: Visitor, line: str) -> None:
    alice.post("/console/origins/", {"origins": "https://good.example"}, page="/console/")
    response = alice.post("/console/origins/", {"origins": f"https://new.example\n{line}"}, page="/console/")
    assert response.status_code == 422
    assert "is not an origin" in text_of(response)
    assert "https://new.example" in response.text  # what was typed is kept
    assert workspace.tenant.origins == ("https://good.example",)


def test_a_room_is_made_and_listed(workspace: Workspace, alice: Visitor) -> None:
    form = {"room-name": "orders", "room-title": "<b>Orders</b> & returns", "room-kind": "support"}
    assert alice.post("/console/rooms/", form, page="/console/").headers["location"] == "/console/#rooms"
    page = alice.get("/console/").text
    assert "&lt;b&gt;Orders&lt;/b&gt; &amp; returns" in page
    again = alice.post("/console/rooms/", form, page="/console/")
    assert (again.status_code, "Choose another name" in text_of(again)) == (422, True)


@pytest.mark.parametrize("name", ["", "a b", "../x", "ü", "x" * 81, "a\x00b"])
def test_a_bad_room_name_is_explained(alice: Visitor, name: str) -> None:
    response = alice.post("/console/rooms/", {"room-name": name, "room-kind": "public"}, page="/console/")
    assert response.status_code == 422
    assert 'id="id_room-name_error"' in response.text


def test_a_full_plan_says_so(workspace: Workspace, alice: Visitor) -> None:
    def fill() -> None:
        Room.objects.bulk_create(Room(name=f"r{number}") for number in range(19))

    run_in_tenant(workspace.tenant, fill)
    assert "All 20 rooms of the Free plan are in use" in text_of(alice.get("/console/"))
    response = alice.post("/console/rooms/", {"room-name": "more", "room-kind": "public"}, page="/console/")
    assert (response.status_code, "All 20 rooms" in text_of(response)) == (422, True)


@pytest.mark.parametrize("role", ["moderator", "agent"])
@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_others_may_look_and_not_change(
    workspace: Workspace, role: str, path: str, form: dict[str, Any]
) -> None:
    path = path.format(key=workspace.key_id)
    with sign_in(workspace, hire(workspace, "admin")) as admin:  # the identical request, by one who may
        assert admin.post(path, form, page="/console/").status_code == 302
    with sign_in(workspace, hire(workspace, role)) as colleague:
        page = colleague.get("/console/")
        assert page.status_code == 200
        assert "/console/keys/" not in page.text
        refused = colleague.post(path, form, page="/console/")
        assert (refused.status_code, "not yours to change" in text_of(refused)) == (403, True)


@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_changes_need_a_token_and_a_session(
    workspace: Workspace, alice: Visitor, path: str, form: dict[str, Any]
) -> None:
    path = path.format(key=workspace.key_id)
    assert alice.send(path, form).status_code == 403
    with Visitor(workspace.origin) as stranger:
        assert stranger.post(path, form, page="/login/").headers["location"] == "/login/"
    assert alice.post(path, form, page="/console/").status_code == 302


@pytest.mark.parametrize(("path", "form"), CHANGES)
def test_the_address_of_a_form_leads_to_its_section(
    workspace: Workspace, alice: Visitor, path: str, form: dict[str, Any]
) -> None:
    path = path.format(key=workspace.key_id)
    section = f"/console/#{path.split('/')[2]}"
    assert alice.get(path).headers["location"] == section
    assert alice.client.head(path).headers["location"] == section
    answer = alice.client.put(path)
    assert answer.status_code == 403 or answer.headers["allow"] == "POST"
    assert "1 revoked" not in text_of(alice.get("/console/"))


def test_a_button_s_address_is_explained_to_whoever_opens_it(workspace: Workspace, alice: Visitor) -> None:
    shown = alice.get("/logout/")
    assert (shown.status_code, "This address is not a page" in text_of(shown)) == (405, True)
    assert shown.headers["allow"] == "POST"
    assert "default-src 'self'" in shown.headers["content-security-policy"]
    assert alice.get("/console/").status_code == 200
    with workspace.api() as api:
        refused = api.delete("/api/v1/rooms")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")


def test_what_was_done_is_told_where_it_was_done(alice: Visitor) -> None:
    alice.post("/console/rooms/", {"room-name": "orders", "room-kind": "public"}, page="/console/")
    form = {"origins": "https://shop.example.com"}
    alice.post("/console/origins/", form, page="/login/forgot/")  # a page that tells nothing
    page = alice.get("/console/").text
    sections = dict(re.findall(r'<section class="section" id="(\w+)"(.*?)</section>', page, re.DOTALL))
    told = {
        id_: re.findall(r'role="status"[^>]*data-said>.*?<div>(.*?)</div>', text)
        for id_, text in sections.items()
    }
    assert told["rooms"] == ["The room “orders” is open."]
    assert told["origins"] == ["Saved. 1 origin may embed the chat."]
    assert page.count("data-said") == 2


def test_the_api_reference_is_linked(workspace: Workspace, alice: Visitor) -> None:
    assert alice.get("/console/").text.count('href="/api/v1/docs"') == 2
    with Visitor(workspace.origin) as stranger:
        assert 'href="/api/v1/docs"' in stranger.get("/").text
        assert stranger.get("/api/v1/docs").status_code == 200


def test_a_key_that_signs_nothing_shows_no_signing_secret(workspace: Workspace, alice: Visitor) -> None:
    form = {"key-name": "Reader", "key-access": "some", "key-scopes": ["messages:read"]}
    made = alice.post("/console/keys/", form, page="/console/").headers["location"]
    page = alice.get(made).text
    assert "fresh-secret" in page
    assert "fresh-signing" not in page
    code = re.search(r'<code id="python">(.*?)</code>', page, re.DOTALL)
    assert code
    assert workspace.key_id in code.group(1)  # the newest key that may


def test_mallory_revokes_no_key_of_ours(workspace: Workspace, alice: Visitor, mallory: Visitor) -> None:
    path = f"/console/keys/{workspace.key_id}/revoke/"
    mallory.post(path, page="/console/")
    assert "revoked already" in text_of(mallory.get("/console/"))  # over there is no such key
    with workspace.api() as api:
        assert api.get("/api/v1/rooms").status_code == 200
    alice.post(path, page="/console/")
    assert "The key is revoked." in text_of(alice.get("/console/"))


def test_the_console_keeps_to_the_strict_policy(alice: Visitor) -> None:
    from tests.portal.test_pages import UNSAFE

    for path in ("/console/", "/console/preview/"):
        page = alice.get(path)
        assert "unsafe" not in page.headers["content-security-policy"]
        assert not UNSAFE.search(page.text)
        assert page.headers["cache-control"] == "private, no-store"


def test_every_icon_of_the_console_is_drawn(alice: Visitor) -> None:
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', alice.get("/static/snug/icons.svg").text))
    assert set(re.findall(r"icons\.svg#([a-z-]*)", alice.get("/console/").text)) <= drawn


def test_a_key_that_ends_is_made_and_rotated_in_the_console(workspace: Workspace, alice: Visitor) -> None:
    alice.post(
        "/console/keys/", {"key-name": "Shop", "key-access": "all", "key-expires": "90"}, page="/console/"
    )
    page = alice.get("/console/").text
    key_id = re.findall(r"key_[0-9a-f]{16}", page)[-1]
    made = alice.post(f"/console/keys/{key_id}/rotate/", {"overlap": "day"}, page="/console/")
    shown = alice.get(made.headers["location"]).text
    secret, _ = secrets_in(shown)
    with workspace.http(secret) as client:
        keys = client.get("/api/v1/keys").json()["data"]
    old, new = keys[-2:]
    assert (old["name"], old["replaced_by"], new["name"]) == ("Shop", new["id"], "Shop")
    assert old["active"]
    assert old["expires_at"] < new["expires_at"]
    assert secret not in alice.get(made.headers["location"]).text
    again = alice.post(f"/console/keys/{old['id']}/rotate/", {"overlap": "day"}, page="/console/")
    assert "?key=" not in again.headers["location"]
    assert "rotated or revoked already" in text_of(alice.get("/console/"))
