"""Public keys as tenants hand them in: a PEM, a JWK, a JWK set. What is let in and what is refused.

Pure functions. What is refused is never kept and never repeated: it may be somebody's private key.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from accounts.names import storable
from accounts.tokens import MAX_KID, is_key_id

MAX_PEM: Final = 16 * 1024
MOST_IN_A_SET: Final = 20
# Checking a signature of more bits, or with a huge exponent, costs the process that serves everyone.
RSA_BITS: Final = (2048, 4096)
_MOST_EXPONENT: Final = 2**32
_PRIVATE_PARTS: Final = frozenset(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
# Points of so small an order that anybody can make a signature that fits them, as libsodium lists them; without the bit
# of the sign.
_WEAK_POINTS: Final = frozenset(
    bytes.fromhex(each)
    for each in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
_ODD_JWK: Final = (
    "This is no JWK of a public key: it has kty RSA, EC or OKP and the members that belong to it."
)
_PRIVATE: Final = (
    "This is a private key. It was not kept. Whoever has seen it can sign as you: make a new pair, and send the "
    "public key of it."
)


class KeyRefused(ValueError):
    """This cannot be registered; the text is a sentence, and says nothing of the key."""


class Parsed(NamedTuple):
    """A public key that may be registered."""

    algorithm: str
    pem: str
    kid: str | None
    thumbprint: bytes


def from_pem(text: str) -> Parsed:
    """Read one PEM. Raises KeyRefused."""
    if "PRIVATE KEY" in text:
        raise KeyRefused(_PRIVATE)
    if "BEGIN CERTIFICATE" in text:
        raise KeyRefused(
            "This is a certificate. Send the public key in it: openssl x509 -in cert.pem -pubkey -noout."
        )
    text = text.strip()
    whole = text.startswith("-----BEGIN") and text.count("-----BEGIN") == 1
    if not whole or len(text) > MAX_PEM or not text.isascii():
        raise KeyRefused("A PEM is one public key, from -----BEGIN PUBLIC KEY----- to its end.")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("This PEM holds no public key that can be read.") from None
    return _checked(key, None)


def from_jwk(jwk: Mapping[str, Any]) -> Parsed:
    """Read one JWK. Raises KeyRefused."""
    if jwk.get("kty") == "oct":
        raise KeyRefused(
            "This is a shared secret, no public key. It was not kept. Sign with HS256 and an API key's signing secret."
        )
    if _PRIVATE_PARTS & jwk.keys():
        raise KeyRefused(_PRIVATE)
    kid = jwk.get("kid")
    if kid is not None and not _may_be_kid(kid):
        raise KeyRefused(
            f"kid must be 1 to {MAX_KID} characters that can be seen, and not look like the id of a key here."
        )
    try:
        key = jwt.PyJWK.from_dict(dict(jwk), algorithm=_algorithm_of(jwk)).key
    except (
        jwt.PyJWTError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        UnsupportedAlgorithm,
    ):
        raise KeyRefused(_ODD_JWK) from None
    parsed = _checked(key, kid)
    if jwk.get("alg") not in (None, parsed.algorithm):
        raise KeyRefused(
            f"The JWK's alg must be {parsed.algorithm} or absent: keys of its kind are for that."
        )
    if jwk.get("use") not in (None, "sig"):
        raise KeyRefused("The JWK's use must be sig or absent: it is to check signatures.")
    return parsed


def from_set(jwks: Mapping[str, Any]) -> list[Parsed]:
    """Read all keys of a JWK set; those that are for encryption are left out. Raises KeyRefused, naming the one."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_IN_A_SET:
        raise KeyRefused(f"A JWK set has keys, a list of 1 to {MOST_IN_A_SET}.")
    found = []
    for place, jwk in enumerate(keys):
        if not isinstance(jwk, dict):
            raise KeyRefused(f"keys.{place} is no JWK.")
        if jwk.get("use") == "enc" and not _PRIVATE_PARTS & jwk.keys():
            continue
        try:
            found.append(from_jwk(jwk))
        except KeyRefused as refused:
            raise KeyRefused(f"keys.{place}: {refused}") from None
    if not found:
        raise KeyRefused("No key of this JWK set is for signatures.")
    return found


def from_text(text: str) -> list[Parsed]:
    """Read what somebody pasted: a PEM, a JWK or a JWK set. Raises KeyRefused."""
    if not text.lstrip().startswith("{"):
        return [from_pem(text)]
    try:
        pasted = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyRefused("This begins as JSON does, and is none.") from None
    return from_set(pasted) if "keys" in pasted else [from_jwk(pasted)]


def parsed(pem: str) -> Any:
    """A registered key, ready to check with. `accounts.keys` holds it with the rest of what it knows of the key."""
    return load_pem_public_key(pem.encode())


def _checked(key: Any, kid: str | None) -> Parsed:
    if isinstance(key, RSAPublicKey):
        algorithm = _check_rsa(key)
    elif isinstance(key, EllipticCurvePublicKey):
        if not isinstance(key.curve, SECP256R1):
            raise KeyRefused("An EC key must be on the curve P-256, for ES256.")
        algorithm = "ES256"
    elif isinstance(key, Ed25519PublicKey):
        algorithm = _check_ed25519(key)
    else:
        raise KeyRefused("A public key is RSA (RS256), EC on P-256 (ES256) or Ed25519 (EdDSA).")
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return Parsed(algorithm, pem, kid, hashlib.sha256(der).digest())


def _check_rsa(key: RSAPublicKey) -> str:
    least, most = RSA_BITS
    if not least <= key.key_size <= most:
        raise KeyRefused(f"An RSA key must have {least} to {most} bits; this one has {key.key_size}.")
    if not 3 <= key.public_numbers().e < _MOST_EXPONENT:
        raise KeyRefused("The RSA key's exponent is unusual; make the key with 65537.")
    return "RS256"


def _check_ed25519(key: Ed25519PublicKey) -> str:
    point = bytearray(key.public_bytes_raw())
    point[-1] &= 0x7F
    if bytes(point) in _WEAK_POINTS:
        raise KeyRefused("This Ed25519 key is weak: anybody can sign for it. Make a new pair.")
    return "EdDSA"


def _algorithm_of(jwk: Mapping[str, Any]) -> str:
    """What PyJWT is to take the key for: its `alg` may name what PyJWT does not know, or nothing."""
    return {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[jwk["kty"]]


def _may_be_kid(kid: object) -> bool:
    if not isinstance(kid, str) or not 1 <= len(kid) <= MAX_KID:
        return False
    # What looks like an id of ours could be taken for another key.
    return kid.isprintable() and storable(kid) and not is_key_id(kid)
