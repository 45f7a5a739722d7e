"""The JavaScript client as a package: its README, pasted into a page of a customer's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.personas import Workspace
from tests.widget.conftest import Site

PACKAGE = Path(__file__).parents[2] / "widget/client"
GENERAL = "/api/v1/rooms/general/messages"


def test_the_readme_works_when_pasted(
    workspace: Workspace, site: Site, open_page: Callable[..., Page]
) -> None:
    token_url = site.serve_token(workspace.token("bob", name="Bob"))
    blocks = re.findall(r"```js\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 6
    pasted = "\n".join(blocks).replace("https://acme.snug.example", workspace.origin)
    assert pasted.count('"/chat-token"') == 2
    pasted = pasted.replace('"/chat-token"', json.dumps(token_url))
    lead = {"imports": {"snug-client": f"{workspace.origin}/static/snug/client/snug-client.js"}}
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"}).raise_for_status()
        api.post("/api/v1/rooms", json={"name": "cellar", "kind": "private"}).raise_for_status()
        api.post(GENERAL, json={"message": "before the soup", "sub": "ann"}).raise_for_status()
        page, said = open_page("about:blank"), []
        page.on("console", lambda line: said.append(line.text))
        page.goto(
            site.serve(
                f"<script type=importmap>{json.dumps(lead)}</script>"
                f"<script type=module>{pasted}\ndocument.title = chat.state;</script>"
            )
        )
        page.wait_for_function("document.title === 'idle' || document.title === 'stopped'")
        texts = [message["message"] for message in api.get(GENERAL).json()["data"]]
        assert texts == ["Soup is ready", "Hello from my own page", "before the soup"]
        menu = page.locator("li", has_text="Bob: Today's menu")
        expect(menu).to_have_count(1)
        menu.evaluate("(line) => line.remove()")
        shown = page.locator("li").all_inner_texts()
        assert shown == ["ann: before the soup", "Bob: Hello from my own page", "Bob: Soup is ready"]
        (in_kitchen,) = api.get("/api/v1/rooms/kitchen/messages").json()["data"]
        assert in_kitchen["files"][0]["name"] == "menu.txt"
        (report,) = api.get("/api/v1/reports").json()["data"]
        assert (report["said"], report["reported_by"], report["reason"]) == ("before the soup", "bob", "spam")
    assert {"cellar: 4003", "Bob has read up to 3", "<mark>Soup</mark> is ready"} <= set(said)


def test_the_package_holds_what_it_names() -> None:
    package: dict[str, Any] = json.loads((PACKAGE / "package.json").read_text())
    assert "dependencies" not in package
    exported = [path for each in package["exports"].values() for path in each.values()]
    for path in (package["main"], package["types"], *exported):
        assert (PACKAGE / path).is_file()
    assert package["files"] == ["src"]
