"""Users as webhooks tell of them. Runs inside the tenant's schema, in the transaction of the change."""

from typing import Any

from accounts.models import Member
from realtime.events import stamp
from webhooks.actions import emit


def tell_of_user(type_: str, member: Member, **more: Any) -> None:
    """Owe `user.…` to whoever asked for it. Guests, bots and staff are no users."""
    if member.kind != Member.Kind.USER:
        return
    data = {
        "external_id": member.external_id,
        "username": member.username,
        "name": member.name,
        "avatar": member.avatar,
        "kind": member.kind,
        "created_at": stamp(member.created_at),
    }
    emit(type_, data | more)
