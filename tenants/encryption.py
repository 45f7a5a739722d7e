"""Secrets that cannot be hashed, encrypted at rest. FIELD_ENCRYPTION_KEYS holds Fernet keys, newest first:
the first encrypts, all decrypt, so keys rotate without a stop."""

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UndecryptableError(Exception):
    """None of FIELD_ENCRYPTION_KEYS opens this value: the key it was written with is gone."""


@cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def encrypt(text: str) -> bytes:
    """`text` as an authenticated, encrypted token."""
    return _fernet().encrypt(text.encode())


def decrypt(token: bytes | memoryview) -> str:
    """The text that `encrypt` was given. Raises UndecryptableError."""
    try:
        return _fernet().decrypt(bytes(token)).decode()
    except InvalidToken:
        raise UndecryptableError("FIELD_ENCRYPTION_KEYS holds no key that opens a stored secret") from None
