"""What the launch tests ask of the machine they run on: processes, users, files, waiting."""

import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.local import Stack
from ops.local.paths import PROJECT, PYTHON

PATIENCE = 30.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain: {what}"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether the process runs. One that ended and that nobody collected yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def processes_about(folder: Path) -> set[int]:
    """Every living process that names `folder`, or a place below it, in command, environment or directory."""
    mark = os.fsencode(folder)
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            directory = os.fsencode((entry / "cwd").readlink())
            told = directory + (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark in told and lives(int(entry.name)):
            found.add(int(entry.name))
    return found


def metadata(paths: Iterable[Path]) -> dict[Path, tuple[int, int, int, int]]:
    """Mode, owner, group and time of the last change of content, for each path and all below it."""
    found = {}
    for top in paths:
        for path in (top, *top.rglob("*")):
            seen = path.lstat()
            found[path] = (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_mtime_ns)
    return found


def as_ordinary_user() -> list[str]:
    """Words before a command that make it run without root's rights, in files that root made."""
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that any user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="snug-"))
    folder.chmod(0o755)
    try:
        yield folder
        wait_for(lambda: not processes_about(folder), f"the processes of {folder} to end")
    finally:
        shutil.rmtree(folder)


def copy_of_launcher(folder: Path) -> Path:
    """A project of its own: the real launcher, and the real stand-in for Stripe, around the stand-in product."""
    for part in ("ops", "stripe_stand_in"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "tests/launch/product", folder, dirs_exist_ok=True)
    return folder


def launcher(project: Path, command: str, *words: str, user: Iterable[str] = ()) -> list[str]:
    """The command line of bin/<command> in `project`, without bin/setup, in this run's own environment."""
    return [*user, PYTHON, "-P", "-m", f"ops.local.{command}", *words]


def environment(project: Path, **more: str) -> dict[str, str]:
    """An environment that knows nothing of this machine's own Snug."""
    empty_home = project / "home"
    empty_home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(empty_home),
        "PYTHONPATH": str(project),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@contextmanager
def parts_in(data_dir: Path) -> Iterator[Stack]:
    """The database and Redis alone, on this data folder."""
    stack = Stack(data_dir, web_workers=0, worker=False)
    stack.open()
    try:
        stack.start_parts()
        yield stack
    finally:
        stack.stop()


def run(
    project: Path, command: str, *words: str, user: Iterable[str] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        launcher(project, command, *words, user=user),
        env=environment(project, **more),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
