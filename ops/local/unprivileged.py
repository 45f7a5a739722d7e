"""PostgreSQL refuses to run as root: how to start it all the same, without touching the machine.

No user is added and no mode or owner changes outside PostgreSQL's own folder. Which way works depends on the
machine (are parent folders open to others? may it make user namespaces?): the first that works is taken.
"""

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.local.errors import LaunchError


@dataclass(frozen=True, slots=True)
class Identity:
    """Words put before a command so that it runs as an unprivileged user, and who must own its files."""

    prefix: tuple[str, ...]
    owner: tuple[int, int] | None = None

    def own(self, folder: Path) -> None:
        """Hand `folder` and all that it holds to the owner. Only ever called on a folder that we made."""
        if self.owner is None or _owner(folder) == self.owner:
            return
        # The folder itself is root's meanwhile: so an interrupted hand-over is seen, and begun again.
        os.chown(folder, 0, 0)
        for place, folders, files in os.walk(folder):
            for name in folders + files:
                os.chown(Path(place, name), *self.owner, follow_symlinks=False)
        os.chown(folder, *self.owner)


OURSELVES = Identity(prefix=())


def choose(folder: Path, program: Path) -> Identity:
    """The first way in which `program` runs and can write to `folder`. Raises LaunchError when none does."""
    if os.geteuid() != 0:
        if _owner(folder)[0] != os.geteuid():
            raise LaunchError(f"{folder} belongs to another user; choose another folder with --data-dir.")
        return OURSELVES
    for identity in _ways_for_root(folder):
        if _works(identity, folder.parent, program):
            identity.own(folder)
            return identity
    raise LaunchError(
        f"PostgreSQL does not run as root, and this machine lets root lend it no other user for {folder}; "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _ways_for_root(folder: Path) -> Iterator[Identity]:
    nobody = pwd.getpwnam("nobody")
    uid, gid = _owner(folder)
    of_a_person = uid not in (0, nobody.pw_uid)
    if not of_a_person:
        uid, gid = nobody.pw_uid, nobody.pw_gid
    # setpriv sets the parent-death signal itself: the kernel forgets it when the user changes.
    lend = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--pdeathsig=QUIT")
    # A user of its own, that owns this folder and nothing else.
    yield Identity((*lend, "--no-new-privs", "--"), (uid, gid))
    # Below a folder closed to others (mode 0700) that user gets nowhere. In a user namespace root itself goes
    # by another number and holds no privilege: it may do what the owner of its files may. Files that an
    # ordinary user made stay that user's.
    if not of_a_person:
        yield Identity(("unshare", "--user", f"--map-user={uid}", "--"), (0, 0))
    # Containers often forbid user namespaces: the lent user gets the one right to pass closed folders.
    yield Identity((*lend, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"), (uid, gid))


def _works(identity: Identity, parent: Path, program: Path) -> bool:
    probe = ["sh", "-c", 'cd "$1" && exec "$2" --version', "sh", str(parent), str(program)]
    try:
        done = subprocess.run([*identity.prefix, *probe], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _owner(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_uid, found.st_gid
