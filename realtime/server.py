"""One web process: `python -m realtime.server --fd N` serves on a listening socket it inherits.

On SIGTERM it stops being ready, closes its sockets with 1012 one after the other, finishes what it has accepted, and
goes: realtime.draining.
"""

import argparse
import asyncio
import logging
import os
import resource
import socket
import sys
import time
from typing import Final

import uvicorn
from uvicorn.config import Config

from realtime import draining

DRAIN_TIMEOUT: Final = 20  # seconds after SIGTERM and SNUG_DRAIN_NOTICE


class Server(uvicorn.Server):
    """uvicorn's server, which closes every socket in the same instant, with an end that nobody is cut short by."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No longer ready; no longer listening; then the sockets; then what is left, in the time that is left."""
        from django.conf import settings

        from tenants import health

        health.draining = True
        await asyncio.sleep(settings.ENV.drain_notice)
        began = time.monotonic()
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        draining.hang_up(self.server_state.connections)
        await draining.spread(self.server_state.connections)
        self.config.timeout_graceful_shutdown = max(1, DRAIN_TIMEOUT - int(time.monotonic() - began))
        await super().shutdown(sockets)


def config() -> Config:
    """How uvicorn runs here."""
    return Config(
        "config.asgi:application",
        loop="uvloop",
        http="realtime.http:BoundedHttpProtocol",
        ws="realtime.protocol:SnugProtocol",
        access_log=False,  # request lines may carry ?token=
        log_config=None,
        proxy_headers=False,  # only SNUG_TRUSTED_PROXIES may say where a client is: tenants.addresses
        server_header=False,
        timeout_graceful_shutdown=DRAIN_TIMEOUT,
        backlog=4096,
    )


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="realtime.server", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the listening socket's file descriptor")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.env import ConfigurationError

    _raise_file_limit()
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        server = Server(config())
        server.run(sockets=[socket.socket(fileno=arguments.fd)])
    except ConfigurationError as error:
        sys.exit(f"snug: {error}")


def _raise_file_limit() -> None:
    """A socket is a file: take as many as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
