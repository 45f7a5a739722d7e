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


def test_a_page_of_a_new_profile_is_all_that_its_window_loads(browser: Browser) -> None:
    context = browser.new_context()
    context.new_page()
    session = browser.new_browser_cdp_session()
    targets = session.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
    context.close()
    assert sorted({target["type"] for target in targets}) == ["page", "tab"]
