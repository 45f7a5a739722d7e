"""Key pairs as tenants have them, and tokens signed with them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_JWK = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
ALGORITHMS = tuple(_JWK)


@dataclass(frozen=True)
class Pair:
    """A private key, and the algorithm it is for."""

    algorithm: str
    private: Any

    @property
    def pem(self) -> str:
        public = self.private.public_key()
        return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())

    @property
    def private_pem(self) -> str:
        whole = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return str(whole.decode())

    def jwk(self, **more: Any) -> dict[str, Any]:
        return {**json.loads(_JWK[self.algorithm].to_jwk(self.private.public_key())), **more}  # type: ignore[attr-defined]

    def private_jwk(self) -> dict[str, Any]:
        whole: dict[str, Any] = json.loads(_JWK[self.algorithm].to_jwk(self.private))  # type: ignore[attr-defined]
        return whole

    def token(self, kid: str, sub: str = "bob", alg: str | None = None, **header: Any) -> str:
        claims = {"sub": sub, "exp": int(time.time()) + 600, "aud": "snug"}
        return jwt.encode(
            claims, self.private, algorithm=alg or self.algorithm, headers={"kid": kid, **header}
        )


def new_pair(algorithm: str) -> Pair:
    """A pair that nobody has had before."""
    if algorithm == "RS256":
        return Pair(algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    if algorithm == "ES256":
        return Pair(algorithm, ec.generate_private_key(ec.SECP256R1()))
    return Pair(algorithm, ed25519.Ed25519PrivateKey.generate())


@cache
def pair(algorithm: str, number: int = 0) -> Pair:
    """The same pair each time: making one of RSA takes a while."""
    return new_pair(algorithm)
