"""Forgetting who a user was: docs/decisions/deleted-users.md. Runs inside the tenant's schema."""

import secrets
from typing import Final

from django.utils import timezone

from accounts.actions.users import void_tokens
from accounts.departures import digest
from accounts.models import Departure, Member
from audit.kinds import Action
from audit.records import record
from webhooks.actions import emit

# What a deleted user is called beside what they said, by the workspace's locale.
WORDS: Final = {"de": "Gelöschtes Profil", "fr": "Compte supprimé", "ar": "حساب محذوف"}


def anonymise(member: Member, locale: str = "en") -> None:
    """Leave of a user nothing but the row that their messages point to; their tokens are void for ever.

    Call it inside a transaction that holds the member's row.
    """
    now, was = timezone.now(), member.external_id
    void = void_tokens(member)
    record(Action.USER_DELETED, was)
    if member.kind == Member.Kind.USER:  # others are no news; of who it was, nothing is told
        emit("user.deleted", {"external_id": was})
    Departure.objects.update_or_create(digest=digest(was), defaults={"at": void})
    Member.objects.filter(pk=member.pk).update(
        external_id=f"deleted:{secrets.token_hex(8)}",
        name=WORDS.get(locale, "Deleted user"),
        avatar="",
        email=None,
        banned_until=None,
        ban_reason="",
        last_login=None,
        deleted_at=now,
    )
