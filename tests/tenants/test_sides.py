"""Of which side a credential is, told by its looks."""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from tenants import sides

TEST_KEY = "key_test_0123456789abcd"


def signed(kid: object) -> str:
    return jwt.encode({"sub": "bob"}, "s" * 32, algorithm="HS256", headers={"kid": kid})


def headed(header: str) -> str:
    """Something like a JWT whose header is exactly this text."""
    return base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode() + ".e30.x"


@pytest.mark.parametrize("mark", ["snug_sk_", "snug_tk_", "snug_in_"])
def test_a_secret_says_of_which_side_it_is(mark: str) -> None:
    live, test = sides.new_secret(mark, test=False), sides.new_secret(mark, test=True)
    assert live.startswith(mark)
    assert test.startswith(f"{mark}test_")
    assert (sides.is_test(live), sides.is_test(test)) == (False, True)
    assert len(test) - len(mark) - len("test_") == len(live) - len(mark) == 43


def test_a_live_secret_never_begins_by_chance_as_a_test_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["test_" + "a" * 38, "b" * 43])
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: next(drawn))
    assert sides.new_secret("snug_sk_", test=False) == "snug_sk_" + "b" * 43


def test_a_user_token_is_of_the_side_of_its_key() -> None:
    assert sides.is_test(signed(TEST_KEY))
    assert not sides.is_test(signed("key_0123456789abcdef"))
    assert not sides.is_test(signed("my key_test_ of old"))
    assert not sides.is_test(signed("key_tested"))


@pytest.mark.parametrize(
    "header",
    {
        "somewhere else": '{"kid": "key_0123456789abcdef", "x5u": "key_test_"}',
        "a list": '["key_test_0123456789abcd"]',
        "a kid that is a list": '{"kid": ["key_test_0123456789abcd"]}',
        "the last of two": '{"kid": "key_test_0123456789abcd", "kid": "key_0123456789abcdef"}',
        "no JSON": "key_test_0123456789abcd",
        "deep": '{"kid": "key_test_0123456789abcd", "x": ' + "[" * 100_000,
    }.values(),
    ids=["elsewhere", "list", "kid list", "two", "no json", "deep"],
)
def test_only_a_kid_makes_a_token_one_of_test_mode(header: str) -> None:
    assert not sides.is_test(headed(header))
    assert sides.is_test(headed(json.dumps({"kid": TEST_KEY})))


@pytest.mark.parametrize(
    "credential",
    [
        "",
        ".",
        "..",
        "é.é.é",
        "\ud800",
        "a",
        "a" * 5000,
        "snug_sk_",
        "snug_sk_tes",
        "Snug_sk_test_x",
        " snug_sk_test_",
    ],
)
def test_whatever_else_is_of_the_live_side(credential: str) -> None:
    assert not sides.is_test(credential)
