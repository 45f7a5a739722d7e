"""User tokens: what a tenant may sign, and everything else that is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from accounts import tokens
from accounts.tokens import TokenExpired, TokenRefused, TokenTooLarge

SECRET = "a-signing-secret-of-a-decent-length-for-hs256"
KID = "key_0123456789abcdef"
HOUR = 3600


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(claims: object, header: object = None, secret: str = SECRET) -> str:
    """A token with whatever is wanted in it, rightly signed: no library would make most of these."""
    signed = f"{encoded({'alg': 'HS256', 'kid': KID} if header is None else header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


class FromNow(float):
    """So many seconds from when the claims are made; `...` in their place leaves a claim out."""


def claims(**changed: Any) -> dict[str, Any]:
    whole = {"sub": "bob", "exp": FromNow(HOUR)} | changed
    moments = {
        name: int(time.time()) + (int(value) if value.is_integer() else float(value))
        for name, value in whole.items()
        if isinstance(value, FromNow)
    }
    return {name: value for name, value in (whole | moments).items() if value is not ...}


def read(token: str, **options: Any) -> tokens.Claims:
    assert tokens.header_of(token) == (KID, "HS256")
    return tokens.verify(token, SECRET, **options)


def test_sub_and_exp_are_enough() -> None:
    exp = int(time.time()) + HOUR
    accepted = read(forged({"sub": "bob", "exp": exp}))
    assert accepted == tokens.Claims(sub="bob", exp=exp, issued_at=exp - 24 * HOUR)


def test_what_we_sign_we_accept_whole() -> None:
    before = time.time()
    token, exp = tokens.sign(
        SECRET, KID, "bob", HOUR, name="Bob", avatar="https://x.example/b.png", rooms=["a", "b"]
    )
    accepted = read(token)
    assert (accepted.sub, accepted.name, accepted.avatar) == ("bob", "Bob", "https://x.example/b.png")
    assert accepted.rooms == frozenset({"a", "b"})
    assert accepted.exp == exp
    assert before - 0.001 <= accepted.issued_at <= time.time()  # to the millisecond, not the second
    assert jwt.decode(token, SECRET, ["HS256"], audience="snug")["aud"] == "snug"


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "u" * 128},
        {"sub": "bücher 🙂"},
        {"sub": "staffordshire"},
        {"sub": "a:b"},
        {"exp": FromNow(-50)},
        {"exp": FromNow(24 * HOUR + 50)},
        {"exp": FromNow(HOUR + 0.5)},
        {"iat": FromNow(0)},
        {"iat": FromNow(50.5)},
        {"iat": 0},
        {"aud": "snug"},
        {"aud": ["other", "snug"]},
        {"nbf": FromNow(50)},
        {"jti": "1"},
        {"iss": "https://shop.example"},
        {"name": None, "avatar": None, "rooms": None, "unknown": {"deep": [1]}},
        {"name": "n" * 300},
        {"rooms": []},
    ],
    ids=" ".join,
)
def test_these_are_accepted(changed: dict[str, Any]) -> None:
    read(forged(claims(**changed)))


def test_no_rooms_is_not_the_same_as_an_empty_list() -> None:
    assert read(forged(claims())).rooms is None
    assert read(forged(claims(rooms=[]))).rooms == frozenset()


ODD_NUMBERS: dict[str, Any] = {
    "a string": "9999999999",
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "not a number": float("nan"),
    "huge": 10**30,
    "beyond a float": 10**400,
    "negative": -1,
    "true": True,
    "null": None,
    "a list": [1],
    "an object": {"a": 1},
}


@pytest.mark.parametrize("exp", ODD_NUMBERS.values(), ids=ODD_NUMBERS)
def test_an_odd_exp_is_refused(exp: object) -> None:
    with pytest.raises(TokenRefused):
        read(forged(claims(exp=exp)))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("moment", ODD_NUMBERS.values(), ids=ODD_NUMBERS)
def test_an_odd_iat_or_nbf_is_refused_or_says_nothing(claim: str, moment: object) -> None:
    try:
        accepted = read(forged(claims(**{claim: moment})))
    except TokenRefused:
        return
    assert accepted.issued_at <= time.time() + tokens.LEEWAY  # at any rate it cannot escape a revocation


@pytest.mark.parametrize(
    "changed",
    {
        "no sub": {"sub": ...},
        "no exp": {"exp": ...},
        "a day and more ahead": {"exp": FromNow(24 * HOUR + 120)},
        "issued in the future": {"iat": FromNow(120)},
        "not yet valid": {"nbf": FromNow(120)},
        "another audience": {"aud": "other"},
        "no audience in the list": {"aud": ["other"]},
        "an empty list of audiences": {"aud": []},
        "audience null": {"aud": None},
        "audience a number": {"aud": 5},
        "audience an object": {"aud": {"snug": 1}},
        "sub empty": {"sub": ""},
        "sub too long": {"sub": "u" * 129},
        "sub null": {"sub": None},
        "sub a number": {"sub": 5},
        "sub true": {"sub": True},
        "sub a list": {"sub": ["bob"]},
        "sub with a slash": {"sub": "a/b"},
        "sub with a line break": {"sub": "a\nb"},
        "sub with NUL": {"sub": "a\x00b"},
        "sub with DEL": {"sub": "a\x7fb"},
        "sub with a C1 control": {"sub": "a\x85b"},
        "sub a lone surrogate": {"sub": "a\ud800b"},
        "sub of staff": {"sub": "staff:alice"},
        "sub of a guest": {"sub": "guest:0123456789abcdef"},
        "sub of a bot": {"sub": "bot:key_1"},
        "sub of STAFF": {"sub": "STAFF:alice"},
        "name a number": {"name": 5},
        "name a list": {"name": ["Bob"]},
        "name false": {"name": False},
        "name with NUL": {"name": "B\x00b"},
        "name a lone surrogate": {"name": "B\udfffb"},
        "avatar without TLS": {"avatar": "http://x.example/b.png"},
        "avatar a script": {"avatar": "javascript:alert(1)"},
        "avatar with a space": {"avatar": "https://x.example/b .png"},
        "avatar too long": {"avatar": "https://x.example/" + "b" * 500},
        "avatar a number": {"avatar": 5},
        "rooms a string": {"rooms": "general"},
        "rooms an object": {"rooms": {"general": 1}},
        "rooms of numbers": {"rooms": [1]},
        "rooms of lists": {"rooms": [["general"]]},
        "rooms with a bad name": {"rooms": ["general", "a room"]},
        "rooms with a star": {"rooms": ["*"]},
        "rooms with an empty name": {"rooms": [""]},
        "rooms with a trailing newline": {"rooms": ["general\n"]},
        "too many rooms": {"rooms": [f"r{n}" for n in range(101)]},
    }.items(),
    ids=lambda named: named[0],
)
def test_these_are_refused_and_say_why(changed: tuple[str, dict[str, Any]]) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(forged(claims(**changed[1])))
    assert "\n" not in str(refused.value)
    assert not isinstance(refused.value, TokenExpired)


WRONG_SIGNATURE = "the signature does not match: sign with the key's signing secret, not with the key itself"
NO_KID = "the token's header names no key (kid)"
NO_SUCH_ALG = "the token's alg must be HS256, or RS256, ES256, EdDSA with a public key"
NO_SUCH_KEY = "the token's kid: there is no such API key here, or it was revoked"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sub": ...}, "the token has no sub"),
        ({"sub": None}, "the token has no sub"),
        ({"exp": ...}, "the token has no exp"),
        ({"exp": None}, "the token has no exp"),
        ({"exp": "soon"}, "exp must be a number of Unix seconds"),
        ({"exp": float("nan")}, "exp must be a number of Unix seconds"),
        ({"exp": FromNow(-61)}, "the token has expired"),
        ({"exp": FromNow(25 * HOUR)}, "exp must be at most 24 hours ahead"),
        ({"iat": FromNow(62)}, "iat lies in the future: compare your server's clock"),
        ({"iat": "now"}, "iat must be a number of Unix seconds"),
        ({"iat": None}, "iat must be a number of Unix seconds"),
        ({"nbf": FromNow(62)}, "nbf lies in the future: compare your server's clock"),
        ({"nbf": [1]}, "nbf must be a number of Unix seconds"),
        ({"aud": "other"}, "aud must be snug"),
        ({"sub": 5}, "sub must be a string of 1 to 128 characters"),
        ({"sub": "a/b"}, "sub must not contain a slash or control characters"),
        ({"sub": ".."}, "sub must not be “.” or “..”, which stand for other places in a URL"),
        ({"name": 5}, "name must be a string of ordinary characters"),
        ({"avatar": "http://x.example"}, "avatar must be an https address"),
        ({"rooms": "general"}, "rooms must be a list of at most 100 room names"),
        ({"rooms": ["kitchen", "a room"]}, 'rooms holds "a room", which is no room name'),
        ({"rooms": ["kitchen", "ü" * 99]}, f'rooms holds "{"ü" * 40}", which is no room name'),
        ({"rooms": ["a\nb"]}, 'rooms holds "a\\nb", which is no room name'),
        ({"rooms": [7]}, "rooms holds 7, which is no room name"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, dict) else None,
)
def test_a_refused_claim_is_named_in_a_sentence(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(forged(claims(**changed)))
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (forged({"sub": "bob"}, secret="snug_sk_another"), WRONG_SIGNATURE),
        (forged({"sub": "bob"}).rpartition(".")[0] + ".", WRONG_SIGNATURE),
        (forged({"sub": "bob"}, {"alg": "HS512", "kid": KID}), NO_SUCH_ALG),
        (forged({"sub": "bob"}, {"alg": "HS256"}), NO_KID),
        (forged({"sub": "bob"}, {"alg": "HS256", "kid": ""}), NO_KID),
        (forged({"sub": "bob"}, {"alg": "HS256", "kid": "key_nope"}), NO_SUCH_KEY),
        ("a.b.c", "this is not a JWT"),
        (forged([]), "this is not a JWT whose payload is a JSON object"),
        (forged(b"{"), "this is not a JWT whose payload is a JSON object"),
    ],
    ids=range(9),
)
def test_what_is_wrong_around_the_claims_is_said_in_a_sentence(token: str, said: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        read(token)
    assert str(refused.value) == said


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(TokenExpired):
        read(forged(claims(exp=FromNow(-61))))


@pytest.mark.parametrize(
    "payload", [[], "bob", 5, None, b"{", b"\xff\xfe", b"[" * 3000 + b"]" * 3000], ids=repr
)
def test_a_payload_that_is_no_object_is_refused(payload: object) -> None:
    with pytest.raises(TokenRefused):
        tokens.verify(forged(payload), SECRET)


HEADERS: dict[str, Any] = {
    "no alg": {"kid": KID},
    "none": {"alg": "none", "kid": KID},
    "NONE": {"alg": "NONE", "kid": KID},
    "HS512": {"alg": "HS512", "kid": KID},
    "hs256": {"alg": "hs256", "kid": KID},
    "RS384": {"alg": "RS384", "kid": KID},
    "PS256": {"alg": "PS256", "kid": KID},
    "ES256K": {"alg": "ES256K", "kid": KID},
    "a kid of NUL": {"alg": "RS256", "kid": "a\x00b"},
    "a kid of a lone surrogate": {"alg": "RS256", "kid": "a\ud800b"},
    "a long kid": {"alg": "RS256", "kid": "k" * 129},
    "crit": {"alg": "HS256", "kid": KID, "crit": ["exp"]},
    "an empty crit": {"alg": "HS256", "kid": KID, "crit": []},
    "unencoded": {"alg": "HS256", "kid": KID, "crit": ["b64"], "b64": False},
    "a list": {"alg": ["HS256"], "kid": KID},
    "no kid": {"alg": "HS256"},
    "kid null": {"alg": "HS256", "kid": None},
    "kid a number": {"alg": "HS256", "kid": 5},
    "kid a path": {"alg": "HS256", "kid": "../../dev/null"},
    "kid SQL": {"alg": "HS256", "kid": "' OR 1=1 --"},
    "kid upper case": {"alg": "HS256", "kid": KID.upper()},
    "kid with a newline": {"alg": "HS256", "kid": f"{KID}\n"},
    "kid a secret's beginning": {"alg": "HS256", "kid": "snug_sk_0123456789"},
    "not an object": [],
    "not JSON": b"{",
    "not UTF-8": b"\xff",
    "deep": b"[" * 1400 + b"]" * 1400,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_an_odd_header_is_refused_before_any_key_is_looked_for(header: object) -> None:
    with pytest.raises(TokenRefused):
        tokens.header_of(forged(claims(), header))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.b", "not a token", "é.é.é", "\ud800", "a" * 5000, "snug_sk_x"],
    ids=repr,
)
def test_what_is_no_jwt_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        tokens.header_of(token)


def test_four_kibibytes_are_the_limit() -> None:
    for padding, fits in ((2_000, True), (3_200, False)):
        token = forged(claims(padding="p" * padding))
        assert (len(token) <= tokens.MAX_BYTES) == fits
        if fits:
            read(token)
        else:
            with pytest.raises(TokenRefused, match="4096 bytes"):
                tokens.header_of(token)
    with pytest.raises(TokenTooLarge):
        tokens.sign(SECRET, KID, "bob", HOUR, name="n" * 4096)


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-1], SECRET + " ", SECRET.upper()])
def test_another_signature_is_refused(secret: str) -> None:
    with pytest.raises(TokenRefused, match="the signature does not match"):
        tokens.verify(forged(claims(), secret=secret), SECRET)


def test_no_signature_is_refused() -> None:
    whole = forged(claims())
    for stripped in (
        whole.rpartition(".")[0] + ".",
        whole[:-4],
        whole[:-1] + ("A" if whole[-1] != "A" else "B"),
    ):
        with pytest.raises(TokenRefused):
            tokens.verify(stripped, SECRET)


def test_alg_none_is_refused_though_it_is_well_made() -> None:
    token = jwt.encode(claims(), "", algorithm="none", headers={"kid": KID})
    with pytest.raises(TokenRefused):
        tokens.header_of(token)
    with pytest.raises(TokenRefused):
        tokens.verify(token, SECRET)


def test_a_public_key_is_no_shared_secret() -> None:
    """The classic confusion of HS256 and RS256: whoever knows the public key must not be able to sign with it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    right = jwt.encode(claims(), private, algorithm="RS256", headers={"kid": KID})
    assert tokens.verify(right, private.public_key(), "RS256").sub == "bob"
    with pytest.raises(TokenRefused, match="its key is for nothing else"):
        tokens.verify(right, SECRET)
    for key, algorithm in ((SECRET, "HS256"), (private.public_key(), "RS256"), (public, "RS256")):
        with pytest.raises(TokenRefused):
            tokens.verify(forged(claims(), secret=public), key, algorithm)


def test_only_snugs_own_key_may_speak_of_guests() -> None:
    guest = forged(claims(sub="guest:0123456789abcdef"))
    with pytest.raises(TokenRefused):
        read(guest)
    assert read(guest, may_be_guest=True).sub == "guest:0123456789abcdef"
    for sub in ("guest:", "guest:a/b", "guest:" + "a" * 41, "guest:UPPER123", "staff:alice", "bot:key_1"):
        with pytest.raises(TokenRefused):
            read(forged(claims(sub=sub)), may_be_guest=True)


def test_a_refusal_never_repeats_the_token() -> None:
    for token in (forged(claims(sub="a/b")), forged(claims(), secret="other"), "a.b.c"):
        with pytest.raises(TokenRefused) as refused:
            tokens.verify(token, SECRET)
        assert token not in str(refused.value)
        assert token.rpartition(".")[2] not in str(refused.value) or token == "a.b.c"
