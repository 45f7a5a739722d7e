"""Which sites may speak to a tenant from a browser."""

import re

from django.conf import settings

from tenants.directory import TenantInfo

# What a browser sends as Origin, and nothing else: "null", paths and user names match nothing.
_ORIGIN = re.compile(r"(https?)://([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")


def allowed(tenant: TenantInfo, origin: str, host: str) -> bool:
    """Whether a page at `origin` may use this tenant; `host` is the request's own Host header.

    The tenant's own pages always may; in development so may any page of this machine.
    """
    if not _ORIGIN.fullmatch(origin.lower()):
        return False
    if same(origin, host):
        return True
    if settings.ENV.development and _is_local(origin):
        return True
    return any(_matches(origin.lower(), listed) for listed in tenant.origins)


def same(origin: str, host: str) -> bool:
    """Whether a page at `origin` was served by this very host, and by us: without TLS a page could be anyone's."""
    scheme, _, netloc = origin.lower().partition("://")
    return scheme == settings.ENV.public_scheme and netloc == host.lower()


def _is_local(origin: str) -> bool:
    parts = _ORIGIN.fullmatch(origin.lower())
    return parts is not None and parts[1] == "http" and parts[2] in ("localhost", "127.0.0.1")


def _matches(origin: str, listed: str) -> bool:
    scheme, star, suffix = listed.partition("://*.")
    if not star:
        return origin == listed
    return origin.startswith(f"{scheme}://") and origin.endswith(f".{suffix}")
