"""Who is in a room now."""

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, KeyOrUser
from api.v1.rooms import find_room
from realtime import headcount

router = Router(tags=["presence"])


class Person(Schema):
    id: str = Field(description="Their `external_id`.")
    username: str


class PresenceOut(Schema):
    room: str
    count: int = Field(description="People, not connections; bots are none.")
    users: list[Person] = Field(description="The first hundred of them.")


@router.get("/presence/{room}", response=PresenceOut, auth=KeyOrUser("rooms:read"))
def get_presence(request: ApiRequest, room: str) -> PresenceOut:
    """See who is in a room.

    Whoever has just left is still there for five seconds, in case they come back.
    """
    found = find_room(request, room)
    seen = headcount.look(request.tenant.id, found.pk)
    people = [Person(id=id_, username=username) for id_, username in seen.people]
    return PresenceOut(room=found.name, count=seen.count, users=people)
