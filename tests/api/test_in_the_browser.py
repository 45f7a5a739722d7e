"""The reference page, looked at."""

from typing import Literal

import pytest
from playwright.sync_api import Browser

from ops.local import Stack
from tests.personas import open_workspace
from tests.portal.looking import faults_of
from tests.threads import apart


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_reference_is_whole_under_the_strict_policy(
    stack: Stack, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    workspace = apart(open_workspace, tuple(stack.web_ports))
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
