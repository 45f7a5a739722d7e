"""`/chat/` over HTTP: who may frame it, what it tells, and what it never tells."""

import json
import re
from collections.abc import Callable
from time import sleep
from typing import Any

import httpx
import pytest

from tenants import actions
from tenants.directory import FRESH
from tests.personas import PASSWORD, Workspace


def page(workspace: Workspace, query: str = "", **headers: str) -> httpx.Response:
    with workspace.http() as client:
        return client.get(f"/chat/{query}", headers=headers)


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    directives = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in directives}


def config(answer: httpx.Response) -> dict[str, Any]:
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', answer.text, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_only_the_tenants_own_sites_may_frame_it(new_workspace: Callable[..., Workspace]) -> None:
    hers, mallorys = new_workspace(), new_workspace()
    actions.set_origins(hers.tenant.id, ["https://shop.example"])
    actions.set_origins(mallorys.tenant.id, ["https://mallory.example"])

    allowed = policy(page(hers, "?embed=1"))["frame-ancestors"]

    assert "https://shop.example" in allowed
    assert "'self'" in allowed
    assert "https://mallory.example" not in allowed
    assert "https://mallory.example" in policy(page(mallorys, "?embed=1"))["frame-ancestors"]
    assert "x-frame-options" not in page(hers).headers


def test_scripts_come_from_its_own_host_alone_and_texts_never_become_markup(workspace: Workspace) -> None:
    directives = policy(page(workspace))

    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == ["'self'"]
    assert directives["require-trusted-types-for"] == ["'script'"]
    assert directives["trusted-types"] == ["'none'"]


def test_styles_that_were_not_ours_have_no_nonce(workspace: Workspace) -> None:
    nonces = {policy(page(workspace))["style-src"][1] for _ in range(3)}
    assert len(nonces) == 3


@pytest.mark.parametrize("room", ["<script>", "a/../b", "x" * 81, "%00", "ü"])
def test_a_hostile_room_name_is_no_room(workspace: Workspace, room: str) -> None:
    assert config(page(workspace, "?room=general"))["room"] == "general"
    assert config(page(workspace, f"?room={room}"))["room"] is None


def test_a_colour_from_the_address_must_be_a_colour(workspace: Workspace) -> None:
    assert "--accent: #be123c" in page(workspace, "?accent=%23be123c").text
    assert "evil" not in page(workspace, "?accent=red;}evil{").text


def test_a_tenants_name_cannot_break_out_of_the_page(new_workspace: Callable[..., Workspace]) -> None:
    answer = page(new_workspace(name="</script><script>alert(1)</script>"))
    assert "<script>alert" not in answer.text
    assert config(answer)["tenant"] == "</script><script>alert(1)</script>"


def test_staff_are_known_on_the_page_but_never_in_a_frame(workspace: Workspace, elsewhere: Workspace) -> None:
    with workspace.http() as client:
        form = client.get("/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token
        answer = client.post(
            "/login/",
            data={"email": workspace.owner_email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]},
            headers={"Origin": workspace.origin},
        )
        assert answer.status_code == 302

        assert config(client.get("/chat/"))["staff"] == workspace.owner_id
        assert config(client.get("/chat/?embed=1"))["staff"] is None
        cookies = client.cookies
    with elsewhere.http() as client:
        client.cookies = cookies
        assert config(client.get("/chat/"))["staff"] is None


def test_its_script_and_styles_are_kept_for_ever_under_names_of_their_content(workspace: Workspace) -> None:
    html = page(workspace).text
    for name in re.findall(r"/chat/([0-9a-f]{12}\.(?:js|css))", html):
        with workspace.http() as client:
            asset, other = client.get(f"/chat/{name}"), client.get(f"/chat/{'0' * 12}{name[12:]}")
        assert (asset.status_code, asset.headers["content-encoding"]) == (200, "gzip")
        assert "immutable" in asset.headers["cache-control"]
        assert "set-cookie" not in asset.headers
        # The page of another release, met in the middle of a deployment.
        assert (other.status_code, other.text) == (200, asset.text)
        assert other.headers["cache-control"] == "no-store"
    assert len(set(re.findall(r"/chat/[0-9a-f]{12}", html))) == 2


def test_no_two_elements_share_an_id(workspace: Workspace) -> None:
    for query in ("", "?embed=1"):
        ids = re.findall(r'\sid="([^"]+)"', page(workspace, query).text)
        assert "menu" in ids
        assert sorted(ids) == sorted(set(ids))


def test_language_and_direction_are_the_tenants(new_workspace: Callable[..., Workspace]) -> None:
    assert '<html lang="ar" dir="rtl">' in page(new_workspace(locale="ar")).text
    assert '<html lang="de" dir="ltr">' in page(new_workspace(locale="de-AT")).text


def test_a_suspended_tenant_has_no_chat(workspace: Workspace) -> None:
    assert page(workspace).status_code == 200
    actions.set_state(workspace.tenant.id, "suspended")
    sleep(FRESH + 0.1)
    assert page(workspace).status_code == 402
