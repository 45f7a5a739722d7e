"""Finding an nginx for the tests of the front door."""

from pathlib import Path

import pytest

from ops.local import nginx as finding
from ops.local.errors import LaunchError
from ops.local.nginx import nginx
from tests.launch.programs import only_path, program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs, and no place from which an nginx could come."""
    folder = only_path(tmp_path, monkeypatch)
    monkeypatch.setattr(finding, "_USUAL", str(folder / "elsewhere"))
    return folder


def test_one_that_is_there_is_taken(path: Path) -> None:
    assert nginx_in(path, "nginx", "echo nginx version: nginx/1.30 >&2") == path / "nginx"


def test_one_beside_the_path_of_ordinary_users_is_taken(path: Path) -> None:
    program(path / "nginx", "exit 1")
    assert nginx_in(path, "elsewhere", "exit 0") == path / "elsewhere"


def test_where_none_is_and_none_can_be_one_line_says_what_to_install(path: Path) -> None:
    with pytest.raises(LaunchError, match="apt-get install nginx") as refused:
        nginx()
    assert "\n" not in str(refused.value)


def nginx_in(path: Path, name: str, script: str) -> Path:
    program(path / name, script)
    return nginx()
