"""Every name used in Redis, made here and nowhere else: each one begins with its tenant's namespace."""

CONTROL = "control"


def room(tenant_id: int, room_id: int) -> str:
    """The channel group of a room."""
    return f"t{tenant_id}.room.{room_id}"


def people(tenant_id: int, room_id: int) -> str:
    """Sorted set of those present in a room, scored by the millisecond their presence lapses."""
    return f"snug:t{tenant_id}:room:{room_id}:people"


def names(tenant_id: int, room_id: int) -> str:
    """Hash of the names of those present in a room."""
    return f"snug:t{tenant_id}:room:{room_id}:names"


def crowd(tenant_id: int, room_id: int) -> str:
    """Hash of how many came to and left a crowded room since it was last told."""
    return f"snug:t{tenant_id}:room:{room_id}:crowd"


def holders(tenant_id: int, room_id: int, user: str) -> str:
    """Sorted set of the processes that hold a socket of one person in a room."""
    return f"snug:t{tenant_id}:room:{room_id}:at:{user}"


def leases(tenant_id: int) -> str:
    """Sorted set of a tenant's open connections, scored by the millisecond their lease lapses."""
    return f"snug:t{tenant_id}:leases"


def user_leases(tenant_id: int, user: str) -> str:
    """The same for the connections of one user."""
    return f"snug:t{tenant_id}:leases:{user}"


def guest_leases(tenant_id: int, place: str) -> str:
    """The same for the connections of the guests of one address, by `tenants.addresses.place_of`."""
    return f"snug:t{tenant_id}:guests:{place}"


def checks(tenant_id: int) -> str:
    """Sorted set of a tenant's open connection checks, which need no credentials and count against no plan."""
    return f"snug:t{tenant_id}:checks"


def address_checks(tenant_id: int, address: str) -> str:
    """The same for the connection checks from one address."""
    return f"snug:t{tenant_id}:checks:{address}"


def ticket(tenant_id: int, digest: str) -> str:
    """A one-use socket ticket."""
    return f"snug:t{tenant_id}:ticket:{digest}"


def ahead(schema: str, user: str) -> str:
    """Sorted set of one: until when the latest-dated token of a user was dated, where that is yet to come."""
    return f"snug:{schema}:ahead:{user}"


def counter(scope: str, key: str) -> str:
    """A rate limit's counter. `scope` is a tenant's namespace or "portal"."""
    return f"snug:{scope}:limit:{key}"


def turn(tenant_id: int, room_id: int, user: str) -> str:
    """Set while somebody waits for their next turn in a room with slow mode."""
    return f"snug:t{tenant_id}:room:{room_id}:turn:{user}"


def solved(tenant_id: int, challenge: str) -> str:
    """Set once somebody has come in with the answer to this challenge."""
    return f"snug:t{tenant_id}:solved:{challenge}"


def said(tenant_id: int, user: str, digest: str) -> str:
    """Counter of how often one user said the same lately, by the text's digest."""
    return f"snug:t{tenant_id}:said:{digest}:{user}"
