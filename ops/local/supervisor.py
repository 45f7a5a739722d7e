"""Keeps programs running: starts them, starts them again when they die, ends them, leaves none behind.

One thread does all of it, because the kernel ties a child's life to the thread that started it
(parent_death). Other threads talk to it by handing it work; what they get back is a Future.
"""

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from ops.local.logs import open_log, rotate
from ops.local.parent_death import ends_with_parent

_TICK = 0.05
_ROTATE_EVERY = 10.0
# A program that lived this long was well: its next death is a new story, and its restart comes at once.
_SETTLED_AFTER = 10.0
_LONGEST_PAUSE = 5.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Times are seconds. Without `log`, the program writes where the supervisor writes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path | None = None
    cwd: Path | None = None
    pass_fds: Sequence[int] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_timeout: float = 10
    before_start: Callable[[], None] | None = None


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    starts: int = 0
    failures: int = 0  # deaths in a row, each soon after its start
    start_at: float | None = None  # when to start next; None: not to be started
    kill_at: float | None = None  # a stop is under way until then
    stopped: list["Future[None]"] = field(default_factory=list)


class Supervisor:
    """Runs Programs by name. `report` gets one line for each death, called in the supervisor's thread."""

    def __init__(self, report: Report = lambda line: None) -> None:
        self._report = report
        self._children: dict[str, _Child] = {}
        self._work: queue.SimpleQueue[tuple[Callable[[], None], Future[None]]] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def start(self, program: Program) -> None:
        """Start `program` and keep it running. Returns when its process exists."""
        self._do(lambda: self._begin(program))

    def stop(self, *names: str) -> None:
        """Ask these programs to end, all at once; wait; kill the ones that do not in their time."""
        waiting: list[Future[None]] = []
        self._do(lambda: waiting.extend(self._begin_stop(name) for name in names if name in self._children))
        for ended in waiting:
            ended.result()

    def processes(self) -> dict[str, int]:
        """The process ids of what runs right now."""
        return {
            name: child.process.pid
            for name, child in list(self._children.items())
            if child.process is not None and child.process.returncode is None
        }

    def starts(self, name: str) -> int:
        """How many times this program was started so far."""
        child = self._children.get(name)
        return 0 if child is None else child.starts

    def close(self) -> None:
        """End the thread. What still runs is killed: stop programs first, in the order that suits them."""
        self._ending.set()
        self._thread.join()

    def _do(self, work: Callable[[], None]) -> None:
        done: Future[None] = Future()
        self._work.put((work, done))
        done.result()

    def _run(self) -> None:
        next_rotation = time.monotonic() + _ROTATE_EVERY
        while not self._ending.is_set():
            self._next_work()
            now = time.monotonic()
            for child in list(self._children.values()):
                self._attend(child, now)
            if now >= next_rotation:
                next_rotation = now + _ROTATE_EVERY
                for child in self._children.values():
                    rotate(child.program.log)
        for child in self._children.values():
            if child.process is not None:
                _kill_group(child.process)
                child.process.wait()

    def _next_work(self) -> None:
        try:
            work, done = self._work.get(timeout=_TICK)
        except queue.Empty:
            return
        try:
            work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def _attend(self, child: _Child, now: float) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._bury(child, now)
        elif child.kill_at is not None and now >= child.kill_at:
            _kill_group(child.process)  # its time to end by itself is over
        if child.process is None and child.start_at is not None and now >= child.start_at:
            self._spawn(child, now)

    def _begin(self, program: Program) -> None:
        known = self._children.get(program.name)
        if known is not None and known.process is not None:
            raise RuntimeError(f"{program.name} runs already")
        child = self._children[program.name] = _Child(program, starts=known.starts if known else 0)
        self._spawn(child, time.monotonic())

    def _begin_stop(self, name: str) -> "Future[None]":
        child = self._children[name]
        ended: Future[None] = Future()
        child.start_at = None
        if child.process is None:
            ended.set_result(None)
            return ended
        child.stopped.append(ended)
        if child.kill_at is None:
            child.kill_at = time.monotonic() + child.program.stop_timeout
            child.process.send_signal(child.program.stop_signal)
        return ended

    def _spawn(self, child: _Child, now: float) -> None:
        program = child.program
        child.start_at = None
        child.started_at = now
        child.starts += 1
        try:
            if program.before_start is not None:
                program.before_start()
            with open_log(program.log) as log:
                child.process = subprocess.Popen(
                    program.argv,
                    env=program.env,
                    cwd=program.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=program.pass_fds,
                    process_group=0,  # a Ctrl-C in the terminal is ours to handle, in order
                    preexec_fn=ends_with_parent(program.death_signal),  # noqa: PLW1509 - one system call, no lock
                )
        except OSError as error:
            self._plan_restart(child, now, f"could not be started ({error.strerror})")

    def _bury(self, child: _Child, now: float) -> None:
        process, child.process = child.process, None
        if process is None:
            return
        _kill_group(process)  # what the program started itself must not outlive it
        if child.kill_at is None:
            self._plan_restart(child, now, _ending_of(process.returncode))
            return
        child.kill_at = None
        for ended in child.stopped:
            ended.set_result(None)
        child.stopped.clear()

    def _plan_restart(self, child: _Child, now: float, what: str) -> None:
        child.failures = 0 if now - child.started_at > _SETTLED_AFTER else child.failures + 1
        pause = 0.0 if child.failures <= 1 else min(0.25 * 2 ** (child.failures - 2), _LONGEST_PAUSE)
        child.start_at = now + pause
        self._report(f"{child.program.name} {what}; starting it again{f' in {pause:g} s' if pause else ''}")


def _kill_group(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _ending_of(returncode: int) -> str:
    if returncode < 0:
        return f"was killed by signal {-returncode}"
    return f"ended with code {returncode}"
