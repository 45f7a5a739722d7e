"""The open sockets of this process, tenant by tenant: closed as soon as what let them in no longer holds."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from accounts import keys, members, sessions
from realtime import leases, store, surplus
from realtime.background import quietly
from realtime.events import CloseCode
from realtime.leases import Lease
from realtime.outlets import Outlet
from realtime.refusals import SocketRefused
from tenants import directory
from tenants.directory import TenantInfo
from tenants.entitlements import Limits

# By then no cache knows a revoked key as a good one, and no socket is still entering with it.
REVOKED_REMEMBERED: Final = 60.0
BANNED: Final = "you are banned from this workspace"
REVOKED: Final = "what vouched for you was revoked or has expired"


class Socket(Protocol):
    """A socket, as the process knows it."""

    outlet: Outlet
    connection_id: str
    lease: Lease | None

    @property
    def user(self) -> str:
        """The public id of whoever is at the other end."""

    @property
    def key_id(self) -> str | None:
        """The API key that vouches for whoever is at the other end."""

    @property
    def session(self) -> str | None:
        """The digest of the staff session that it stands on."""

    def go_by(self, name: str) -> None:
        """Whoever is at the other end has another name from now on."""

    @property
    def issued_at(self) -> float | None:
        """When their token was issued, in Unix seconds; None where there is none that could be revoked."""


class TenantSockets:
    """A tenant's sockets in this process by connection id, the newest last, and what is known of the tenant now."""

    __slots__ = ("info", "sharing", "sockets")

    def __init__(self, info: TenantInfo) -> None:
        self.info = info
        self.sockets: dict[str, Socket] = {}
        # Held while leases are renewed or given up: one that is given up must not be made anew.
        self.sharing = asyncio.Lock()


class _Revocation(msgspec.Struct, frozen=True):
    """What a tenant revoked, and when, on this process's clock."""

    key_id: str | None = None
    session: str | None = None
    user: str | None = None
    before: float = 0.0
    banned_until: float | None = None  # Unix seconds
    at: float = msgspec.field(default_factory=time.monotonic)

    def concerns(self, socket: Socket) -> bool:
        if self.key_id is not None:
            return socket.key_id == self.key_id
        if self.session is not None:
            return socket.session == self.session
        if self.banned_until is not None:
            return socket.user == self.user and time.time() < self.banned_until
        return socket.user == self.user and socket.issued_at is not None and socket.issued_at <= self.before

    @property
    def refusal(self) -> SocketRefused:
        """With what those whom it concerns are shut out."""
        if self.banned_until is not None:
            return SocketRefused(CloseCode.FORBIDDEN, BANNED)
        return SocketRefused(CloseCode.UNAUTHENTICATED, REVOKED)


