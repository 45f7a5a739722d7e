"""nginx as docker-compose.yml runs it: the same template, rendered with other ports, by the same variables."""

import json
import os
import re
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.local.nginx import nginx
from ops.local.parent_death import ends_with_parent
from ops.local.paths import PROJECT

TEMPLATE = PROJECT / "ops" / "nginx" / "templates" / "nginx.conf.template"
VARIABLE = re.compile(r"\$\{(SNUG_NGINX_\w+)\}")
_PATIENCE = 10.0


class Front:
    """One nginx with TLS. `variables` are those of the template; certificate and folders are in `folder`."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.variables = dict(variables)
        self.http_port = int(variables["SNUG_NGINX_HTTP"].rpartition(":")[2])
        self.https_port = int(variables["SNUG_NGINX_HTTPS"].rpartition(":")[2])
        self._program = os.environ.get("SNUG_TEST_NGINX") or str(nginx())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def configuration(self) -> Path:
        """The template, rendered as the image's envsubst does."""
        rendered = self.folder / "nginx.conf"
        rendered.write_text(VARIABLE.sub(lambda found: self.variables[found[1]], TEMPLATE.read_text()))
        return rendered

    def tested(self) -> str:
        """What `nginx -t` says, and the configuration as nginx took it."""
        done = subprocess.run([*self._command(), "-T"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr + done.stdout

    def start(self) -> None:
        with (
            (self.folder / "access.log").open("ab") as access,
            (self.folder / "error.log").open("ab") as error,
        ):
            self._process = subprocess.Popen(
                [*self._command(), "-g", "daemon off;"],
                stdin=subprocess.DEVNULL,
                stdout=access,
                stderr=error,
                # The master ends its workers when it is asked to; killed, it would leave them behind.
                preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
                process_group=0,
            )
        deadline = time.monotonic() + _PATIENCE
        while not (self.folder / "nginx.pid").exists():
            assert self._process.poll() is None, self.errors()
            assert time.monotonic() < deadline, self.errors()
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)

    def _command(self) -> list[str]:
        return [self._program, "-e", "stderr", "-p", str(self.folder), "-c", str(self.configuration)]

    # ---- what a client needs

    def trust(self) -> ssl.SSLContext:
        """TLS as a client that was told to trust this one certificate."""
        return ssl.create_default_context(
            cafile=Path(self.variables["SNUG_NGINX_CERTIFICATES"]) / "fullchain.pem"
        )

    # ---- what it wrote down

    def requests(self, client: str) -> list[dict[str, Any]]:
        """The lines of the access log about this address. A socket has its line when it is closed."""
        whole, _, _ = (
            (self.folder / "access.log").read_text().rpartition("\n")
        )  # the last may be half written
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["client"] == client]

    def errors(self) -> str:
        return (self.folder / "error.log").read_text()

    def logs(self) -> str:
        """Everything it wrote down anywhere."""
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*.log"))
