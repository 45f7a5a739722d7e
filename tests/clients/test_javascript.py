"""The JavaScript client as a package: its README, pasted into a page of a customer's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.personas import Workspace
from tests.widget.conftest import Site

PACKAGE = Path(__file__).parents[2] / "widget/client"


def test_the_readme_works_when_pasted(
    workspace: Workspace, site: Site, open_page: Callable[..., Page]
) -> None:
    token_url = site.serve_token(workspace.token("bob", name="Bob"))
    blocks = re.findall(r"```js\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    pasted = "\n".join(blocks).replace("https://acme.snug.example", workspace.origin)
    assert pasted.count('"/chat-token"') == 1
    pasted = pasted.replace('"/chat-token"', json.dumps(token_url))
    lead = {"imports": {"snug-client": f"{workspace.origin}/static/snug/client/snug-client.js"}}
    with workspace.api() as api:
        api.post(
            "/api/v1/rooms/general/messages", json={"message": "before", "sub": "ann"}
        ).raise_for_status()
        page = open_page(
            site.serve(
                f"<script type=importmap>{json.dumps(lead)}</script>"
                f"<script type=module>{pasted}\ndocument.title = chat.state;</script>"
            )
        )
        page.wait_for_function("document.title === 'idle' || document.title === 'stopped'")
        texts = [message["message"] for message in api.get("/api/v1/rooms/general/messages").json()["data"]]
        assert texts == ["Soup is ready", "Hello from my own page", "before"]
        shown = page.locator("li").all_inner_texts()
        assert shown == ["ann: before", "Bob: Hello from my own page", "Bob: Soup is ready"]


def test_the_package_holds_what_it_names() -> None:
    package: dict[str, Any] = json.loads((PACKAGE / "package.json").read_text())
    assert "dependencies" not in package
    for path in (package["main"], package["types"], *package["exports"]["."].values()):
        assert (PACKAGE / path).is_file()
    assert package["files"] == ["src"]
