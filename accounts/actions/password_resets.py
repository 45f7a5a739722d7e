"""Choosing another password by a mailed link. All of it runs inside the tenant's schema."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.actions.users import void_tokens
from accounts.models import Handoff, Member, PasswordReset
from audit.kinds import Action
from audit.records import record

RESET_TTL: Final = timedelta(hours=1)


def staff_by_mail(email: str) -> Member | None:
    """The member of staff with this mail address, or None."""
    return Member.objects.filter(kind=Member.Kind.STAFF, email__iexact=email.strip()).first()


def make_password_reset(member: Member) -> str:
    """A one-use token with which `member` may set a password within RESET_TTL. Earlier ones stay good: mails overtake
    each other."""
    token = secrets.token_urlsafe(32)
    PasswordReset.objects.filter(expires_at__lt=timezone.now()).delete()
    PasswordReset.objects.create(
        token_hash=_hash(token), member=member, expires_at=timezone.now() + RESET_TTL
    )
    return token


def password_reset_of(token: str) -> Member | None:
    """Whose password a token may set, if it still may; looking does not use it up."""
    mine = PasswordReset.objects.filter(token_hash=_hash(token), expires_at__gt=timezone.now())
    found = mine.select_related("member").first()
    return found.member if found else None


def reset_password(token: str, password: str) -> Member | None:
    """Set the password of the member a token was made for; None when it is unknown, used or too old.

    Every session of theirs ends with the old password, on open sockets too, and no other link of theirs works any more.
    """
    hashed = make_password(password)  # slow: before anything is locked
    with transaction.atomic():
        member = password_reset_of(token)
        if member is None or not PasswordReset.objects.filter(token_hash=_hash(token)).delete()[0]:
            return None
        PasswordReset.objects.filter(member=member).delete()
        Handoff.objects.filter(member=member).delete()
        member.password = hashed
        member.save(update_fields=["password"])
        void_tokens(member, timezone.now())
        record(Action.STAFF_PASSWORD_CHANGED, member.external_id, actor=member.external_id)
    return member


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
