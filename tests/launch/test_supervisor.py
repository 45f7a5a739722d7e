"""The supervisor: what dies is started again, what is stopped ends, and nothing outlives its starter."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.logs import rotate
from ops.local.paths import PROJECT, PYTHON
from ops.local.supervisor import Program, Supervisor
from tests.launch.machine import environment, lives, wait_for

ENV = {"PATH": os.environ["PATH"]}


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(told: list[str]) -> Iterator[Supervisor]:
    running = Supervisor(told.append)
    yield running
    running.close()


def shell(name: str, script: str, **more: float) -> Program:
    return Program(name=name, argv=["sh", "-c", script], env=ENV, **more)  # type: ignore[arg-type]


def test_what_is_killed_is_started_again_at_once_and_told(supervisor: Supervisor, told: list[str]) -> None:
    supervisor.start(shell("web", "exec sleep 60"))
    old = supervisor.processes()["web"]
    killed_at = time.monotonic()
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: supervisor.processes().get("web") not in (None, old), "a new process")
    assert time.monotonic() - killed_at < 1
    assert told == ["web was killed by signal 9; starting it again"]


def test_what_keeps_dying_is_started_with_growing_pauses(supervisor: Supervisor, told: list[str]) -> None:
    supervisor.start(shell("web", "exit 3"))
    wait_for(lambda: len(told) >= 3, "three deaths")
    assert told[:3] == [
        "web ended with code 3; starting it again",
        "web ended with code 3; starting it again in 0.25 s",
        "web ended with code 3; starting it again in 0.5 s",
    ]


def test_a_program_that_cannot_be_started_is_told_and_tried_again(
    supervisor: Supervisor, told: list[str]
) -> None:
    supervisor.start(Program(name="web", argv=["/nowhere/at-all"], env=ENV))
    wait_for(lambda: supervisor.starts("web") >= 2, "a second attempt")
    assert told[0] == "web could not be started (No such file or directory); starting it again"


def test_a_stop_asks_first_and_kills_what_does_not_listen(supervisor: Supervisor, tmp_path: Path) -> None:
    ready, asked = tmp_path / "ready", tmp_path / "asked"
    deaf = f"trap 'touch {asked}' TERM; touch {ready}; while :; do sleep 0.05; done"
    supervisor.start(shell("deaf", deaf, stop_timeout=0.5))
    wait_for(ready.exists, "the trap")
    supervisor.stop("deaf")
    assert asked.exists()
    assert supervisor.processes() == {}


def test_what_was_stopped_stays_stopped(supervisor: Supervisor) -> None:
    supervisor.start(shell("web", "exec sleep 60"))
    supervisor.stop("web")
    supervisor.start(shell("other", "exit 0"))
    wait_for(lambda: supervisor.starts("other") >= 2, "the supervisor's attention elsewhere")
    assert supervisor.starts("web") == 1


def test_what_a_program_started_itself_does_not_outlive_it(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    supervisor.start(shell("web", f"sleep 60 & echo $! > {note}; wait"))
    wait_for(lambda: note.exists() and note.read_text().strip(), "the grandchild")
    grandchild = int(note.read_text())
    assert lives(grandchild)
    supervisor.stop("web")
    wait_for(lambda: not lives(grandchild), "the grandchild to end")


def test_a_program_stopped_while_it_waits_for_its_restart_stays_stopped(
    supervisor: Supervisor, told: list[str]
) -> None:
    supervisor.start(shell("web", "exit 1"))
    wait_for(lambda: len(told) >= 3, "a pause")
    supervisor.stop("web")
    starts = supervisor.starts("web")
    supervisor.start(shell("other", "exit 0"))
    wait_for(lambda: supervisor.starts("other") >= 4, "more time than the pause")
    assert supervisor.starts("web") == starts


def test_a_supervisor_that_is_killed_takes_its_programs_along(tmp_path: Path) -> None:
    script = (
        "import sys, threading\n"
        "from ops.local.supervisor import Program, Supervisor\n"
        "supervisor = Supervisor()\n"
        "for name in ('a', 'b'):\n"
        "    supervisor.start(Program(name=name, argv=['sleep', '60'], env={'PATH': '/usr/bin:/bin'}))\n"
        "print(*supervisor.processes().values(), flush=True)\n"
        "threading.Event().wait()\n"
    )
    env = environment(tmp_path) | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([PYTHON, "-c", script], env=env, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        children = [int(word) for word in starter.stdout.readline().split()]
        assert len(children) == 2
        assert all(lives(pid) for pid in children)
        starter.kill()
    wait_for(lambda: not any(lives(pid) for pid in children), "the children to end")


def test_logs_stay_small_and_their_writers_go_on(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"old\n" * 3_000_000)
    go = tmp_path / "go"
    script = f"while ! test -e {go}; do sleep 0.02; done; echo new; exec sleep 60"
    supervisor.start(Program(name="web", argv=["sh", "-c", script], env=ENV, log=log))
    rotate(log)
    go.touch()
    wait_for(lambda: log.read_bytes() == b"new\n", "the new line at the beginning of the file")
    assert (tmp_path / "web.1.log").stat().st_size == 12_000_000
