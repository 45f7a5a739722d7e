"""Incoming webhooks of a room: made, shown once, deleted."""

from django.contrib import messages
from django.http import HttpResponse

from console.access import StaffRequest, admins_only
from console.room_forms import IncomingForm
from console.rooms import changes_room, to_room
from console.views.room import show
from incoming import actions
from rooms.models import Room

SECTION = "incoming"


@changes_room(SECTION, admins_only)
def create(request: StaffRequest, room: Room) -> HttpResponse:
    """Make one and go to where its address is shown, once: a reload must not make another."""
    form = IncomingForm(request.POST)
    if form.is_valid():
        try:
            actions.create_incoming_webhook(room, form.cleaned_data["name"], keep_unseen=True)
        except (actions.TooMany, ValueError) as refused:
            form.add_error("name", str(refused))
        else:
            return to_room(room.name, SECTION)
    return show(request, room, 422, incoming_form=form)


@changes_room(SECTION, admins_only)
def delete(request: StaffRequest, room: Room, incoming_id: str) -> HttpResponse:
    webhook = room.incoming_webhooks.filter(pk=incoming_id).first()
    if webhook is not None:
        actions.delete_incoming_webhook(webhook)
        messages.success(request, "Its address is dead. What was said through it stays.", SECTION)
    return to_room(room.name, SECTION)
