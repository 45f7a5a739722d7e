"""The browser that all the others stand on is the one that Playwright wants, and no heavier than it must be."""

from __future__ import annotations

import subprocess

from playwright.sync_api import Browser

from tests.chromium import NEEDLESS, disabled


def test_the_browser_leaves_out_all_that_playwright_wants_left_out_and_what_is_needless(
    browser: Browser,
) -> None:
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    (process,) = (str(each["id"]) for each in told if each["type"] == "browser")
    line = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", process], capture_output=True, text=True, check=True
    )
    *playwrights, held = disabled(line.stdout.split())
    assert playwrights, "Playwright gives no list of its own any more: ours need not repeat it"
    assert held == set(NEEDLESS).union(*playwrights)
