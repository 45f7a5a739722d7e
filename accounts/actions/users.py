"""The tenant's own users. Runs inside the tenant's schema."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import members
from accounts.models import Member
from audit.kinds import Action
from audit.records import record
from realtime import publish
from realtime.events import stamp
from tenants.context import schema_connection
from webhooks.actions import emit


@transaction.atomic
def make_user(external_id: str) -> Member:
    """The user with this id, made where there is none. The id is checked already."""
    member, made = Member.objects.get_or_create(external_id=external_id, defaults={"password": "!"})
    if made:
        tell_of_user("user.created", member)
    return member


def tell_of_user(type_: str, member: Member) -> None:
    """Owe `user.…` to whoever asked for it. Call it in the transaction of the change."""
    data = {
        "external_id": member.external_id,
        "name": member.name,
        "avatar": member.avatar,
        "created_at": stamp(member.created_at),
    }
    emit(type_, data)


@transaction.atomic
def revoke_tokens(member: Member, before: datetime | None = None) -> None:
    """Void every token and ticket of a member issued up to `before` (now), on open sockets too.

    A moment before one that was set earlier changes nothing.
    """
    before = before or timezone.now()
    void_tokens(member, before)
    record(Action.TOKENS_REVOKED, member.external_id, before=before.isoformat())


def void_tokens(member: Member, before: datetime) -> None:
    """The same as part of something else that is recorded. Call it inside its transaction."""
    earlier = Q(tokens_valid_after=None) | Q(tokens_valid_after__lt=before)
    Member.objects.filter(earlier, pk=member.pk).update(tokens_valid_after=before)
    schema = schema_connection().schema_name
    members.forget(schema)
    publish.tell_all(type="changed", schema=schema, user=member.external_id, before=before.timestamp())
