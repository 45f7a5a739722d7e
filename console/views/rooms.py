"""Rooms: made here, filled elsewhere."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from console.access import StaffRequest, admins_only, to
from console.forms import RoomForm
from console.page import show
from rooms.actions import RoomExists, RoomLimitReached, create_room


@require_POST
@admins_only
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
        messages.success(request, f"The room “{room.name}” is open.")
        return to("rooms")
    return show(request, 422, room_form=form)
