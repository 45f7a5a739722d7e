"""The house rules that a machine can check."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ops.local import Stack

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "."],
        ["lint-imports"],
        ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
        ["python", "manage.py", "check"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_code_keeps_the_house_rules(command: list[str], stack: Stack) -> None:
    # mypy's Django plugin imports the settings, which want a whole environment.
    done = subprocess.run(
        [PROGRAMS / command[0], *command[1:]],
        cwd=PROJECT,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_every_room_of_the_house_goes_into_the_image() -> None:
    let_in = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    linted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(linted["root_packages"]) - {"stripe_stand_in"} <= let_in
