"""Whether the machine still lets tests run, and how a failure's text gets to whoever reads it."""

import shutil
from typing import Any, Final

from ops.local import LaunchError, Stack
from ops.local.logs import last_words

# PostgreSQL stops when it cannot write its log, long after everything else has begun to fail.
_LEAST_DISK: Final = 256 * 1024 * 1024


def wrong_with(stack: Stack, patience: float = 60) -> str | None:
    """What keeps tests from running on `stack`, in a line; None when nothing does. What is about to start again has
    `patience` seconds for it."""
    folder = stack.data_dir.path
    free = shutil.disk_usage(folder).free
    if free < _LEAST_DISK:
        return f"the disk is full: {free >> 20} MiB are left where {folder} is"
    try:
        stack.wait_until_ready(patience)
    except LaunchError as error:
        gone = [name for name in ("postgres", "valkey") if name not in stack.processes]
        words = [f"{name} is gone: {last_words(stack.data_dir.logs / f'{name}.log', 2)}" for name in gone]
        return "; ".join([f"the stack in {folder} does not serve any more", *(words or [str(error)])])
    try:
        _ask_the_database()
    except Exception as error:  # whatever it is, every test would meet it
        return f"this test process cannot ask its database any more: {type(error).__name__}: {error}"
    return None


def _ask_the_database() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def sendable(report: Any) -> Any:
    """The same with every text as one that UTF-8 can carry."""
    if isinstance(report, str):
        return report.encode("utf-8", "backslashreplace").decode()
    if isinstance(report, dict):
        return {sendable(key): sendable(value) for key, value in report.items()}
    if isinstance(report, list | tuple):
        return type(report)(sendable(part) for part in report)
    return report
