"""Whose address a request comes from, when only trusted proxies may say so."""

from ipaddress import ip_address

from django.conf import settings


def client_address(peer: str, forwarded_for: str) -> str:
    """The client's address: the peer's own, or, from a trusted proxy, the last hop it vouches for."""
    address = peer
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while hops and _trusted(address):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _trusted(address: str) -> bool:
    return _is_address(address) and any(
        ip_address(address) in network for network in settings.SNUG_TRUSTED_PROXIES
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
