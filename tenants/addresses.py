"""Where a request comes from, when only trusted proxies may say so."""

from base64 import urlsafe_b64encode
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

Address = IPv4Address | IPv6Address

# Whoever has one address of such a network has them all.
_CUSTOMER_BITS: Final = 64


def client_address(peer: str, forwarded_for: str) -> str:
    """The client, as limits by address count it: an IPv4 address, or the /64 of an IPv6 one.

    That is the peer itself or, behind trusted proxies, the last hop of X-Forwarded-For they vouch for.
    """
    address = _origin(peer, forwarded_for)
    if isinstance(address, IPv6Address):
        host_bits = 128 - _CUSTOMER_BITS
        return str(IPv6Address(int(address) >> host_bits << host_bits))
    return str(address) if address else peer


def address_of(request: HttpRequest) -> str:
    """`client_address` of an HTTP request."""
    return client_address(*_hops(request))


def place_of(schema: str, address: str) -> str:
    """An address as one workspace's tokens and counters name it, 8 characters: it tells nobody where a guest is, nor
    that two workspaces have the same visitor."""
    said = salted_hmac("snug.place", f"{schema}/{address}", algorithm="sha256").digest()
    return urlsafe_b64encode(said[:6]).decode()


def is_private(request: HttpRequest) -> bool:
    """Whether a request comes from a private network. One that an unknown proxy passed on may come from anywhere."""
    peer, forwarded_for = _hops(request)
    address = _origin(peer, forwarded_for)
    if address is None or (forwarded_for and not _trusted(_parse(peer))):
        return False
    return address.is_private


def _hops(request: HttpRequest) -> tuple[str, str]:
    return request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")


def _origin(peer: str, forwarded_for: str) -> Address | None:
    address = _parse(peer)
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while hops and _trusted(address):
        candidate = _parse(hops.pop())
        if candidate is None:
            break
        address = candidate
    return address


def _trusted(address: Address | None) -> bool:
    return address is not None and any(address in network for network in settings.SNUG_TRUSTED_PROXIES)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on both families shows IPv4 peers as ::ffff:192.0.2.1, which Python calls private.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
