"""The open sockets of this process, tenant by tenant: closed as soon as what let them in no longer holds."""

import time
from collections.abc import Iterable
from typing import Final, Protocol

from accounts import keys
from realtime import leases
from realtime.background import quietly
from realtime.events import CloseCode
from realtime.feed import Listener
from realtime.leases import Lease
from realtime.refusals import SocketRefused
from tenants import directory
from tenants.directory import TenantInfo

# By then no cache knows a revoked key as a good one, and no socket is still entering with it.
REVOKED_REMEMBERED: Final = 60.0
REVOKED: Final = "the key that vouched for you was revoked or has expired"


class Socket(Listener, Protocol):
    """A socket, as the process knows it."""

    connection_id: str
    key_id: str | None
    lease: Lease | None


class TenantSockets:
    """A tenant's sockets in this process by connection id, and what is known of the tenant now."""

    __slots__ = ("info", "sockets")

    def __init__(self, info: TenantInfo) -> None:
        self.info = info
        self.sockets: dict[str, Socket] = {}


class Admissions:
    """One a hub. Not thread-safe."""

    def __init__(self) -> None:
        self._tenants: dict[int, TenantSockets] = {}
        self._revoked: dict[tuple[str, str], float] = {}

    def admit(self, tenant: TenantInfo, socket: Socket) -> TenantSockets:
        """Count a socket among its tenant's; the answer's `info` stays current while the socket is open.

        Raises SocketRefused where the key that vouches for it was revoked while it was entering.
        """
        if (tenant.schema_name, socket.key_id) in self._revoked:
            raise SocketRefused(CloseCode.UNAUTHENTICATED, REVOKED)
        of_tenant = self._tenants.get(tenant.id)
        if of_tenant is None:
            of_tenant = self._tenants[tenant.id] = TenantSockets(tenant)
        of_tenant.sockets[socket.connection_id] = socket
        return of_tenant

    def dismiss(self, tenant_id: int, socket: Socket) -> None:
        """The socket has closed."""
        of_tenant = self._tenants.get(tenant_id)
        if of_tenant is not None:
            of_tenant.sockets.pop(socket.connection_id, None)
            if not of_tenant.sockets:
                del self._tenants[tenant_id]

    def replace(self, tenant_id: int, user: str, connection_id: str) -> None:
        """The user has come back on another socket: close the one they left behind, if it is here and theirs."""
        of_tenant = self._tenants.get(tenant_id)
        socket = of_tenant.sockets.get(connection_id) if of_tenant else None
        if socket is not None and socket.user == user:
            socket.outlet.close(CloseCode.REPLACED, "replaced by a newer connection")

    def revoke(self, schema: str, key_id: str) -> None:
        """Close every socket for which this key vouched, and those that are still entering with it."""
        self._revoked[schema, key_id] = time.monotonic()
        for of_tenant in list(self._tenants.values()):
            if of_tenant.info.schema_name == schema:
                _close_those_of(of_tenant, {key_id})

    def is_revoked(self, schema: str, key_id: str | None) -> bool:
        """Whether this key was revoked lately: a cache may still know it as good."""
        return (schema, key_id) in self._revoked

    async def follow_tenants(self) -> None:
        """Learn of plans and states as they are now, and close the sockets of tenants that are no longer open."""
        asked = list(self._tenants)
        current = await directory.afetch(asked) if asked else {}
        for id_ in asked:
            if (of_tenant := self._tenants.get(id_)) is not None:
                _follow(of_tenant, current.get(id_))

    async def follow_keys(self) -> None:
        """Close the sockets of keys that were revoked without our hearing of it, or that have expired."""
        self._forget_old_revocations()
        for of_tenant in list(self._tenants.values()):
            asked = {socket.key_id for socket in of_tenant.sockets.values() if socket.key_id is not None}
            if asked:
                await quietly(self._follow_keys_of(of_tenant, asked))

    async def renew(self) -> None:
        """Renew the leases of all sockets."""
        for id_, of_tenant in list(self._tenants.items()):
            held = {
                key: socket.lease for key, socket in of_tenant.sockets.items() if socket.lease is not None
            }
            await quietly(self._renew_those_of(id_, of_tenant, held))

    async def _renew_those_of(self, tenant_id: int, of_tenant: TenantSockets, held: dict[str, Lease]) -> None:
        await leases.renew(tenant_id, list(held.values()))
        for connection_id, lease in held.items():
            if connection_id not in of_tenant.sockets:  # it closed meanwhile: this has made its lease anew
                await leases.release(lease)

    async def _follow_keys_of(self, of_tenant: TenantSockets, asked: Iterable[str]) -> None:
        _close_those_of(of_tenant, await keys.unusable(of_tenant.info, asked))

    def _forget_old_revocations(self) -> None:
        now = time.monotonic()
        self._revoked = {key: at for key, at in self._revoked.items() if now - at < REVOKED_REMEMBERED}


def _follow(of_tenant: TenantSockets, info: TenantInfo | None) -> None:
    if info is not None and info.open:
        of_tenant.info = info
        return
    suspended = info is not None and info.state == "suspended"
    code = CloseCode.SUSPENDED if suspended else CloseCode.NOT_FOUND
    for socket in list(of_tenant.sockets.values()):
        socket.outlet.close(code, "this workspace is suspended" if suspended else "this workspace is gone")


def _close_those_of(of_tenant: TenantSockets, key_ids: set[str]) -> None:
    for socket in list(of_tenant.sockets.values()):
        if socket.key_id in key_ids:
            socket.outlet.close(CloseCode.UNAUTHENTICATED, REVOKED)
