"""Doing the work that a workspace under attack asks of new guests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from secrets import randbelow
from typing import Any

import httpx

from tests.personas import Workspace
from tests.plain_http import NO_TLS

GUESTS = "/api/v1/guests"


def counted_before(schema: str, key: str, seconds: int, many: int) -> None:
    """So much has been counted already, in the running window and in the one that comes: a test that is slow, or begins
    late in a window, sees the same."""
    from realtime import groups
    from realtime.store import sync_client

    window = int(time.time()) // seconds
    for number in (window, window + 1):
        name = groups.counter(schema, f"{key}:{number}")
        sync_client(name).incrby(name, many)
        sync_client(name).expire(name, 3 * seconds)


def under_attack(workspace: Workspace, times: float = 1.0) -> None:
    """As many have come in this minute as are asked for no proof, or so many times as many."""
    from tenants.guest_limits import usual_a_minute

    tenant = workspace.tenant
    counted_before(tenant.schema_name, "guests", 60, int(times * usual_a_minute(tenant.limits)))


def new_address() -> str:
    """One of this machine's that no other test has."""
    return f"127.{1 + randbelow(254)}.{randbelow(254)}.{2 + randbelow(252)}"


@contextmanager
def from_address(workspace: Workspace, address: str, process: int = 0) -> Iterator[httpx.Client]:
    """A client without credentials, at this address of this machine."""
    port = workspace.ports[process]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Host": f"{workspace.host}:{port}"},
        transport=httpx.HTTPTransport(local_address=address, verify=NO_TLS),
        timeout=20,
    ) as client:
        yield client


def asked(client: httpx.Client) -> dict[str, Any]:
    """The problem with which a new guest is asked for a proof."""
    answer = client.post(GUESTS)
    assert answer.status_code in (403, 429), answer.text
    found: dict[str, Any] = answer.json()
    return found


def solved(challenge: str, difficulty: int) -> dict[str, str]:
    from api.proofs import zero_bits

    nonce = next(nonce for nonce in map(str, count()) if zero_bits(challenge + nonce) >= difficulty)
    return {"challenge": challenge, "nonce": nonce}


def proof_for(client: httpx.Client) -> dict[str, str]:
    """What lets a new guest in at this client's address."""
    problem = asked(client)
    return solved(problem["challenge"], problem["difficulty"])


def token_at(client: httpx.Client) -> str:
    """A new guest's."""
    answer = client.post(GUESTS)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
