"""The house rules that a machine can check."""

import subprocess
import sys
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
