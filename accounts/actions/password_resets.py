"""Choosing another password, by a mailed link or with the old one. Runs inside the tenant's schema."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import links
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
    token = links.new_token()
    PasswordReset.objects.filter(expires_at__lt=timezone.now()).delete()
    PasswordReset.objects.create(
        token_hash=links.digest(token), member=member, expires_at=timezone.now() + RESET_TTL
    )
    return token


def password_reset_of(token: str) -> Member | None:
    """Whose password a token may set, if it still may; looking does not use it up."""
    mine = PasswordReset.objects.filter(token_hash=links.digest(token), expires_at__gt=timezone.now())
    found = mine.select_related("member").first()
    return found.member if found else None


def reset_password(token: str, password: str) -> Member | None:
    """Set the password of the member a token was made for; None when it is unknown, used or too old.

    Every session of theirs ends with the old password, on open sockets too, and no other link of theirs works any more.
    """
    hashed = make_password(password)  # slow: before anything is locked
    with transaction.atomic():
        member = password_reset_of(token)
        if member is None or not PasswordReset.objects.filter(token_hash=links.digest(token)).delete()[0]:
            return None
        _set_password(member, hashed)
    return member


def change_password(member: Member, password: str) -> None:
    """Set the password of a signed-in member, who has shown the old one. Every session of theirs ends."""
    hashed = make_password(password)
    with transaction.atomic():
        if Member.objects.select_for_update().filter(pk=member.pk, deleted_at=None).exists():
            _set_password(member, hashed)


def _set_password(member: Member, hashed: str) -> None:
    PasswordReset.objects.filter(member=member).delete()
    Handoff.objects.filter(member=member).delete()
    member.password = hashed
    member.save(update_fields=["password"])
    void_tokens(member, timezone.now())
    record(Action.STAFF_PASSWORD_CHANGED, member.external_id, actor=member.external_id)
