"""`/ws/chat/ROOM/`: one room over one socket."""

from typing import Any, ClassVar, Final

from accounts.identity import Identity
from realtime.commands import ROOM, Parser
from realtime.consumers.member import MemberConsumer
from realtime.consumers.visit import Visit
from realtime.events import CloseCode, ErrorCode
from realtime.refusals import SocketRefused, as_refusal
from realtime.scope import query
from rooms import access
from rooms.texts import Refused

MOST_SEQ: Final = 2**62


class ChatRoomConsumer(MemberConsumer):
    parser: ClassVar[Parser] = Parser(ROOM)

    visit: Visit | None = None
    room_name: str

    @property
    def own_room(self) -> Any:
        return self.room_name

    async def enter(self) -> None:
        self.room_name = self.scope["room_name"]
        since, rev = self._counter("since"), self._counter("rev")
        room = await access.enter(self.tenant, self.identity, self.room_name)
        await self.be_admitted()
        self.visit = Visit(self, self.tenant, room)
        arrival = await self.visit.arrive(since, rev)
        await self.accept()
        at = self.visit.greet(arrival)
        self.watch_expiry()  # already: who has missed a lot may be read to for longer than their token lasts
        await self.visit.settle(at, since, rev)

    def visit_asked(self) -> Visit:
        assert self.visit is not None  # commands are read only after `enter`
        if self.asked.room not in (None, self.room_name):  # it would be said to the wrong people
            raise Refused(
                ErrorCode.INVALID_FIELD, f"room: this socket is in {self.room_name}, and in no other room."
            )
        return self.visit

    def visits_now(self) -> list[Visit]:
        return [self.visit] if self.visit is not None else []

    def shown_out(self, visit: Visit, refused: Refused) -> None:
        if self.accepted:
            refusal = as_refusal(refused)
            self.outlet.close(refusal.code, refusal.reason)

    async def enter_anew(self, fresh: Identity) -> None:
        await access.enter(self.tenant, fresh, self.own_room)

    async def depart(self) -> None:
        await super().depart()
        if self.visit is not None:
            await self.visit.depart()

    def _counter(self, name: str) -> int | None:
        text = query(self.scope, name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit():
            raise SocketRefused(CloseCode.MALFORMED, f"{name} must be a whole number of 0 or more.")
        if len(text) > 19 or int(text) > MOST_SEQ:
            raise SocketRefused(CloseCode.MALFORMED, f"{name} is larger than any number of ours.")
        return int(text)
