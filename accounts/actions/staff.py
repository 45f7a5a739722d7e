"""Members of staff: making them, checking passwords, signing in across hosts."""

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import links
from accounts.authentication import StaffBackend
from accounts.models import Handoff, Member
from audit.kinds import Action
from audit.records import record

HANDOFF_TTL = timedelta(minutes=2)


def create_staff(
    *,
    email: str,
    role: str,
    password: str | None = None,
    password_hash: str | None = None,
    name: str = "",
    actor: str | None = None,
    **told: Any,
) -> Member:
    """A new member of staff, from a password or from one hashed earlier (hashing takes a noticeable while).

    `actor` is on record for it in place of whoever acts now, with what else is `told`.
    """
    hashed = password_hash or make_password(password)
    with transaction.atomic():
        member = Member.objects.create(
            external_id=f"staff:{secrets.token_hex(6)}",
            kind=Member.Kind.STAFF,
            role=Member.Role(role),
            email=email.strip().lower(),
            name=name or email.partition("@")[0][:100],
            password=hashed,
        )
        record(Action.STAFF_CREATED, member.external_id, actor=actor, role=role, **told)
    return member


def authenticate_staff(email: str, password: str) -> Member | None:
    """The member of staff with this mail address and password, or None after the same time."""
    return StaffBackend().authenticate(None, email=email, password=password)


def make_handoff(member: Member) -> str:
    """A one-use sign-in token for `member`, good for HANDOFF_TTL."""
    token = links.new_token()
    Handoff.objects.filter(expires_at__lt=timezone.now()).delete()
    Handoff.objects.create(
        token_hash=links.digest(token), member=member, expires_at=timezone.now() + HANDOFF_TTL
    )
    return token


def take_handoff(token: str) -> Member | None:
    """The member a sign-in token was made for, once; None when it is unknown, used or too old."""
    mine = Handoff.objects.filter(token_hash=links.digest(token), expires_at__gt=timezone.now())
    handoff = mine.select_related("member").first()
    if handoff is None or not mine.delete()[0]:
        return None
    return handoff.member
