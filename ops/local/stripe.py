"""The stand-in for Stripe: what bin/dev and the tests buy plans from when no key of Stripe's is set."""

import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from ops.local.data_dir import DataDir
from ops.local.errors import LaunchError
from ops.local.logs import last_words
from ops.local.network import LOOPBACK, private_port
from ops.local.paths import PROJECT, PYTHON
from ops.local.supervisor import Program, Supervisor

_POLL = 0.02
_NAME = "stripe"


class StripeStandIn:
    """One on a data folder: its port and its secrets are the folder's, and stay from start to start."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self.port = private_port(data_dir.remembered("stripe_port"))
        data_dir.remember(stripe_port=self.port)

    @property
    def folder(self) -> Path:
        return self._data_dir.path / "stripe"

    @property
    def environment(self) -> Mapping[str, str]:
        """What the product needs to know of it."""
        return {
            "STRIPE_SECRET_KEY": f"sk_test_{self._secret('key')}",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{self._secret('webhook')}",
            "STRIPE_API_BASE": f"http://{LOOPBACK}:{self.port}",
        }

    @property
    def url(self) -> str:
        """Where its pages are, for a browser on this machine."""
        return f"http://localhost:{self.port}"

    def start(self, supervisor: Supervisor, webhook_url: str, timeout: float = 30) -> None:
        """Start it, and wait until it serves. Raises LaunchError with the end of its log."""
        supervisor.start(self._program(webhook_url))
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            if time.monotonic() > deadline or supervisor.starts(_NAME) > 3:
                log = self._log
                raise LaunchError(
                    f"the stand-in for Stripe does not start; the end of {log}:\n{last_words(log)}"
                )
            time.sleep(_POLL)

    def is_ready(self) -> bool:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/_control/")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    @property
    def _log(self) -> Path:
        return self._data_dir.logs / f"{_NAME}.log"

    def _program(self, webhook_url: str) -> Program:
        options = {
            "--port": str(self.port),
            "--data-dir": str(self.folder),
            "--webhook-url": webhook_url,
            "--webhook-secret": self.environment["STRIPE_WEBHOOK_SECRET"],
            "--public-url": self.url,
        }
        return Program(
            name=_NAME,
            argv=[PYTHON, "-m", "stripe_stand_in", *(word for pair in options.items() for word in pair)],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            log=self._log,
            cwd=PROJECT,
        )

    def _secret(self, use: str) -> str:
        made = hmac.new(
            self._data_dir.secrets().secret_key.encode(), f"stripe {use}".encode(), hashlib.sha256
        )
        return made.hexdigest()[:32]
