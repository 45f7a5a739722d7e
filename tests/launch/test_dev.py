"""bin/dev and bin/manage as a person uses them, around a stand-in for the product."""

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from ops.local.network import listen, port_of
from tests.launch.machine import (
    as_ordinary_user,
    copy_of_launcher,
    environment,
    folder_for_all,
    launcher,
    lives,
    metadata,
    processes_about,
    run,
    wait_for,
)


class Dev:
    """A running bin/dev."""

    def __init__(self, project: Path, *words: str, user: list[str], env: Mapping[str, str]) -> None:
        self.project = project
        self.data_dir = project / ".snug"
        self.output = project / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                launcher(project, "dev", "--port", "0", *words, user=user),
                env=environment(project, **env),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_for(lambda: self.process.poll() is not None or "Logs" in self.said, "bin/dev to be ready")
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def port(self) -> int:
        found = re.search(r"http://localhost:(\d+)/", self.said)
        assert found is not None, self.said
        return int(found[1])

    def web(self) -> int:
        """The process id of the web process that answers a request on a new connection."""
        with urlopen(f"http://127.0.0.1:{self.port}/", timeout=30) as answer:
            return int(answer.read())

    def end(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def dev(project: Path, *words: str, user: list[str] | None = None, **env: str) -> Iterator[Dev]:
    running = Dev(project, *words, user=user or [], env=env)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def running() -> Iterator[Dev]:
    """One that the tests below share; they leave it as it is."""
    with folder_for_all() as folder, dev(copy_of_launcher(folder / "project")) as shared:
        yield shared


def test_it_prints_where_to_click_and_how_to_sign_in(running: Dev) -> None:
    assert f"http://acme.localhost:{running.port}/console/" in running.said
    assert "alice@acme.example  correct horse" in running.said
    assert running.web() in processes_about(running.project)


def test_without_the_demo_nothing_is_made(project: Path) -> None:
    with dev(project, "--no-demo", "--workers", "1") as running:
        assert "acme" not in running.said


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_cleanly_with_all_it_started(project: Path, with_signal: signal.Signals) -> None:
    with dev(project) as running:
        assert len(processes_about(project)) >= 6
        assert running.end(with_signal) == 0
        assert processes_about(project) == set()
        assert "database system is shut down" in (running.data_dir / "logs" / "postgres.log").read_text()


def test_it_brings_its_own_stripe_and_its_prices_once(project: Path) -> None:
    """The second start finds what was bought there: port, key and data are the data folder's."""
    synced = project / ".snug" / "synced"
    seen = []
    for _ in range(2):
        with dev(project) as running:
            found = re.search(r"Stand-in for Stripe +http://localhost:(\d+)/", running.said)
            assert found is not None, running.said
            address = f"http://127.0.0.1:{found[1]}"
            base, key = synced.read_text().split()
            request = Request(f"{address}/v1/customers", headers={"Authorization": f"Bearer {key}"})
            with urlopen(request, timeout=30) as answer:
                assert json.load(answer)["object"] == "list"
            seen.append((address, base))
        assert processes_about(project) == set()
    assert seen[0] == seen[1] == (base, base)


def test_with_a_key_of_stripes_it_brings_none(project: Path) -> None:
    with dev(project, STRIPE_SECRET_KEY="sk_test_of_somebody") as running:
        assert "Stand-in for Stripe" not in running.said
        assert not (project / ".snug" / "synced").exists()
        known = json.loads((project / ".snug" / "running.json").read_text())["env"]
        assert not [name for name in known if name.startswith("STRIPE")]


def test_when_it_is_killed_nothing_stays_and_the_next_start_has_the_data(project: Path) -> None:
    with dev(project) as running:
        assert run(project, "manage", "write", "kept").returncode == 0
        running.end(signal.SIGKILL)
        wait_for(lambda: not processes_about(project), "everything to end")
    with dev(project):
        assert run(project, "manage", "read").stdout == "kept\n"


def test_the_port_answers_while_web_processes_die(project: Path) -> None:
    with dev(project) as running:
        seen = set()
        for _ in range(6):
            seen.add(web := running.web())
            kill(web)
        assert len(seen) >= 3
        assert "was killed by signal 9; starting it again" in running.said


@pytest.mark.parametrize("name", ["worker", "valkey", "postgres"])
def test_what_dies_is_started_again(running: Dev, name: str) -> None:
    kill(old := pid_of(running, name))
    wait_for(lambda: pid_of(running, name) not in (None, old), "a new process")
    wait_for(lambda: run(running.project, "manage", "write", "x").returncode == 0, "the database")


def kill(pid: int | None) -> None:
    assert pid is not None, "nothing to kill"
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid), "the process to die")


