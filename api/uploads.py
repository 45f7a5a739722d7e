"""How large a file may be, decided while it arrives: by the plan, and only for somebody who may come in."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import Error
from django.http import parse_cookie

from accounts import authentication, tickets
from accounts.tokens import TokenRefused
from tenants import directory
from tenants.database import AWAY
from tenants.directory import TenantInfo

UPLOAD: Final = "/api/v1/files"
# With which the workspace's own page shows that it is the page that sends.
FORM_TOKEN: Final = "x-csrftoken"
TOO_LARGE: Final = "file_too_large"


async def largest_file(header: Callable[[str], str]) -> int | None:
    """In bytes, for whoever sends these headers; None for somebody unknown, who is refused later, in the words of every
    call."""
    try:
        tenant = await directory.afind(header("host"))
        if tenant is None or not tenant.open:
            return None
        if not header("authorization"):
            return tenant.limits.max_file_bytes if await _is_from_staff(tenant, header) else None
        scheme, _, credential = header("authorization").partition(" ")
        if scheme.lower() != "bearer" or credential.startswith(tickets.MARK):
            return None
        tenant = await directory.aside_of(tenant, credential.strip())
        await authentication.by_credential(tenant, credential.strip(), key_allowed=True)
    except (TokenRefused, Error, *AWAY):
        return None
    return tenant.limits.max_file_bytes


async def _is_from_staff(tenant: TenantInfo, header: Callable[[str], str]) -> bool:
    """Whether a page of the workspace sends this for somebody signed in. The call looks whether it is the right form
    token; that there is one keeps other sites' forms small."""
    session = parse_cookie(header("cookie")).get(settings.SESSION_COOKIE_NAME, "")
    if not header(FORM_TOKEN) or not session:
        return False
    return await authentication.by_session(tenant, session) is not None


def too_large(most: int) -> str:
    """The sentence for a file that is."""
    return f"A file may have at most {most:,} bytes on your plan."
