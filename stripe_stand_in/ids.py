"""Ids that look like Stripe's."""

from __future__ import annotations

import secrets
import string
from typing import Final

_LETTERS: Final = string.ascii_letters + string.digits


def letters(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def new(prefix: str, length: int = 24) -> str:
    """Such as `cus_…` for the prefix "cus"."""
    return f"{prefix}_{letters(length)}"


def invoice_prefix() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))
