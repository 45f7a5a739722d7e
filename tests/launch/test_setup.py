"""bin/setup and the lock file: quick when there is nothing to do, and the same on everybody's machine."""

import re
import subprocess
import time

from ops.local.paths import PROJECT


def test_a_finished_setup_says_nothing_and_takes_no_time() -> None:
    subprocess.run([PROJECT / "bin" / "setup"], check=True, capture_output=True)
    started = time.monotonic()
    again = subprocess.run([PROJECT / "bin" / "setup"], check=True, capture_output=True, text=True)
    assert (again.stdout, again.stderr) == ("", "")
    assert time.monotonic() - started < 1


def test_the_lock_file_names_only_the_public_index() -> None:
    lock = (PROJECT / "uv.lock").read_text()
    assert set(re.findall(r"[a-z]+://[^/\"]+", lock)) == {
        "https://pypi.org",
        "https://files.pythonhosted.org",
    }
    assert set(re.findall(r"source = \{ (\w+) =", lock)) == {"registry", "virtual"}


def test_every_command_is_executable_and_shell_clean() -> None:
    commands = [*(PROJECT / "bin").iterdir(), PROJECT / ".ci" / "run"]
    for command in commands:
        assert command.stat().st_mode & 0o111 == 0o111, command
        subprocess.run(["bash", "-n", command], check=True)
    assert "bin/test" in (PROJECT / ".ci" / "run").read_text()
