"""An nginx for the tests of what stands in front of the web processes: one that is there, or one that can be had."""

import shutil
import sys
from pathlib import Path

from ops.local.errors import LaunchError
from ops.local.programs import may_install, runs

# Not on the path of an ordinary user, yet it runs for them.
_USUAL = "/usr/sbin/nginx"
# Only the program is wanted: a masked service is not started by its installation, on a port that may be somebody's.
_INSTALL = (
    "[ ! -d /run/systemd/system ] || systemctl -q mask nginx.service; "
    "apt-get -qq update; apt-get -qq install --yes --no-install-recommends nginx"
)


def nginx() -> Path:
    """The program, installed first where there is none. Raises LaunchError with what to install."""
    found = _find()
    if found is None and may_install():
        print("No nginx was found; installing it", file=sys.stderr)
        if runs(["sh", "-c", _INSTALL]):
            found = _find()
    if found is None:
        raise LaunchError(
            "the tests of the front door need nginx and it could not be installed; "
            "install it (Debian: apt-get install nginx) and run this again."
        )
    return found


def _find() -> Path | None:
    for name in ("nginx", _USUAL):
        if (found := shutil.which(name)) and runs([found, "-v"]):
            return Path(found)
    return None
