"""Who is in which room over this process's sockets: kept in step with rooms and memberships, and shown out in time."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from realtime.background import quietly
from realtime.feed import Listener
from rooms import access
from rooms.access import RoomRecord
from tenants.directory import TenantInfo


class Visit(Listener, Protocol):
    """Somebody in a room over one socket."""

    tenant: TenantInfo
    room: RoomRecord

    @property
    def member_id(self) -> int:
        """Who it is, in the database."""

    def follow(self, room: RoomRecord | None) -> None:
        """Take note of the room as it looks to this member now; None where it is gone."""


class Visits:
    """One a hub. Not thread-safe."""

    def __init__(self) -> None:
        self._schemas: defaultdict[str, defaultdict[int, set[Visit]]] = defaultdict(lambda: defaultdict(set))
        self._changed: set[tuple[str, int]] = set()

    def add(self, visit: Visit) -> None:
        """From now on this visit is followed."""
        self._schemas[visit.tenant.schema_name][visit.room.id].add(visit)

    def discard(self, visit: Visit) -> None:
        """It has ended."""
        rooms = self._schemas[visit.tenant.schema_name]
        rooms[visit.room.id].discard(visit)
        if not rooms[visit.room.id]:
            del rooms[visit.room.id]
        if not rooms:
            del self._schemas[visit.tenant.schema_name]

    def note(self, schema: str, room_id: int) -> None:
        """This room, or a membership in it, has changed: `follow` will look."""
        if room_id in self._schemas.get(schema, ()):
            self._changed.add((schema, room_id))

    def note_all(self) -> None:
        """Any room may have changed without our hearing of it."""
        self._changed.update((schema, room) for schema, rooms in self._schemas.items() for room in rooms)

    async def follow(self) -> None:
        """Look at what has changed, and show out whoever may no longer be there."""
        by_schema: defaultdict[str, list[int]] = defaultdict(list)
        while self._changed:
            schema, room = self._changed.pop()
            by_schema[schema].append(room)
        for schema, rooms in by_schema.items():
            known: dict[int, set[Visit]] = self._schemas.get(schema, defaultdict(set))
            await quietly(look_at([visit for room in rooms for visit in known.get(room, ())]))


async def look_at(visits: Iterable[Visit]) -> None:
    """Let these visitors of one tenant know how their rooms, and they in them, stand now."""
    asked = list(visits)
    if not asked:
        return
    pairs = sorted({(visit.room.id, visit.member_id) for visit in asked})
    current = await access.as_they_stand(asked[0].tenant, pairs)
    for visit in asked:
        visit.follow(current.get((visit.room.id, visit.member_id)))
