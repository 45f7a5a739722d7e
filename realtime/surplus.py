"""Connections beyond what a workspace, one of its users or a guests' address may have open now: closed within seconds,
the newest first.

What may be open is asked when a socket opens, and may fall while it is: a plan ends or is changed for a smaller one,
the owner lowers what they pay for beyond it, a figure of the workspace's own is lowered. Nobody may go on for nothing.

Each process closes sockets of its own, the one that looks first as many as it can. It takes their leases out of the
sets that all processes count by in one step with counting, so that no two close the same surplus: what is left is
exactly what may be open.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from realtime import groups, leases
from realtime.events import CloseCode
from realtime.leases import Lease
from realtime.outlets import Outlet
from tenants import directory, guest_limits
from tenants.directory import TenantInfo
from tenants.entitlements import Limits

REASON: Final = "more connections are open than may be now"


class Held(Protocol):
    """A socket and its share."""

    outlet: Outlet
    connection_id: str
    lease: Lease | None


async def close(tenant: TenantInfo, newest_first: Iterable[Held]) -> None:
    """Close what of these is beyond the limits of the tenant. Raises store.AWAY's errors, and the database's."""
    everyone = groups.leases(tenant.id)
    # A connection check counts against no plan, and what is closed already has given its share back.
    mine = {
        one.connection_id: (one.outlet, one.lease)
        for one in newest_first
        if one.lease is not None and one.lease.everyone == everyone and not one.outlet.closed
    }
    held = [lease for _, lease in mine.values()]
    if not await leases.overfull(tenant.id, _figures(held, tenant.limits)):
        return
    # A limit was raised a moment ago perhaps, and another process has heard of it already.
    current = (await directory.afetch([tenant.id])).get(tenant.id)
    if current is None:
        return
    most = _figures(held, current.limits)
    for overfull in await leases.overfull(tenant.id, most):
        counted = [lease for outlet, lease in mine.values() if overfull in lease.sets and not outlet.closed]
        for connection_id in await leases.shed(tenant.id, overfull, most[overfull], counted):
            mine[connection_id][0].close(CloseCode.TOO_MANY_CONNECTIONS, REASON)


def _figures(held: Sequence[Lease], limits: Limits) -> dict[str, int]:
    """How many may be in each set that these are counted in; everyone's last, which is relieved by what is closed for
    the others."""
    most: dict[str, int] = {}
    for lease in held:
        most[lease.own] = limits.connections_per_user
        if lease.place is not None:
            most[lease.place] = guest_limits.connections(limits)
    return most | {lease.everyone: limits.max_connections for lease in held}
