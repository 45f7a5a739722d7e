"""Folders and projects for the launch tests. Each leaves no process behind, or its test fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local import Stack
from tests.launch.machine import copy_of_launcher, folder_for_all, parts_in


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@pytest.fixture
def closed_folder(open_folder: Path) -> Path:
    """A folder below one that only its owner may enter, as a home folder often is."""
    closed = open_folder / "home of root"
    closed.mkdir(mode=0o700)
    return closed


@pytest.fixture
def project(open_folder: Path) -> Path:
    return copy_of_launcher(open_folder / "project")


@pytest.fixture(scope="module")
def parts() -> Iterator[Stack]:
    """The database and Redis alone, shared by the tests of a file."""
    with folder_for_all() as folder, parts_in(folder / "data") as stack:
        yield stack
