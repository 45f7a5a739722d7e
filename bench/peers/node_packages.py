"""Peers that come from the npm registry: installed once, by their lock file, into the data folder's cache."""

import hashlib
import shutil
from pathlib import Path

from bench.peers.starting import PeerUnavailableError, run

_HERE = Path(__file__).parent


def installed(peer: str, cache: Path) -> Path:
    """The folder with the peer's node_modules. Raises PeerUnavailableError."""
    source = _HERE / peer
    lock = (source / "package-lock.json").read_bytes()
    folder = cache / f"{peer}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if (folder / ".complete").exists():
        return folder
    if shutil.which("npm") is None:
        raise PeerUnavailableError("npm is not installed")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder)
    # No package's own script runs here: what is needed is in the packages.
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)])
    (folder / ".complete").touch()
    return folder
