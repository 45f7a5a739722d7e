"""Confirmation links: the token travels in the mail alone, the database keeps its hash."""

import hashlib
import secrets

from portal.models import ConfirmationLink, Signup


def make_link(signup: Signup) -> str:
    """A new token that confirms `signup`, beside those already mailed."""
    token = secrets.token_urlsafe(32)
    ConfirmationLink.objects.create(token_hash=_hash(token), signup=signup)
    return token


def signup_of(token: str) -> Signup | None:
    """The sign-up that a mailed token belongs to, or None."""
    link = ConfirmationLink.objects.select_related("signup").filter(token_hash=_hash(token)).first()
    return link.signup if link else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
