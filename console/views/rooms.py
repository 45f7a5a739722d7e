"""Rooms: made here, filled elsewhere."""

from django.contrib import messages
from django.http import HttpResponse

from console.access import StaffRequest, changes, to
from console.forms import RoomForm
from console.page import show
from rooms.actions import RoomExists, RoomLimitReached, create_room

SECTION = "rooms"


@changes(SECTION)
def create(request: StaffRequest) -> HttpResponse:
    form = RoomForm(request.POST)
    if not form.is_valid():
        return show(request, 422, room_form=form)
    wish = form.cleaned_data
    try:
        room = create_room(wish["name"], wish["kind"], wish["title"], request.tenant.limits)
    except RoomExists:
        form.add_error("name", f"There is a room “{wish['name']}” already. Choose another name.")
    except (RoomLimitReached, ValueError) as refused:
        form.add_error("name", str(refused))
    else:
        messages.success(request, f"The room “{room.name}” is open.", SECTION)
        return to(SECTION)
    return show(request, 422, room_form=form)
