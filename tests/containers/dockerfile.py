"""The image without Docker: the steps of ops/image/Dockerfile that need no system of their own, in a folder."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.local.paths import PROJECT

FILE = PROJECT / "ops" / "image" / "Dockerfile"
_PATIENCE = 300


@dataclass(frozen=True)
class Step:
    """One instruction of one stage (0 is the first)."""

    stage: int
    word: str
    rest: str


def steps() -> list[Step]:
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", FILE.read_text()))
    found, stage = [], -1
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        found.append(Step(stage, word, re.sub(r"\s+", " ", rest)))
    return found


def command() -> list[str]:
    """What the image runs unless told otherwise."""
    words: list[str] = json.loads(next(step.rest for step in steps() if step.word == "CMD"))
    return words


def allowed() -> list[str]:
    """What .dockerignore lets into the image, at the top of the project."""
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def build(app: Path) -> None:
    """Make what the image has at /app. Packages come from the index or from this machine's cache."""
    app.mkdir()
    for step in steps():
        if step.word == "COPY" and not step.rest.startswith("--from"):
            *sources, target = step.rest.split()
            for source in sources:
                _copy(source, app, target)
        elif step.word == "RUN" and not step.rest.startswith(
            "useradd"
        ):  # the system's user, not the folder's
            _run(step, app)


def _copy(source: str, app: Path, target: str) -> None:
    if source == ".":
        for name in allowed():
            _copy(name, app, name)
        return
    assert source.split("/", maxsplit=1)[0] in allowed(), source
    place = app / source if target in (".", "./") else app / target
    place.parent.mkdir(parents=True, exist_ok=True)
    if (PROJECT / source).is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(PROJECT / source, place, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copy2(PROJECT / source, place)


def _run(step: Step, app: Path) -> None:
    told = [each.rest.split() for each in steps() if each.word == "ENV" and each.stage == step.stage]
    env = dict(pair.split("=", 1) for pairs in told for pair in pairs)
    # Files of an image are its own and compiled; here that would only take time.
    env = {name: value for name, value in env.items() if name not in ("UV_LINK_MODE", "UV_COMPILE_BYTECODE")}
    outer = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    outer |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
    subprocess.run(
        ["sh", "-ec", step.rest],
        cwd=app,
        env={**outer, **env},
        check=True,
        capture_output=True,
        timeout=_PATIENCE,
    )
