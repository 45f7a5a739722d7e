"""Log files of the supervised programs, kept small."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_LARGEST = 10 * 1024 * 1024


@contextlib.contextmanager
def open_log(path: Path | None) -> Iterator[IO[bytes] | None]:
    """Where a child writes: straight into its file, so nothing is lost or stalls when its starter is gone."""
    if path is None:
        yield None
        return
    with path.open("ab") as log:
        yield log


def rotate(path: Path | None) -> None:
    """Keep one older file. The writer goes on in the same file, at its new end: it writes in append mode."""
    with contextlib.suppress(OSError):
        if path is not None and path.stat().st_size > _LARGEST:
            shutil.copyfile(path, path.with_suffix(".1.log"))
            with path.open("r+b") as log:
                log.truncate(0)


def last_words(path: Path, lines: int = 15) -> str:
    """The end of a log, for the person whose start failed."""
    with contextlib.suppress(OSError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    return ""
