"""Children that end with their parent, even when that is killed with a signal it cannot catch."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec must not import or open anything.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def ends_with_parent(death_signal: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `death_signal` to the child when the thread that started it ends.

    The thread, not the process: whoever starts a child keeps the starting thread alive. Only Linux has such a
    call; elsewhere the next start finds and ends the database that was left (Postgres.settle).
    """
    parent = os.getpid()

    def apply() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent was gone before the kernel knew
            os._exit(1)

    return apply
