"""One room: who is in it, how it goes on there, and its end."""

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.names import storable
from console.access import StaffRequest, admins_only, staff_only, to
from console.banners import banners
from console.room_forms import MUTES, DeleteForm, IncomingForm, MemberForm, SettingsForm, pace_in_words
from console.room_search import search_in
from console.rooms import changes_room, may_act_on, open_to, room_of, to_room
from realtime import headcount, store
from rooms.actions import FOR_EVER, LastRoom, change_room, delete_room
from rooms.models import Membership, Room
from tenants.hosts import tenant_url
from workspaces.actions.open_workspace import GENERAL

MOST_MEMBERS: Final = 50
MOST_SOUGHT: Final = 128


@require_safe
@staff_only
def room(request: StaffRequest, name: str) -> HttpResponse:
    """The room's page; `?q=` looks for members, `?find=` for messages."""
    return show(request, room_of(request, name))


@require_safe
@staff_only
def live(request: StaffRequest, name: str) -> HttpResponse:
    """The figure that moves, for a page that stays open."""
    return JsonResponse({"online": _online(request, room_of(request, name))})


@changes_room("settings", admins_only)
def settings(request: StaffRequest, room: Room) -> HttpResponse:
    form = SettingsForm(request.POST, room=room)
    if not form.is_valid():
        return show(request, room, 422, settings_form=form)
    try:
        change_room(room, title=form.cleaned_data["title"], slow_mode=form.cleaned_data["slow_mode"])
    except ValueError as refused:
        form.add_error(None, str(refused))
        return show(request, room, 422, settings_form=form)
    messages.success(request, "Saved.", "settings")
    return to_room(room.name, "settings")


@changes_room("archive", admins_only)
def archive(request: StaffRequest, room: Room) -> HttpResponse:
    change_room(room, archived=True)
    messages.success(request, "The room is archived. It can be read, and nobody writes in it.", "archive")
    return to_room(room.name, "archive")


@changes_room("archive", admins_only)
def unarchive(request: StaffRequest, room: Room) -> HttpResponse:
    change_room(room, archived=False)
    messages.success(request, "The room is open again.", "archive")
    return to_room(room.name, "archive")


@changes_room("delete", admins_only)
def delete(request: StaffRequest, room: Room) -> HttpResponse:
    form = DeleteForm(request.POST, room=room)
    if not form.is_valid():
        return show(request, room, 422, delete_form=form)
    try:
        delete_room(room)
    except LastRoom:
        form.add_error("name", "This is your only room. Make another one first.")
        return show(request, room, 422, delete_form=form)
    messages.success(request, f"The room “{room.name}” is deleted, with all that was said in it.", "rooms")
    return to("rooms")


def show(request: StaffRequest, room: Room, status: int = 200, **changed: Any) -> HttpResponse:
    """Render the room's page; `changed` replaces parts of it, such as a form that came back with errors."""
    members = room.memberships.select_related("member").order_by("-role", "id")
    total = members.count()
    sought = request.GET.get("q", "").strip()[:MOST_SOUGHT]
    if sought:
        members = members.filter(_alike(sought))
    found = list(members[: MOST_MEMBERS + 1])
    may_open = open_to(request.user).filter(pk=room.pk).exists()
    context = {
        "tenant": request.tenant,
        "member": request.user,
        "may_change": request.user.may_administer,
        "banners": banners(request.tenant, request.user),
        "room": room,
        "default_room": GENERAL,
        "may_open": may_open,
        "search": search_in(request, room) if may_open else None,
        "online": _online(request, room),
        "pace": pace_in_words(room.slow_mode),
        "members": [_row(request, each) for each in found[:MOST_MEMBERS]],
        "more_members": len(found) > MOST_MEMBERS,
        "total": total,
        "sought": sought,
        "searchable": total > MOST_MEMBERS or sought,
        "mutes": [(key, words) for key, (words, _) in MUTES.items()],
        "settings_form": SettingsForm(room=room),
        "member_form": MemberForm(),
        "delete_form": DeleteForm(room=room),
    }
    if request.user.may_administer:
        context |= _incoming(request, room)
    return render(request, "console/room.html", context | changed, status=status)


def _incoming(request: StaffRequest, room: Room) -> dict[str, Any]:
    """Its incoming webhooks, and the address of the one that was made just now."""
    found = list(room.incoming_webhooks.all())
    looks = request.method == "GET"
    tokens = ((webhook, webhook.take_unseen_token()) for webhook in found if looks and webhook.unseen_token)
    fresh = next(((webhook, token) for webhook, token in tokens if token), None)
    address = tenant_url(request.tenant.slug, f"/api/v1/incoming/{fresh[1]}") if fresh else ""
    return {
        "incoming": found,
        "incoming_form": IncomingForm(),
        "fresh_incoming": {"name": fresh[0].name, "url": address} if fresh else None,
    }


def _row(request: StaffRequest, membership: Membership) -> dict[str, Any]:
    muted_until = membership.muted_until if membership.muted else None
    return {
        "membership": membership,
        "person": membership.member,
        "muted_until": muted_until,
        "muted_words": _in_words(muted_until) if muted_until else "",
        "for_ever": muted_until == FOR_EVER,
        "may_act": may_act_on(request.user, membership.member),
    }


def _in_words(moment: datetime) -> str:
    """To the minute this year, to the day later: `28 Dec, 05:24 UTC` or `28 Dec 2027`."""
    day = f"{moment.day} {moment:%b}"
    return f"{day}, {moment:%H:%M} UTC" if moment.year == timezone.now().year else f"{day} {moment.year}"


def _alike(sought: str) -> Q:
    if not storable(sought):
        return Q(pk=None)
    return Q(member__external_id__icontains=sought) | Q(member__name__icontains=sought)


def _online(request: StaffRequest, room: Room) -> int | None:
    """How many people are there; None while Redis cannot tell."""
    try:
        return headcount.look(request.tenant.id, room.pk).count
    except store.AWAY:
        return None
