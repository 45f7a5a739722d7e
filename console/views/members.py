"""Who belongs to a room: added, given a role, muted, removed."""

from django.contrib import messages
from django.http import HttpResponse

from accounts.models import Member
from accounts.names import BadName
from console.access import StaffRequest, admins_only, moderators_only
from console.room_forms import MUTES, MemberForm, mute_until
from console.rooms import changes_room, member_of, to_room
from console.views.room import show
from rooms.actions import add_member, mute_member, remove_member
from rooms.models import Membership, Room

SECTION = "members"


@changes_room(SECTION, admins_only)
def add(request: StaffRequest, room: Room) -> HttpResponse:
    form = MemberForm(request.POST)
    if not form.is_valid():
        return show(request, room, 422, member_form=form)
    wish = form.cleaned_data
    if room.memberships.filter(member__external_id=wish["external_id"]).exists():
        form.add_error("external_id", "They are a member already.")
        return show(request, room, 422, member_form=form)
    try:
        membership, _ = add_member(room, wish["external_id"], wish["role"])
    except BadName as refused:
        form.add_error("external_id", str(refused).replace("sub must", "A user’s id must", 1))
        return show(request, room, 422, member_form=form)
    messages.success(request, f"{membership.member.username} is a member now.", SECTION)
    return to_room(room.name, SECTION)


@changes_room(SECTION, admins_only)
def give_role(request: StaffRequest, room: Room, external_id: str) -> HttpResponse:
    membership = member_of(request, room, external_id)
    role = request.POST.get("role", "")
    if role in Membership.Role.values:
        add_member(room, external_id, role)
        messages.success(request, f"{membership.member.username} is a {role} of this room now.", SECTION)
    return to_room(room.name, SECTION)


@changes_room(SECTION, moderators_only)
def mute(request: StaffRequest, room: Room, external_id: str) -> HttpResponse:
    membership = member_of(request, room, external_id)
    length = request.POST.get("for", "")
    if until := mute_until(length):
        mute_member(membership, until)
        words = f"{membership.member.username} is muted for {MUTES[length][0]}. They can read."
        messages.success(request, words, SECTION)
    return to_room(room.name, SECTION)


@changes_room(SECTION, moderators_only)
def unmute(request: StaffRequest, room: Room, external_id: str) -> HttpResponse:
    membership = member_of(request, room, external_id)
    mute_member(membership, None)
    messages.success(request, f"{membership.member.username} may write again.", SECTION)
    return to_room(room.name, SECTION)


@changes_room(SECTION, moderators_only)
def remove(request: StaffRequest, room: Room, external_id: str) -> HttpResponse:
    membership = member_of(request, room, external_id)
    remove_member(room, external_id)
    messages.success(request, _removed(room, membership.member), SECTION)
    return to_room(room.name, SECTION)


def _removed(room: Room, person: Member) -> str:
    """What a removal has done, and what it cannot: docs/decisions/who-enters-a-room.md."""
    said = f"{person.username} is no longer a member."
    if room.kind == Room.Kind.PUBLIC:
        return f"{said} The room is public: should they come back, mute them."
    if person.kind == Member.Kind.USER:
        return (
            f"{said} A token that names this room still lets them in: should they come back, mute them or revoke "
            "their tokens."
        )
    return said
