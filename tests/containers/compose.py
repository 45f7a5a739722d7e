"""docker-compose.yml as Compose reads it: variables filled in, anchors merged."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.local.paths import PROJECT

FILE = PROJECT / "docker-compose.yml"
# ${NAME}, ${NAME:-default}, ${NAME:?complaint}, ${NAME:+what stands there if it is set}; one may hold another.
_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Z_0-9]+)(?::([-?+])((?:[^{}]|\{[^{}]*\})*))?\})")


class Missing(Exception):
    """A variable that must be set is not; the text is what Compose says."""


def filled_in(text: str, env: Mapping[str, str]) -> str:
    """`text` with its variables filled in. Raises Missing."""

    def value(found: re.Match[str]) -> str:
        dollar, name, how, more = found.groups()
        if dollar:
            return "$"
        there = env.get(name, "")
        if how == "?" and not there:
            raise Missing(f"{name} {more}")
        if how == "+":
            return filled_in(more, env) if there else ""
        return there or (filled_in(more, env) if how == "-" else "")

    return _VARIABLE.sub(value, text)


def read(env: Mapping[str, str]) -> dict[str, Any]:
    """The whole file with this .env."""
    return dict(_filled_in_all(yaml.safe_load(FILE.read_text()), env))


def _filled_in_all(node: Any, env: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled_in_all(value, env) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled_in_all(value, env) for value in node]
    return filled_in(node, env) if isinstance(node, str) else node


def settings(env_file: Path) -> dict[str, str]:
    """What an .env file sets."""
    lines = [line for line in env_file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def new_env(folder: Path) -> dict[str, str]:
    """What a newcomer's .env sets: ops/containers/new-env, run in a folder of its own."""
    for name in ("ops/containers/new-env", ".env.example"):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((PROJECT / name).read_bytes())
    done = run_new_env(folder)
    assert done.returncode == 0, done.stderr
    return settings(folder / ".env")


def run_new_env(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command from elsewhere, with next to nothing in the environment."""
    return subprocess.run(
        ["sh", str(folder / "ops/containers/new-env")],
        env={"PATH": os.environ["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
