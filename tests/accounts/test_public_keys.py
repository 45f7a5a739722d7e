"""What a tenant may register as a public key; everything else is refused in a sentence, and nothing of it kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from accounts import public_keys
from accounts.public_keys import KeyRefused
from tests.accounts.signing import ALGORITHMS, pair

PRIVATE = "This is a private key. It was not kept."


def pem_of(public: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return str(public.public_bytes(Encoding.PEM, form).decode())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pem_and_a_jwk_of_the_same_key_are_the_same_key(algorithm: str) -> None:
    mine = pair(algorithm)
    as_pem = public_keys.from_pem(mine.pem)
    as_jwk = public_keys.from_jwk(mine.jwk(kid="idp-1", use="sig", alg=algorithm))
    assert as_pem.algorithm == as_jwk.algorithm == algorithm
    assert as_pem.pem == as_jwk.pem == mine.pem
    assert as_pem.thumbprint == as_jwk.thumbprint
    assert (as_pem.kid, as_jwk.kid) == (None, "idp-1")


def test_an_older_kind_of_pem_is_read_too() -> None:
    public = pair("RS256").private.public_key()
    assert public_keys.from_pem(pem_of(public, PublicFormat.PKCS1)).pem == pair("RS256").pem
    assert public_keys.from_pem(f"\r\n  {pair('RS256').pem}  \n").pem == pair("RS256").pem


def test_keys_for_encryption_in_a_set_are_left_out() -> None:
    keys = [pair("RS256").jwk(kid="a"), pair("ES256").jwk(kid="b", use="enc"), pair("EdDSA").jwk(kid="c")]
    assert [key.kid for key in public_keys.from_set({"keys": keys})] == ["a", "c"]
    with pytest.raises(KeyRefused, match="No key of this JWK set is for signatures"):
        public_keys.from_set({"keys": keys[1:2]})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_is_refused_whatever_form_it_has(algorithm: str) -> None:
    private = pair(algorithm).private
    sealed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    ssh = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    pems = [pair(algorithm).private_pem, sealed.decode(), ssh.decode()]
    if algorithm != "EdDSA":
        old = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        pems.append(old.decode())
    pems.append(pair(algorithm).pem + pems[0])
    for pem in pems:
        with pytest.raises(KeyRefused, match=PRIVATE):
            public_keys.from_pem(pem)
    for jwk in (pair(algorithm).private_jwk(), pair(algorithm).private_jwk() | {"use": "enc"}):
        with pytest.raises(KeyRefused, match=PRIVATE):
            public_keys.from_jwk(jwk)
        with pytest.raises(KeyRefused, match=f"keys.1: {PRIVATE}"):
            public_keys.from_set({"keys": [pair("ES256").jwk(), jwk]})


def weak(bits: int) -> str:
    return pem_of(rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key())


REFUSED_PEMS: dict[str, tuple[Callable[[], str], str]] = {
    "RSA of 1024 bits": (lambda: weak(1024), "must have 2048 to 4096 bits; this one has 1024"),
    "RSA of 5120 bits": (
        lambda: pem_of(rsa.RSAPublicNumbers(65537, (1 << 5119) | 1).public_key()),
        "must have 2048 to 4096 bits; this one has 5120",
    ),
    "RSA with a huge exponent": (
        lambda: pem_of(rsa.RSAPublicNumbers((1 << 63) | 1, (1 << 2047) | 1).public_key()),
        "exponent is unusual",
    ),
    "P-384": (
        lambda: pem_of(ec.generate_private_key(ec.SECP384R1()).public_key()),
        "must be on the curve P-256",
    ),
    "secp256k1": (
        lambda: pem_of(ec.generate_private_key(ec.SECP256K1()).public_key()),
        "must be on the curve P-256",
    ),
    "Ed448": (lambda: pem_of(ed448.Ed448PrivateKey.generate().public_key()), "A public key is RSA"),
    "X25519": (lambda: pem_of(x25519.X25519PrivateKey.generate().public_key()), "A public key is RSA"),
    "DSA": (lambda: pem_of(dsa.generate_private_key(1024).public_key()), "A public key is RSA"),
    "a certificate": (lambda: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "certificate"),
    "two keys": (lambda: pair("ES256").pem + pair("EdDSA").pem, "A PEM is one public key"),
    "half a key": (lambda: pair("RS256").pem[:200], "no public key that can be read"),
    "another body": (
        lambda: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "no public key that can be read",
    ),
    "nothing": (lambda: "", "A PEM is one public key"),
    "a JWK": (lambda: json.dumps(pair("ES256").jwk()), "A PEM is one public key"),
    "NUL": (lambda: "\x00" + pair("ES256").pem, "A PEM is one public key"),
    "a lone surrogate": (lambda: pair("ES256").pem + "\ud800", "A PEM is one public key"),
    "very long": (lambda: pair("ES256").pem + "x" * 20_000, "A PEM is one public key"),
}


@pytest.mark.parametrize("name", REFUSED_PEMS)
def test_a_pem_that_cannot_serve_is_refused_in_a_sentence(name: str) -> None:
    make, said = REFUSED_PEMS[name]
    with pytest.raises(KeyRefused, match=said) as refused:
        public_keys.from_pem(make())
    assert str(refused.value).endswith(".")


REFUSED_JWKS: dict[str, tuple[Any, str]] = {
    "a secret": ({"kty": "oct", "k": "c2VjcmV0"}, "This is a shared secret"),
    "nothing": ({}, "This is no JWK"),
    "an unknown kind": ({"kty": "XYZ"}, "This is no JWK"),
    "a kind that is a list": ({"kty": ["RSA"]}, "This is no JWK"),
    "RSA without n": ({"kty": "RSA", "e": "AQAB"}, "This is no JWK"),
    "RSA with numbers": ({"kty": "RSA", "n": 5, "e": 3}, "This is no JWK"),
    "RSA of nothing": ({"kty": "RSA", "n": "", "e": ""}, "This is no JWK"),
    "EC off its curve": ({"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}, "This is no JWK"),
    "EC of another curve": (pair("ES256").jwk(crv="P-384"), "This is no JWK"),
    "OKP too short": ({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, "This is no JWK"),
    "OKP for agreeing": ({"kty": "OKP", "crv": "X25519", "x": "A" * 43}, "This is no JWK"),
    "OKP of order 1": ({"kty": "OKP", "crv": "Ed25519", "x": "AQ" + "A" * 41}, "This Ed25519 key is weak"),
    "OKP of order 4": ({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}, "This Ed25519 key is weak"),
    "OKP of order 8, with its sign": (
        {"kty": "OKP", "crv": "Ed25519", "x": "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU"},
        "This Ed25519 key is weak",
    ),
    "another alg": (pair("ES256").jwk(alg="RS256"), "alg must be ES256 or absent"),
    "alg none": (pair("ES256").jwk(alg="none"), "alg must be ES256 or absent"),
    "alg HS256": (pair("RS256").jwk(alg="HS256"), "alg must be RS256 or absent"),
    "alg a list": (pair("RS256").jwk(alg=["RS256"]), "alg must be RS256 or absent"),
    "for encryption": (pair("RS256").jwk(use="enc"), "use must be sig or absent"),
    "kid like ours": (pair("RS256").jwk(kid="key_0123456789abcdef"), "not look like the id of a key here"),
    "kid empty": (pair("RS256").jwk(kid=""), "kid must be"),
    "kid too long": (pair("RS256").jwk(kid="k" * 129), "kid must be"),
    "kid a number": (pair("RS256").jwk(kid=1), "kid must be"),
    "kid with NUL": (pair("RS256").jwk(kid="a\x00"), "kid must be"),
    "kid a lone surrogate": (pair("RS256").jwk(kid="\ud800"), "kid must be"),
}


@pytest.mark.parametrize("name", REFUSED_JWKS)
def test_a_jwk_that_cannot_serve_is_refused_in_a_sentence(name: str) -> None:
    jwk, said = REFUSED_JWKS[name]
    with pytest.raises(KeyRefused, match=said) as refused:
        public_keys.from_jwk(jwk)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("keys", [None, [], {}, "x", [5], [None], [pair("ES256").jwk()] * 21], ids=range(7))
def test_what_is_no_set_is_refused(keys: Any) -> None:
    with pytest.raises(KeyRefused):
        public_keys.from_set({"keys": keys})


def test_a_refusal_repeats_nothing_of_the_key() -> None:
    for algorithm in ALGORITHMS:
        jwk = pair(algorithm).private_jwk()
        with pytest.raises(KeyRefused) as refused:
            public_keys.from_jwk(jwk)
        assert jwk["d"] not in str(refused.value)
        body = pair(algorithm).private_pem.splitlines()[1]
        with pytest.raises(KeyRefused) as refused:
            public_keys.from_pem(pair(algorithm).private_pem)
        assert body not in str(refused.value)