class Admissions:
    """One a hub. Not thread-safe."""

    def __init__(self) -> None:
        self._tenants: dict[int, TenantSockets] = {}
        self._revoked: dict[str, list[_Revocation]] = {}
        # Those of whose connections fewer may be open than a moment ago.
        self._smaller: set[int] = set()

    def admit(self, tenant: TenantInfo, socket: Socket) -> TenantSockets:
        """Count a socket among its tenant's; the answer's `info` stays current while the socket is open.

        Raises SocketRefused where the key that vouches for it was revoked while it was entering.
        """
        self.check_not_revoked(tenant, socket)
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

    def revoke_key(self, schema: str, key_id: str) -> None:
        """Close every socket for which this key vouched, and those that are still entering with it."""
        self._revoke(schema, _Revocation(key_id=key_id))

    def end_session(self, schema: str, session: str) -> None:
        """Close every socket that stands on this staff session."""
        self._revoke(schema, _Revocation(session=session))

    def revoke_user(self, schema: str, user: str, before: float) -> None:
        """Close this user's sockets whose tokens were issued up to `before`, in Unix seconds."""
        self._revoke(schema, _Revocation(user=user, before=before))

    def ban_user(self, schema: str, user: str, until: float) -> None:
        """Close this user's sockets, and refuse those that are still entering, until then (Unix seconds; 0: no
        more)."""
        known = self._revoked.get(schema, ())
        self._revoked[schema] = [each for each in known if each.banned_until is None or each.user != user]
        self._revoke(schema, _Revocation(user=user, banned_until=until))

    def rename(self, schema: str, user: str, name: str) -> None:
        """Have this user's sockets go by another name."""
        for of_tenant in self._tenants.values():
            if of_tenant.info.schema_name == schema:
                for socket in of_tenant.sockets.values():
                    if socket.user == user:
                        socket.go_by(name)

    def check_not_revoked(self, tenant: TenantInfo, socket: Socket) -> None:
        """Raise SocketRefused where what vouched for the socket was revoked lately: caches may not know it yet."""
        for each in self._revoked.get(tenant.schema_name, ()):
            if each.concerns(socket):
                raise each.refusal

    def _revoke(self, schema: str, revocation: _Revocation) -> None:
        self._revoked.setdefault(schema, []).append(revocation)
        mine = [each for each in self._tenants.values() if each.info.schema_name == schema]
        refusal = revocation.refusal
        for socket in [socket for of_tenant in mine for socket in of_tenant.sockets.values()]:
            if revocation.concerns(socket):
                socket.outlet.close(refusal.code, refusal.reason)

    async def follow_tenants(self) -> None:
        """Learn of plans and states as they are now, and close the sockets of tenants that are no longer open."""
        asked = list(self._tenants)
        current = await directory.afetch(asked) if asked else {}
        for id_ in asked:
            if (of_tenant := self._tenants.get(id_)) is not None:
                before = of_tenant.info.limits
                _follow(of_tenant, current.get(id_))
                if _allows_fewer(of_tenant.info.limits, before):
                    self._smaller.add(id_)

    async def close_surplus(self) -> None:
        """Close the sockets that are more than may be open, of tenants of whom a limit has fallen."""
        smaller, self._smaller = self._smaller, set()
        await store.shard_by_shard(smaller, self._close_surplus)

    async def _close_surplus(self, tenant_id: int) -> None:
        of_tenant = self._tenants.get(tenant_id)
        if of_tenant is not None:
            async with of_tenant.sharing:
                sockets = reversed(list(of_tenant.sockets.values()))
                await surplus.close(of_tenant.info, sockets)

    async def follow_keys(self) -> None:
        """Close the sockets of keys that were revoked without our hearing of it, or that have expired."""
        self._forget_old_revocations()
        for of_tenant in list(self._tenants.values()):
            asked = {socket.key_id for socket in of_tenant.sockets.values() if socket.key_id is not None}
            if asked:
                await quietly(self._follow_keys_of(of_tenant, asked))

    async def follow_sessions(self) -> None:
        """Close the sockets of staff sessions that have expired, or ended without our hearing of it."""
        for of_tenant in list(self._tenants.values()):
            asked = {socket.session for socket in of_tenant.sockets.values() if socket.session is not None}
            if asked:
                await quietly(self._follow_sessions_of(of_tenant, asked))

    async def _follow_sessions_of(self, of_tenant: TenantSockets, asked: Iterable[str]) -> None:
        ended = await sessions.ended(of_tenant.info, asked)
        for socket in list(of_tenant.sockets.values()):
            if socket.session in ended:
                socket.outlet.close(CloseCode.UNAUTHENTICATED, REVOKED)

    async def follow_users(self) -> None:
        """Close the sockets of users who were banned, or whose tokens were revoked, without our hearing of it."""
        for of_tenant in list(self._tenants.values()):
            asked = {socket.user for socket in of_tenant.sockets.values() if socket.issued_at is not None}
            if asked:
                await quietly(self._follow_users_of(of_tenant, asked))

    async def _follow_users_of(self, of_tenant: TenantSockets, asked: set[str]) -> None:
        revoked = await members.revoked(of_tenant.info, asked)
        banned = await members.banned(of_tenant.info, asked)
        for socket in list(of_tenant.sockets.values()):
            if socket.user in banned:
                socket.outlet.close(CloseCode.FORBIDDEN, BANNED)
            elif socket.issued_at is not None and socket.issued_at <= revoked.get(socket.user, 0.0):
                socket.outlet.close(CloseCode.UNAUTHENTICATED, REVOKED)

    async def renew(self) -> None:
        """Renew the leases of all sockets, and close those that are too many: a process that had not heard yet that a
        limit fell may have let some in after the others had looked."""
        await store.shard_by_shard(list(self._tenants), self._renew_those_of)

    async def _renew_those_of(self, tenant_id: int) -> None:
        await self._renew_leases_of(tenant_id)
        await self._close_surplus(tenant_id)

    async def _renew_leases_of(self, tenant_id: int) -> None:
        of_tenant = self._tenants.get(tenant_id)
        if of_tenant is None:
            return
        async with of_tenant.sharing:
            held = {
                key: socket
                for key, socket in of_tenant.sockets.items()
                if socket.lease is not None and not socket.outlet.closed
            }
            await leases.renew(tenant_id, [one.lease for one in held.values() if one.lease is not None])
            for connection_id, socket in held.items():
                # It closed meanwhile: this has made its lease anew.
                ended = connection_id not in of_tenant.sockets or socket.outlet.closed
                if ended and socket.lease is not None:
                    await leases.release(socket.lease)

    async def _follow_keys_of(self, of_tenant: TenantSockets, asked: Iterable[str]) -> None:
        unusable = await keys.unusable(of_tenant.info, asked)
        for socket in list(of_tenant.sockets.values()):
            if socket.key_id in unusable:
                socket.outlet.close(CloseCode.UNAUTHENTICATED, REVOKED)

    def _forget_old_revocations(self) -> None:
        oldest = time.monotonic() - REVOKED_REMEMBERED
        recent = {
            schema: [each for each in all_ if each.at > oldest] for schema, all_ in self._revoked.items()
        }
        self._revoked = {schema: left for schema, left in recent.items() if left}


def _allows_fewer(limits: Limits, before: Limits) -> bool:
    """Whether fewer connections may be open than before, of all or of one user."""
    return (
        limits.max_connections < before.max_connections
        or limits.connections_per_user < before.connections_per_user
    )


def _follow(of_tenant: TenantSockets, info: TenantInfo | None) -> None:
    if info is not None and info.open:
        of_tenant.info = info
        return
    suspended = info is not None and info.state == "suspended"
    code = CloseCode.SUSPENDED if suspended else CloseCode.NOT_FOUND
    reason = "this workspace is suspended" if suspended else "this workspace is gone"
    if of_tenant.info.is_test and not suspended:
        # With what they were in: a client that came back with its `since` would count on from numbers of the past.
        reason = "test mode was reset"
    for socket in list(of_tenant.sockets.values()):
        socket.outlet.close(code, reason)
