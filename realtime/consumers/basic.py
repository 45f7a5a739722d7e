"""`/ws/basic/`: the connection check. It needs no credentials, so it is limited by address."""

from typing import Any, ClassVar, Final

from realtime import limits
from realtime.commands import BASIC, Echo, Parser, Ping
from realtime.consumers.base import SocketConsumer
from realtime.consumers.views import limits_view
from realtime.events import CloseCode, ConnectionEstablished, EchoResponse, Pong, UserRef, stamp
from realtime.leases import Lease
from realtime.refusals import SocketRefused
from realtime.scope import client_address

MOST_AN_ADDRESS: Final = 20
MOST_OPEN: Final = 2_000
OPENED_A_MINUTE: Final = 120


class BasicConsumer(SocketConsumer):
    parser: ClassVar[Parser] = Parser(BASIC)

    async def enter(self) -> None:
        address = client_address(self.scope)
        if not await limits.hit(self.tenant.schema_name, f"basic:{address}", OPENED_A_MINUTE, 60):
            raise SocketRefused(CloseCode.TOO_MANY_CONNECTIONS, "Too many connections from your address.")
        lease = Lease.of_address(self.tenant.id, address, self.connection_id)
        await self.take_lease(lease, most=MOST_OPEN, most_own=MOST_AN_ADDRESS)
        await self.accept()
        who = self.identity
        self.push(
            ConnectionEstablished(
                message="Welcome. You are connected.",
                timestamp=stamp(),
                connection_id=self.connection_id,
                user=UserRef(who.external_id, who.username) if who else None,
                limits=limits_view(self.tenant.limits),
            )
        )

    async def obey(self, command: Any) -> None:
        match command:
            case Ping():
                self.reply(Pong(timestamp=stamp()))
            case Echo(content=content):
                self.reply(EchoResponse(content=content, timestamp=stamp()))
