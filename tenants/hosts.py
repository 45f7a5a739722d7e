"""The addresses Snug answers at, and how they read in a link."""

from django.conf import settings


def as_typed(host: str) -> str:
    """A host as people must type it: with the public port, where there is one."""
    port = settings.ENV.public_port
    return f"{host}:{port}" if port else host


def base_as_typed() -> str:
    """What follows the slug and its dot in a workspace's address."""
    return as_typed(settings.SNUG_BASE_DOMAIN)


def tenant_as_typed(slug: str) -> str:
    """The address of a workspace as people must type it."""
    return as_typed(tenant_host(slug))


def _origin(host: str) -> str:
    return f"{settings.ENV.public_scheme}://{as_typed(host)}"


def tenant_host(slug: str) -> str:
    """The host of a workspace, without scheme and port."""
    return f"{slug}.{settings.SNUG_BASE_DOMAIN}"


def portal_url(path: str = "/") -> str:
    """An absolute link to a page of the portal."""
    return _origin(settings.SNUG_BASE_DOMAIN) + path


def tenant_url(slug: str, path: str = "/") -> str:
    """An absolute link to a page of a workspace."""
    return _origin(tenant_host(slug)) + path


def bare_host(host: str) -> str:
    """A Host header's name alone: lower case, without port or the root dot. IPv6 literals keep their brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")


def slug_of(host: str) -> str | None:
    """The slug that a bare host names below the base domain, or None."""
    suffix = "." + str(settings.SNUG_BASE_DOMAIN)
    slug = host.removesuffix(suffix)
    return slug if slug != host and slug and "." not in slug else None
