"""Who belongs to a room."""

from typing import Literal

from django.db import IntegrityError, transaction
from ninja import Router, Schema
from pydantic import Field

from accounts.names import MAX_SUB, BadName, storable
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.moments import Moment
from api.paging import Cursor, Limit, Page, cut, position_of
from api.shapes import Body, Sub
from api.v1.rooms import find_room
from realtime.events import stamp
from rooms.actions import add_member, mute_member, remove_member
from rooms.models import Membership

router = Router(tags=["members"])

# Slashes and all, so that an id with one is refused in words.
MEMBER = "/rooms/{name}/members/{path:external_id}"


class NewMember(Body):
    role: Literal["member", "moderator"] | None = Field(None, examples=["member"])
    muted_until: Moment | None = Field(
        None,
        description="Until when they may only read, such as 2030-01-31T12:00:00Z; "
        "null, or a past moment, lets them write again.",
    )


class MemberOut(Schema):
    external_id: str
    username: str
    role: str
    joined_at: str
    muted_until: str | None = Field(description="Null where they may write.")

    @classmethod
    def of(cls, membership: Membership) -> "MemberOut":
        return cls(
            external_id=membership.member.external_id,
            username=membership.member.username,
            role=membership.role,
            joined_at=stamp(membership.joined_at),
            muted_until=stamp(membership.muted_until) if membership.muted else None,
        )


@router.get("/rooms/{name}/members", response=Page[MemberOut], auth=Key("rooms:read"))
def list_members(request: ApiRequest, name: str, limit: Limit = 50, cursor: Cursor = None) -> Page[MemberOut]:
    """List members.

    Those who have been in the room longest come first.
    """
    members = find_room(request, name).memberships.select_related("member").order_by("id")
    if (after := position_of(cursor)) is not None:
        members = members.filter(id__gt=after)
    found, more = cut(members, limit)
    return Page(data=[MemberOut.of(membership) for membership in found], next=more)


@router.get(MEMBER, response=MemberOut, auth=Key("rooms:read"))
def get_member(request: ApiRequest, name: str, external_id: str) -> MemberOut:
    """Read a member."""
    mine = find_room(request, name).memberships.select_related("member")
    membership = mine.filter(member__external_id=external_id).first() if storable(external_id) else None
    if membership is None:
        raise _no_member(name, external_id)
    return MemberOut.of(membership)


@router.put(MEMBER, response={200: MemberOut, 201: MemberOut}, auth=Key("rooms:write"))
def put_member(
    request: ApiRequest, name: str, external_id: Sub, body: NewMember | None = None
) -> tuple[int, MemberOut]:
    """Make a user a member, or change one.

    An unknown user is created. A member keeps the role or the mute that is left out. Sockets follow at once.
    """
    if not storable(external_id):
        raise Problem(422, "invalid_field", "This id holds characters that cannot be stored.")
    room, wish = find_room(request, name), body or NewMember.model_construct()
    present = room.memberships.filter(member__external_id=external_id).values_list("role", flat=True).first()
    try:
        with transaction.atomic():  # whoever is let in muted must not speak first
            role = wish.role or present or Membership.Role.MEMBER
            membership, created = add_member(room, external_id, role)
            if "muted_until" in wish.model_fields_set:
                mute_member(membership, wish.muted_until)
    except BadName as refused:
        said = str(refused).replace("sub must", "external_id must", 1)
        if external_id.startswith("guest:"):
            said = f"{external_id[:MAX_SUB]} is not known yet. Add a guest once they have come into the chat."
        raise Problem(422, "invalid_field", said) from None
    except IntegrityError:  # only the commit has seen that the room is gone
        raise Problem(404, "not_found", "There is no such room.") from None
    return 201 if created else 200, MemberOut.of(membership)


@router.delete(MEMBER, response={204: None}, auth=Key("rooms:write"))
def delete_member(request: ApiRequest, name: str, external_id: str) -> tuple[int, None]:
    """Remove a member.

    Sockets that stood on the membership are closed with 4003. Whom a public room lets in, or a token whose `rooms` name
    this room, stays and is a member again with the next message: mute them instead, or revoke their tokens too.
    """
    room = find_room(request, name)
    if not storable(external_id) or not remove_member(room, external_id):
        raise _no_member(name, external_id)
    return 204, None


def _no_member(name: str, external_id: str) -> Problem:
    return Problem(404, "not_found", f"{external_id[:MAX_SUB]} is not a member of {name}.")
