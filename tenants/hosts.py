"""The addresses Snug answers at, and how they read in a link."""

from django.conf import settings


def _origin(host: str) -> str:
    port = settings.ENV.public_port
    return f"{settings.ENV.public_scheme}://{host}{f':{port}' if port else ''}"


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
