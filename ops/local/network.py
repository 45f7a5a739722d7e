"""Ports and sockets on the loopback interface."""

import errno
import random
import resource
import socket
from collections.abc import Iterable

from ops.local.errors import LaunchError

LOOPBACK = "127.0.0.1"
BACKLOG = 2048

# Below every usual range of ephemeral ports: a port that a client can be given for its own side may be taken
# while the server restarts, even by a client that connects to itself.
_PRIVATE_PORTS = range(15_000, 32_000)


def can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def private_port(remembered: int | None = None, avoid: Iterable[int] = ()) -> int:
    """A free port for an embedded part: the remembered one where it is still free, else another."""
    taken = set(avoid)
    if remembered is not None and remembered not in taken and can_bind(remembered):
        return remembered
    for _ in range(200):
        port = random.choice(_PRIVATE_PORTS)  # noqa: S311 - a port is no secret
        if port not in taken and can_bind(port):
            return port
    raise LaunchError("no free port was found for the embedded parts.")


def listen(host: str, port: int) -> socket.socket:
    """An open listening socket; port 0 takes any free one. Workers inherit it, so a restart drops nobody."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise LaunchError(f"port {port} is in use; choose another with --port.") from None
        raise LaunchError(f"port {port} on {host} cannot be opened: {error.strerror}.") from None
    except OverflowError:
        listener.close()
        raise LaunchError(f"{port} is no port: it must be a number from 0 to 65535.") from None
    listener.listen(BACKLOG)
    return listener


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def raise_file_limit() -> None:
    """One socket is one file: take all the files that the system lets this user open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):  # macOS names "unlimited" as the hard limit and refuses it
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 10_240), hard))
