"""A Chromium for the browser tests: one that is there, or one that can be had."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ops.local.errors import LaunchError
from ops.local.paths import PYTHON
from ops.local.programs import may_install, runs

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def browser() -> Path:
    """The browser's program, installed first where there is none. Raises LaunchError with what to install."""
    found = _find()
    if found is None:
        print("No browser was found; installing Chromium", file=sys.stderr)
        for install in _ways_to_install():
            if runs(install) and (found := _find()):
                break
    if found is None:
        raise LaunchError(
            "the browser tests need Chromium and it could not be installed; "
            "install it (Debian: apt-get install chromium) and run this again."
        )
    return found


def _find() -> Path | None:
    for candidate in _candidates():
        # Some systems put a placeholder there that only tells how to install it.
        if candidate.exists() and runs([str(candidate), "--version"]):
            return candidate
    return None


def _candidates() -> Iterator[Path]:
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    told = subprocess.run([PYTHON, "-c", _ASK_PLAYWRIGHT], capture_output=True, text=True, check=False)
    if told.returncode == 0:
        yield Path(told.stdout.strip())


def _ways_to_install() -> Iterator[Sequence[str]]:
    if may_install():
        # The list of packages may be missing or old; that the update failed shows in the install.
        yield ["sh", "-c", "apt-get -qq update; apt-get -qq install --yes --no-install-recommends chromium"]
        yield [PYTHON, "-m", "playwright", "install", "--with-deps", "chromium"]
    yield [PYTHON, "-m", "playwright", "install", "chromium"]
