"""The tenant's own users. Runs inside the tenant's schema."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import ahead, members
from accounts.departures import digest
from accounts.models import Departure, Member
from accounts.names import check_sub, clean_avatar, clean_name
from accounts.telling import tell_of_user
from audit.kinds import Action
from audit.records import record
from realtime import publish
from realtime.events import stamp
from tenants.context import schema_connection


class UserExists(Exception):
    """A user of this id is there already."""


def create_user(external_id: str, name: str | None = None, avatar: str | None = None) -> Member:
    """A user who has not come by themselves yet. Raises UserExists, or names.BadName."""
    name, avatar = clean_name(name), clean_avatar(avatar)
    try:
        with transaction.atomic():
            member = Member.objects.create(name=name, avatar=avatar, **_newcomer(external_id))
            record(Action.USER_CREATED, external_id)
            tell_of_user("user.created", member)
    except IntegrityError:
        raise UserExists(external_id) from None
    return member


def known_user(external_id: str) -> Member:
    """The member of this id, made where there is none. Raises names.BadName."""
    known = Member.objects.filter(external_id=external_id).first()
    if known is not None:
        return known
    with transaction.atomic():
        member, made = Member.objects.get_or_create(external_id=external_id, defaults=_newcomer(external_id))
        if made:
            tell_of_user("user.created", member)
    return member


def _newcomer(external_id: str) -> dict[str, Any]:
    """What a new user begins with. Tokens of one who was deleted under this id stay void. Raises names.BadName."""
    left = Departure.objects.filter(digest=digest(check_sub(external_id))).values_list("at", flat=True)
    return {"external_id": external_id, "password": "!", "tokens_valid_after": left.first()}


@transaction.atomic
def change_user(member: Member, *, name: str | None = None, avatar: str | None = None) -> None:
    """Give a user another name or avatar; "" takes it away, None leaves it. Raises names.BadName.

    A token that names them otherwise changes it again.
    """
    wanted = {"name": clean_name(name)} if name is not None else {}
    if avatar is not None:
        wanted["avatar"] = clean_avatar(avatar)
    changed = {field: value for field, value in wanted.items() if getattr(member, field) != value}
    if not changed:
        return
    Member.objects.filter(pk=member.pk).update(**changed)
    for field, value in changed.items():
        setattr(member, field, value)
    record(Action.USER_CHANGED, member.external_id, changed=sorted(changed))
    tell_of_user("user.updated", member)
    _tell_renamed(member.external_id)


@transaction.atomic
def revoke_tokens(member: Member, before: datetime | None = None) -> None:
    """Void every token and ticket of a member issued up to `before`, on open sockets too; None: all that there are.

    A moment before one that was set earlier changes nothing.
    """
    before = void_tokens(member, before)
    record(Action.TOKENS_REVOKED, member.external_id, before=stamp(before))


def void_tokens(member: Member, before: datetime | None = None) -> datetime:
    """The same as part of something else that is recorded; up to when they are void. Call it inside its transaction."""
    schema = schema_connection().schema_name
    before = before or ahead.reach(schema, member.external_id, timezone.now())
    earlier = Q(tokens_valid_after=None) | Q(tokens_valid_after__lt=before)
    Member.objects.filter(earlier, pk=member.pk).update(tokens_valid_after=before)
    members.forget(schema)
    publish.tell_all(type="changed", schema=schema, user=member.external_id, before=before.timestamp())
    return before


def _tell_renamed(external_id: str) -> None:
    """Every process forgets what it knew of them, this one at once."""
    schema = schema_connection().schema_name
    members.forget_one(schema, external_id)
    publish.tell_all(type="renamed", schema=schema, user=external_id)
