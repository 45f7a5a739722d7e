"""Finding a browser for the browser tests."""

from pathlib import Path

import pytest

from ops.local.browser import browser
from ops.local.errors import LaunchError
from tests.launch.programs import only_path, program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs, and no place from which a browser could come."""
    folder = only_path(tmp_path, monkeypatch)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:1")
    return folder


def test_one_that_is_there_is_taken(path: Path) -> None:
    assert browser_in(path, "google-chrome", "echo Google Chrome 150") == path / "google-chrome"


def test_a_placeholder_that_does_not_run_is_passed_over(path: Path) -> None:
    program(path / "chromium", "echo install the snap; exit 1")
    assert browser_in(path, "google-chrome", "echo Google Chrome 150") == path / "google-chrome"


def test_where_none_is_and_none_can_be_one_line_says_what_to_install(path: Path) -> None:
    with pytest.raises(LaunchError, match="apt-get install chromium") as refused:
        browser()
    assert "\n" not in str(refused.value)


def browser_in(path: Path, name: str, script: str) -> Path:
    program(path / name, script)
    return browser()