def pid_of(running: Dev, name: str) -> int | None:
    marks = {"worker": "manage.py\0worker", "valkey": "valkey-server", "postgres": "postgres\0-D"}
    for pid in processes_about(running.data_dir):
        if marks[name] in Path(f"/proc/{pid}/cmdline").read_text():
            return pid
    return None


def test_a_second_one_on_the_same_data_is_one_clear_line(running: Dev) -> None:
    second = run(running.project, "dev", "--port", "0")
    assert second.returncode == 1
    assert second.stderr == (
        f"bin/dev: the data folder {running.data_dir} is in use by bin/dev (process {running.process.pid}); "
        "stop that, or choose another with --data-dir.\n"
    )


def test_a_port_in_use_is_one_clear_line(project: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = port_of(taken)
        refused = run(project, "dev", "--port", str(port))
    assert refused.returncode == 1
    assert refused.stderr == f"bin/dev: port {port} is in use; choose another with --port.\n"


def test_a_database_that_does_not_answer_is_one_clear_line(project: Path) -> None:
    with listen("127.0.0.1", 0) as free:
        port = port_of(free)
    refused = run(project, "dev", "--port", "0", DATABASE_URL=f"postgresql://a:b@127.0.0.1:{port}/c")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("bin/dev: the database of DATABASE_URL does not answer: ")


def test_a_malformed_variable_is_one_clear_line(project: Path) -> None:
    refused = run(project, "dev", "--port", "0", MALFORMED="1")
    assert refused.returncode == 1
    assert refused.stderr == "bin/dev: MALFORMED is not a number\n"


def test_named_servers_are_used_and_none_embedded(running: Dev, open_folder: Path) -> None:
    env = json.loads((running.data_dir / "running.json").read_text())["env"]
    named = {name: env[name] for name in ("DATABASE_URL", "REDIS_URL")}
    elsewhere = ("manage", "--data-dir", str(open_folder / "other"))
    assert run(running.project, *elsewhere, "write", "from afar", **named).returncode == 0
    assert not (open_folder / "other" / "postgres").exists()
    assert "from afar\n" in run(running.project, "manage", "read").stdout


def test_a_command_on_a_new_clone_finds_a_database_with_tables(project: Path) -> None:
    assert run(project, "manage", "write", "first").returncode == 0
    done = run(project, "manage", "read")
    assert (done.stdout, done.stderr, done.returncode) == ("first\n", "", 0)
    assert processes_about(project) == set()


def test_the_exit_code_of_a_command_is_passed_on(project: Path, running: Dev) -> None:
    assert run(project, "manage", "exit", "7").returncode == 7
    assert run(running.project, "manage", "exit", "9").returncode == 9


def test_an_ordinary_user_gets_the_same(project: Path) -> None:
    user = as_ordinary_user()
    with dev(project, user=user) as running:
        assert f"http://acme.localhost:{running.port}/console/" in running.said
        assert run(project, "manage", "write", "mine", user=user).returncode == 0
        kill(pid_of(running, "postgres"))
        wait_for(lambda: run(project, "manage", "read", user=user).stdout == "mine\n", "the database")
        running.end(signal.SIGKILL)
        wait_for(lambda: not processes_about(project), "everything to end")


def test_nothing_outside_the_data_folder_is_touched(project: Path) -> None:
    environment(project)  # makes the empty home
    before = metadata([project])
    run(project, "manage", "write", "first")
    with dev(project):
        pass
    after = metadata(path for path in project.iterdir() if path.name not in (".snug", "output.txt"))
    assert after == {path: facts for path, facts in before.items() if path != project}


def test_secrets_are_for_their_owner_alone(running: Dev) -> None:
    for name in ("secrets.json", "running.json", "valkey/valkey.conf"):
        assert (running.data_dir / name).stat().st_mode & 0o077 == 0
