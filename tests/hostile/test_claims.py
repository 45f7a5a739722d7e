"""Tokens that are signed as they should be, with anything in them: the socket opens, or is refused for the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.hostile.anything import BOUNDED, VALUES
from tests.hostile.test_handshakes import ROOM, knock
from tests.hostile.wire import handshake
from tests.personas import Workspace

TOO_LONG = 431  # no header is as long as that
CLAIMS = ["sub", "exp", "iat", "nbf", "aud", "iss", "name", "avatar", "rooms", "jti", "kid", "alg", "x"]
HEADERS = ["kid", "alg", "typ", "crit", "jwk", "jku", "b64", "zip", "x5c"]


def signed(workspace: Workspace, claims: dict[str, Any], head: dict[str, Any]) -> str:
    """A JWT made by hand, since a library would refuse to make some of these."""
    usual = {"alg": "HS256", "typ": "JWT", "kid": workspace.key_id}
    parts = [_coded(json.dumps(part).encode()) for part in (usual | head, claims)]
    mac = hmac.new(workspace.signing_secret.encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _coded(mac.digest())])


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def outcome(workspace: Workspace, token: str) -> int | str:
    headers = [("Sec-WebSocket-Protocol", f"snug.v1, bearer.{token}")]
    return knock(workspace, handshake(workspace.host, ROOM, headers))


def good(workspace: Workspace) -> dict[str, Any]:
    return {"sub": "bob", "exp": int(time.time()) + 600}


def test_a_token_made_by_hand_is_as_good_as_any(target: Workspace) -> None:
    assert outcome(target, signed(target, good(target), {})) == "open"


@settings(BOUNDED, max_examples=120)
@given(name=st.sampled_from(CLAIMS), value=VALUES)
@example(name="exp", value=float("inf"))
@example(name="exp", value=float("nan"))
@example(name="exp", value=10**400)
@example(name="exp", value=-(10**400))
@example(name="exp", value=1e308)
@example(name="exp", value=True)
@example(name="exp", value="1e3")
@example(name="iat", value=float("nan"))
@example(name="iat", value=float("-inf"))
@example(name="iat", value=-(10**400))
@example(name="iat", value=-(10**15))
@example(name="nbf", value=float("inf"))
@example(name="rooms", value=["general"] * 300)
@example(name="rooms", value=["\ud800", "\x00", None, {}])
@example(name="rooms", value={"general": 1})
@example(name="aud", value=[["snug"]])
@example(name="aud", value={"snug": 1})
@example(name="sub", value="\ud800")
@example(name="name", value="\ud800\x00")
@example(name="avatar", value="https://[")
@example(name="jti", value={})
def test_any_claim_is_taken_or_refused(target: Workspace, name: str, value: Any) -> None:
    closed = outcome(target, signed(target, good(target) | {name: value}, {}))
    assert closed in ("open", 4001, 4002, 4003, TOO_LONG), closed


@BOUNDED
@given(name=st.sampled_from(HEADERS), value=VALUES)
def test_any_header_of_a_token_is_taken_or_refused(target: Workspace, name: str, value: Any) -> None:
    closed = outcome(target, signed(target, good(target), {name: value}))
    assert closed in ("open", 4001, 4002, TOO_LONG), closed


@BOUNDED
@given(claims=VALUES, head=VALUES)
def test_a_token_of_anything_is_refused(target: Workspace, claims: Any, head: Any) -> None:
    parts = [_coded(json.dumps(part).encode()) for part in (head, claims)]
    assert outcome(target, f"{parts[0]}.{parts[1]}.{_coded(b'x' * 32)}") in (4001, TOO_LONG)
