"""One-use links: the token travels, its hash stays."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a token. Plain SHA-256 is enough: there is nothing to guess."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
