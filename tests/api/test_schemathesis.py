"""Schemathesis asks the API whatever its OpenAPI document allows, and what it does not, and checks each answer."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenants.models import Tenant
from tests.personas import Workspace

PROGRAM = Path(sys.executable).parent / "schemathesis"
# Beyond these the test would be one of limits.
PLENTY = {"api_per_minute": 10_000_000, "messages_per_10s": 1_000_000}


@pytest.mark.parametrize("seed", ["1"])
def test_the_api_is_what_its_document_says(
    new_workspace: Callable[..., Workspace], tmp_path: Path, seed: str
) -> None:
    """All checks are on. No data of ours helps it: what it needs it makes by the calls that the document has."""
    workspace = new_workspace(plan="business")
    Tenant.objects.filter(pk=workspace.tenant.id).update(own_limits=PLENTY)
    home = f"http://127.0.0.1:{workspace.ports[0]}"
    with workspace.api() as client:
        client.headers["Host"] = f"{workspace.host}:{workspace.ports[0]}"
        while client.get("/api/v1/rooms").headers["ratelimit-limit"] != str(PLENTY["api_per_minute"]):
            pass  # the web process looks again within two seconds
    done = subprocess.run(
        [
            PROGRAM,
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            "run",
            f"{home}/api/v1/openapi.json",
            *("--url", home),
            *("--header", f"Host: {workspace.host}:{workspace.ports[0]}"),
            *("--header", f"Authorization: Bearer {workspace.secret}"),
            *("--max-examples", "12", "--seed", seed),
            *("--continue-on-failure", "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=900,  # half a minute, on a machine that has nothing else to do
        cwd=tmp_path,  # it keeps what it found
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    operations = re.search(r"Selected: (\d+)/\1\n  Tested: (\d+)", done.stdout)
    assert operations, done.stdout
    assert operations[1] == operations[2]
