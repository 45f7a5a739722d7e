"""How large a file may be, decided while it arrives: by the plan, and only for somebody who may come in."""

from typing import Final

from accounts import authentication, tickets
from accounts.tokens import TokenRefused
from tenants import directory
from tenants.database import AWAY

UPLOAD: Final = "/api/v1/files"
TOO_LARGE: Final = "file_too_large"


async def largest_file(host: str, authorization: str) -> int | None:
    """In bytes, for whoever sends this header to this host; None for somebody unknown, who is refused later, in the
    words of every call."""
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "bearer" or credential.startswith(tickets.MARK):
        return None
    try:
        tenant = await directory.afind(host)
        if tenant is None or not tenant.open:
            return None
        await authentication.by_credential(tenant, credential.strip(), key_allowed=True)
    except (TokenRefused, *AWAY):
        return None
    return tenant.limits.max_file_bytes


def too_large(most: int) -> str:
    """The sentence for a file that is."""
    return f"A file may have at most {most:,} bytes on your plan."
