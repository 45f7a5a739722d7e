"""bin/manage: manage.py in the project's environment, against the parts that bin/dev runs or against its own.

Stdout belongs to the command alone; all that is said here goes to stderr. The exit code is the command's.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ops.local.data_dir import default_data_dir
from ops.local.errors import DataDirInUseError, LaunchError
from ops.local.parent_death import ends_with_parent
from ops.local.paths import PROJECT, PYTHON
from ops.local.stack import Stack
from ops.local.terminal import Terminal, run

_MANAGE = [PYTHON, str(PROJECT / "manage.py")]
_COMPLETE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
# The others must not wait for a stand-in that they do not use.
_NEED_STRIPE = ("sync_stripe", "reconcile_billing", "doctor")
_PATIENCE = 120.0


def main() -> int:
    data_dir, words = _data_dir_and_command(sys.argv[1:])
    if all(os.environ.get(name) for name in _COMPLETE):
        # A configured machine, such as a production node: nothing to start, nothing to write.
        _become(words, {})
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    stack = _open_stack(data_dir, words)
    try:
        return _with_own_parts(stack, words)
    finally:
        stack.stop()


def _open_stack(data_dir: Path, words: list[str]) -> Stack:
    """A stack that holds the data folder. Where bin/dev holds it, this process becomes the command."""
    terminal = Terminal(sys.stderr)
    deadline = time.monotonic() + _PATIENCE
    waits = False
    while True:
        stack = Stack(
            data_dir,
            web_workers=0,
            worker=False,
            database_url=os.environ.get("DATABASE_URL") or None,
            redis_url=os.environ.get("REDIS_URL") or None,
            own_stripe=not os.environ.get("STRIPE_SECRET_KEY"),
            holder="bin/manage",
            report=terminal.line,
        )
        try:
            stack.open()
        except DataDirInUseError as busy:
            running = stack.data_dir.running()
            if running is not None:
                _become(words, running.env)
            if time.monotonic() > deadline:
                raise LaunchError(f"gave up waiting: {busy}") from None
        else:
            return stack
        if not waits:
            terminal.line(f"bin/manage: waiting for {stack.data_dir.holder()}")
            waits = True
        time.sleep(0.1)


def _become(words: list[str], env: Mapping[str, str]) -> NoReturn:
    """Be manage.py. What the caller has in the environment stays, but for the path to PostgreSQL."""
    missing = {name: value for name, value in env.items() if name == "PATH" or not os.environ.get(name)}
    os.execve(PYTHON, [*_MANAGE, *words], {**os.environ, **missing})  # noqa: S606 - no shell is wanted


def _with_own_parts(stack: Stack, words: list[str]) -> int:
    stack.start_parts()
    if stack.database_is_new and words[:1] != ["migrate"]:
        stack.migrate()
    if words[:1] and words[0] in _NEED_STRIPE:
        stack.start_stripe()
    child = subprocess.Popen([*_MANAGE, *words], env=stack.env, preexec_fn=ends_with_parent())  # noqa: PLW1509
    # A Ctrl-C reaches the command as well: it decides what that means, and we only wait for it.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    for forwarded in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(forwarded, lambda number, frame: child.send_signal(number))
    code = child.wait()
    return code if code >= 0 else 128 - code


def _data_dir_and_command(words: list[str]) -> tuple[Path, list[str]]:
    if words[:1] == ["--data-dir"] and len(words) > 1:
        return Path(words[1]), words[2:]
    if words and words[0].startswith("--data-dir="):
        return Path(words[0].partition("=")[2]), words[1:]
    return default_data_dir(), words


if __name__ == "__main__":
    run("bin/manage", main)
