"""bin/serve: one socket, several web processes, a gentle end."""

import os
import re
import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

from tests.launch.machine import environment, launcher, lives, processes_about, run, wait_for

CONFIGURED = {
    "DATABASE_URL": "postgresql://snug@database.example/snug",
    "REDIS_URL": "redis://redis.example/0",
    "SECRET_KEY": "x" * 50,
    "FIELD_ENCRYPTION_KEYS": "x" * 44,
}


def test_what_is_missing_is_one_clear_line(project: Path) -> None:
    refused = run(project, "serve", "--port", "0", **{**CONFIGURED, "REDIS_URL": "", "SECRET_KEY": ""})
    assert refused.returncode == 1
    assert refused.stderr == "bin/serve: REDIS_URL, SECRET_KEY must be set in the environment.\n"


def test_what_is_malformed_is_told_before_anything_runs(project: Path) -> None:
    refused = run(project, "serve", "--port", "0", **CONFIGURED, MALFORMED="1")
    assert refused.returncode == 1
    assert refused.stderr == "bin/serve: MALFORMED is not a number\n"


def test_a_killed_process_is_replaced_and_sigterm_ends_all(project: Path) -> None:
    process = subprocess.Popen(
        launcher(project, "serve", "--port", "0", "--workers", "2"),
        env=environment(project, **CONFIGURED),
        stderr=subprocess.PIPE,
        text=True,
    )

    with process:
        assert process.stderr is not None
        told = re.fullmatch(r"bin/serve: 2 web processes on (127\.0\.0\.1:\d+)\n", process.stderr.readline())
        assert told is not None
        address = told[1]

        def web() -> int:
            with urlopen(f"http://{address}/", timeout=30) as answer:
                return int(answer.read())

        killed = web()
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: not lives(killed), "the process to die")
        assert web() != killed
        assert "was killed by signal 9; starting it again" in process.stderr.readline()

        process.terminate()
        assert process.wait(timeout=30) == 0
    assert processes_about(project) == set()
