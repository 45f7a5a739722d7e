"""What is written down, whatever was to be written."""

from __future__ import annotations

import logging
import sys
from urllib.parse import quote

import pytest

from tests.personas import Workspace


@pytest.fixture
def secrets(workspace: Workspace) -> dict[str, str]:
    with workspace.api() as api:
        ticket = api.post("/api/v1/tickets", json={"sub": "bob"}).json()["ticket"]
    return {"token": workspace.token("bob"), "key": workspace.secret, "ticket": ticket}


@pytest.mark.parametrize(
    "said",
    [
        "{}",
        "a {} b",
        "/ws/chat/{}/",
        "'{}'",
        "x={}&y=1",
        "?token={}",
        "Bearer {}",
        "bearer.{}, snug.v1",
        "{}{}",
    ],
)
@pytest.mark.parametrize("encoded", [0, 1, 2, 3])
def test_a_credential_is_never_written_down(secrets: dict[str, str], said: str, encoded: int) -> None:
    from config.logs import HIDDEN, without_secrets

    for kind, secret in secrets.items():
        shown = secret
        for _ in range(encoded):
            shown = "".join(f"%{byte:02X}" for byte in shown.encode())
        for line in (said.replace("{}", shown), quote(said.replace("{}", shown), safe="/")):
            written = without_secrets(line)
            assert HIDDEN in written, kind
            for part in (secret[-20:], secret[20:40], shown[-20:]):
                assert part not in written, kind


def test_what_was_cut_off_is_hidden_too(secrets: dict[str, str]) -> None:
    from config.logs import without_secrets

    for kind, secret in secrets.items():
        assert secret[16:24] not in without_secrets(f"/ws/chat/{secret}/"[:40]), kind


def test_a_session_is_hidden() -> None:
    from config.logs import without_secrets

    line = without_secrets("Cookie: snug_csrf=abc; snug_session=q0w9e8r7t6y5u4i3o2p1a0s9d8f7g6h5; other=1")
    assert line == "Cookie: snug_csrf=abc; snug_session=[hidden]; other=1"


def test_tracebacks_are_read_through_as_well(secrets: dict[str, str]) -> None:
    from config.logs import Line

    try:
        raise ValueError(f"what is {secrets['token']!r}?")
    except ValueError:
        record = logging.LogRecord(
            "snug", logging.ERROR, __file__, 1, "broke: %s", (secrets["key"],), sys.exc_info()
        )
    written = Line("{message}", style="{").format(record)
    assert "ValueError" in written
    assert written.count("[hidden]") == 2
    assert not any(secret[-20:] in written for secret in secrets.values())


@pytest.mark.parametrize(
    "line",
    [
        "acme '/ws/chat/general/' 'bob' 3f0a connected",
        "w1 '/ws/chat/eyes-only/' 'key_0123456789abcdef' - refused 4004: There is no such room.",
        "acme '/ws/chat/a%20b/' 'eyal' - refused 4000",
        "100% of 5%",
    ],
)
def test_everything_else_is_written_as_it_is(line: str) -> None:
    from config.logs import without_secrets

    assert without_secrets(line) == line
