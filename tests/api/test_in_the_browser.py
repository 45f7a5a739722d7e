"""The reference page, looked at."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from playwright.sync_api import Browser

from ops.local import Stack
from tests.personas import Workspace, open_workspace
from tests.portal.looking import faults_of


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_reference_is_whole_under_the_strict_policy(
    stack: Stack, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    # In a thread of its own: Playwright's event loop runs in this one, and Django refuses to work beside it.
    with ThreadPoolExecutor(1) as thread:
        workspace: Workspace = thread.submit(open_workspace, tuple(stack.web_ports)).result()
    page = browser.new_page(color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{workspace.origin}/api/v1/docs", wait_until="networkidle")
        assert faults_of(page) == []
    page.get_by_role("link", name="Make a user a member").click()
    assert page.get_by_role("heading", name="Make a user a member").is_visible()
    assert complaints == []
    page.close()
