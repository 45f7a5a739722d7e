"""`/ws/`: many rooms over one socket."""

import asyncio
from typing import Any, ClassVar, Final

from msgspec import UNSET

from accounts.identity import Identity
from realtime import commands, events
from realtime.commands import ROOMS, Parser
from realtime.consumers.member import MemberConsumer
from realtime.consumers.views import limits_view
from realtime.consumers.visit import Visit
from realtime.events import ConnectionEstablished, ErrorCode, Left, UserRef, stamp
from rooms import access
from rooms.texts import Refused, is_room_name

MOST_JOINED: Final = 500


class MultiRoomConsumer(MemberConsumer):
    """Visits come and go by `join` and `leave`; what goes wrong in one room ends that visit and not the socket."""

    parser: ClassVar[Parser] = Parser(ROOMS)

    visits: dict[str, Visit]

    async def enter(self) -> None:
        self.visits = {}
        await self.be_admitted()
        await self.accept()
        self.push(
            ConnectionEstablished(
                message="Welcome. Join a room.",
                timestamp=stamp(),
                connection_id=self.connection_id,
                user=UserRef(self.user, self.identity.username),
                limits=limits_view(self.tenant.limits),
            )
        )
        self.watch_expiry()

    async def obey(self, command: Any) -> None:
        match command:
            case commands.Join(since=since, rev=rev):
                await self._join(self._named(), since, rev)
            case commands.Leave():
                await self._part(self.visit_asked())
            case _:
                await super().obey(command)

    def room_asked(self) -> Any:
        return self.asked.room if is_room_name(self.asked.room) else UNSET

    def visit_asked(self) -> Visit:
        visit = self.visits.get(self._named())
        if visit is None:
            raise Refused(ErrorCode.FORBIDDEN, "Join this room first.")
        return visit

    def visits_now(self) -> list[Visit]:
        return list(self.visits.values())

    def shown_out(self, visit: Visit, refused: Refused) -> None:
        if self.visits.get(visit.room.name) is visit:
            del self.visits[visit.room.name]
            self.push(
                events.error(refused.code, refused.message, room=visit.room.name), Left(room=visit.room.name)
            )
            self.hub.begin(visit.depart())

    async def enter_anew(self, fresh: Identity) -> None:
        for name, visit in list(self.visits.items()):
            try:
                await access.enter(self.tenant, fresh, name)
            except Refused as refused:
                self.shown_out(visit, refused)

    async def depart(self) -> None:
        await super().depart()
        await asyncio.gather(*(visit.depart() for visit in self.visits.values()))

    async def _join(self, name: str, since: int | None, rev: int | None) -> None:
        """Begin a visit; one that is there already begins anew, so that a client in doubt may simply join."""
        await self.unhurried()
        room = await access.enter(self.of_tenant.info, self.identity, name)
        if (known := self.visits.pop(name, None)) is not None:
            await known.depart()
        if len(self.visits) >= MOST_JOINED:
            raise Refused(ErrorCode.FORBIDDEN, f"A socket hears {MOST_JOINED} rooms at most.")
        visit = Visit(self, self.tenant, room)
        try:
            arrival = await visit.arrive(since, rev)
            await visit.settle(visit.greet(arrival), since, rev)
        except BaseException:
            await visit.depart()
            raise
        self.visits[name] = visit

    async def _part(self, visit: Visit) -> None:
        del self.visits[visit.room.name]
        await visit.depart()
        self.reply(Left(room=visit.room.name))

    def _named(self) -> str:
        room = self.asked.room
        if room is None:
            raise Refused(ErrorCode.INVALID_FIELD, "The field room is missing.")
        if not isinstance(room, str) or not is_room_name(room):
            raise Refused(
                ErrorCode.INVALID_FIELD, "room must be 1 to 80 letters, digits, hyphens or underscores."
            )
        return room
