"""bin/test: every test, with real parts and a real browser; ends on pytest's own summary line."""

import os
import sys

from ops.local.browser import browser
from ops.local.nginx import nginx
from ops.local.paths import PROJECT, PYTHON
from ops.local.terminal import run

# Each has a database and web processes of its own: more of them than this only wait for the disk.
_MOST_WORKERS = 4


def main() -> int:
    environment = {**os.environ, "SNUG_TEST_BROWSER": str(browser()), "SNUG_TEST_NGINX": str(nginx())}
    os.chdir(PROJECT)
    # One more than there are cores, since tests wait a good deal; who has finished takes over from those who have not.
    workers = str(min(_MOST_WORKERS, (os.cpu_count() or 1) + 1))
    pytest = [PYTHON, "-m", "pytest", "-n", workers, "--dist", "worksteal", *sys.argv[1:]]
    os.execve(PYTHON, pytest, environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    run("bin/test", main)
