"""Which rooms a member of staff sees in the console, and what they may do there. Runs inside the tenant's schema.

Looking after a room is not entering it: docs/decisions/who-enters-a-room.md.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from accounts.authentication import staff_identity
from accounts.models import Member
from accounts.names import storable
from console.access import StaffRequest, StaffView, View
from rooms import access
from rooms.models import Membership, Room

RoomView = Callable[Concatenate[StaffRequest, Room, ...], HttpResponse]
Guard = Callable[[StaffView[...]], View[...]]


def shown_to(member: Member) -> QuerySet[Room]:
    """The rooms whose members and settings they may look at: owners and admins all, others those they may enter."""
    return Room.objects.all() if member.may_administer else open_to(member)


def open_to(member: Member) -> QuerySet[Room]:
    """The rooms that they may enter."""
    return Room.objects.filter(access.open_to(staff_identity(member)))


def room_of(request: StaffRequest, name: str) -> Room:
    """The room, if they may look at it. Raises Http404."""
    room = shown_to(request.user).filter(name=name).first()
    if room is None:
        raise Http404
    return room


def member_of(request: StaffRequest, room: Room, external_id: str) -> Membership:
    """The membership, if they may act on it: upon a colleague only owners and admins may. Raises Http404."""
    found = room.memberships.select_related("member").filter(member__external_id=external_id)
    membership = found.first() if storable(external_id) else None
    if membership is None or not may_act_on(request.user, membership.member):
        raise Http404
    return membership


def may_act_on(member: Member, other: Member) -> bool:
    """Whether they may mute and remove this person."""
    return member.may_administer or (member.may_moderate and other.kind != Member.Kind.STAFF)


def changes_room(section: str, guard: Guard) -> Callable[[RoomView], View[...]]:
    """For what changes a room: takes a POST of those whom `guard` lets in, and leads a GET to the room's page."""

    def decorate(view: RoomView) -> View[...]:
        @wraps(view)
        def with_room(request: StaffRequest, /, name: str, **more: str) -> HttpResponse:
            try:
                return view(request, room_of(request, name), **more)
            except (Room.DoesNotExist, Membership.DoesNotExist):  # deleted by somebody else just now
                raise Http404 from None

        post = require_POST(guard(with_room))

        @wraps(view)
        def guarded(request: HttpRequest, /, name: str, **more: str) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return to_room(name, section)
            return post(request, name=name, **more)

        return guarded

    return decorate


def to_room(name: str, section: str) -> HttpResponseRedirect:
    """Back to a section of a room's page, after a change."""
    return HttpResponseRedirect(f"/console/rooms/{name}/#{section}")
