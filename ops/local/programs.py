"""Programs that tests need and that may have to be installed first."""

import os
import shutil
import subprocess
from collections.abc import Sequence

_INSTALL_PATIENCE = 600


def runs(words: Sequence[str]) -> bool:
    """Whether this command runs and ends well."""
    try:
        done = subprocess.run(
            words,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INSTALL_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def may_install() -> bool:
    """Whether we are allowed to install packages of the system, one of Debian's family."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None
