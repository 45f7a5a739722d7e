"""Clocks that disagree: a tenant's server mints by its own, we judge by ours; a minute is forgiven, more is not."""

import math
import time
from typing import Any

import jwt
import pytest

from accounts.tokens import AUDIENCE, HS256, LEEWAY, MAX_TTL
from realtime.events import CloseCode, ErrorCode
from tests.personas import Workspace
from tests.realtime.office import revoke_tokens

# Between an edge and what is tried on either side of it: this test and the server do not look at the same instant.
ASIDE = 8
HOUR = 3600


Seconds = dict[str, float | None]


def minted(workspace: Workspace, seconds: Seconds | None = None, sub: str = "bob") -> str:
    """A token of a clock of its own: each claim so many seconds from now; without `iat` where that is None."""
    now = time.time()
    moments: Seconds = {"iat": 0.0, "exp": HOUR}
    moments |= seconds or {}
    claims: dict[str, Any] = {"sub": sub, "aud": AUDIENCE}
    claims |= {name: math.floor(now + at) for name, at in moments.items() if at is not None}
    headers = {"kid": workspace.key_id}
    return jwt.encode(claims, workspace.signing_secret, algorithm=HS256, headers=headers)


GOOD: dict[str, Seconds] = {
    "minted by a clock that is ahead": {"iat": LEEWAY - ASIDE, "exp": HOUR},
    "minted by a clock that is behind": {"iat": -LEEWAY, "exp": HOUR - LEEWAY},
    "not good before a moment from now": {"nbf": LEEWAY - ASIDE, "exp": HOUR},
    "ended a moment ago": {"iat": -HOUR, "exp": -LEEWAY + ASIDE},
    "good for a day by a clock that is ahead": {"iat": LEEWAY - ASIDE, "exp": MAX_TTL + LEEWAY - ASIDE},
    "issued nobody knows when": {"iat": None, "exp": HOUR},
}
BAD: dict[str, Seconds] = {
    "minted in the future": {"iat": LEEWAY + ASIDE, "exp": HOUR},
    "not good yet": {"nbf": LEEWAY + ASIDE, "exp": HOUR},
    "ended a while ago": {"iat": -HOUR, "exp": -LEEWAY - ASIDE},
    "good for more than a day": {"iat": 0, "exp": MAX_TTL + LEEWAY + ASIDE},
    "minted long ago and good for ever": {"iat": -HOUR, "exp": 365 * MAX_TTL},
}


@pytest.mark.parametrize("claims", GOOD.values(), ids=GOOD.keys())
async def test_a_minute_is_forgiven(workspace: Workspace, claims: Seconds) -> None:
    for process in (0, 1):
        async with workspace.chat(minted(workspace, claims), process=process) as bob:
            await bob.entered()
            await bob.say("hello")


@pytest.mark.parametrize("claims", BAD.values(), ids=BAD.keys())
async def test_more_is_not(workspace: Workspace, claims: Seconds) -> None:
    for process in (0, 1):
        async with workspace.chat(minted(workspace), process=process) as bob:
            await bob.entered()
            await bob.send("refresh_token", token=minted(workspace, claims))
            assert (await bob.error())["code"] in (ErrorCode.TOKEN_EXPIRED, ErrorCode.FORBIDDEN)
        async with workspace.chat(minted(workspace, claims), process=process) as bob:
            assert await bob.closed() == CloseCode.UNAUTHENTICATED


async def test_a_token_that_ended_a_moment_ago_is_told_so_at_once_and_a_new_one_keeps_the_socket(
    workspace: Workspace,
) -> None:
    async with workspace.chat(minted(workspace, {"iat": -HOUR, "exp": -LEEWAY + ASIDE})) as bob:
        await bob.entered()
        assert (await bob.error())["code"] == ErrorCode.TOKEN_EXPIRED
        ahead = minted(workspace, {"iat": LEEWAY - ASIDE, "exp": HOUR + LEEWAY})
        await bob.send("refresh_token", token=ahead)
        exp = jwt.decode(ahead, options={"verify_signature": False})["exp"]
        assert (await bob.until("token_refreshed"))["exp"] == exp
        await bob.say("still here")


async def test_a_token_that_ends_under_an_open_socket_is_told_when_it_does(workspace: Workspace) -> None:
    token = minted(workspace, {"exp": 2})
    exp = jwt.decode(token, options={"verify_signature": False})["exp"]
    async with workspace.chat(token) as bob:
        await bob.entered()
        assert (await bob.error())["code"] == ErrorCode.TOKEN_EXPIRED
        assert exp <= time.time() < exp + 1
        await bob.say("they are given half a minute")


async def test_what_a_clock_ahead_of_ours_has_minted_is_revoked_all_the_same(workspace: Workspace) -> None:
    """By its own word, such a token was issued after it was revoked."""
    async with (
        workspace.chat(minted(workspace, {"iat": LEEWAY - ASIDE}), process=0) as bob,
        workspace.chat(minted(workspace, {"iat": LEEWAY - ASIDE}, sub="ann"), process=1) as ann,
    ):
        await bob.entered()
        await ann.entered()
        await revoke_tokens(workspace, "bob")
        assert await bob.closed(1) == CloseCode.UNAUTHENTICATED
        await ann.say("nobody revoked mine")
