"""Which addresses are somebody's on the internet, and which are ours, the machine's or nobody's."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

# Beyond what the standard library knows as not global.
_REFUSED: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this machine
        "100.64.0.0/10",  # carriers' own (CGNAT), where some clouds keep their metadata
        "168.63.129.16/32",  # Azure's own to its machines
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4's relays
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "100::/64",
        "2001::/23",  # Teredo and the other protocols' own
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
# Only these are given out to anyone. Beyond lie IPv4 in disguise (mapped, NAT64) and all that is private.
_GLOBAL_V6: Final = IPv6Network("2000::/3")
# An IPv4 address travels inside, and a relay lets it out again.
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")


def is_public(address: Address) -> bool:
    """Whether a request may go there: neither private, loopback, link-local, shared, multicast, reserved nor a
    translation into IPv4."""
    if isinstance(address, IPv6Address) and (
        address not in _GLOBAL_V6 or address in _SIX_TO_FOUR or address.scope_id is not None
    ):
        return False
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def literal(host: str) -> Address | None:
    """The address that a URL's host is by itself, or None for a name. IPv6 has its brackets or has not."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
