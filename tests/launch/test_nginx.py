"""Finding an nginx for the tests of the front door."""

from pathlib import Path

import pytest

from ops.local import nginx as finding
from ops.local.errors import LaunchError
from ops.local.nginx import nginx


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs, and no place from which an nginx could come."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(finding, "_USUAL", str(folder / "elsewhere"))
    return folder


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


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
