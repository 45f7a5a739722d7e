"""How often the portal's forms may be used: by address, and for mails by recipient too."""

import hashlib

from django.http import HttpRequest

from realtime.limits import hit_sync
from tenants.addresses import address_of

HOUR = 3600
SCOPE = "portal"


def may_sign_up(request: HttpRequest) -> bool:
    """Whether this address may send another sign-up form: 40 an hour, an office's worth."""
    return hit_sync(SCOPE, f"signup:{address_of(request)}", 40, HOUR)


def may_mail(email: str) -> bool:
    """Whether another mail may go to `email`: 10 an hour, so that we flood nobody's mailbox."""
    digest = hashlib.sha256(email.encode()).hexdigest()[:32]
    return hit_sync(SCOPE, f"mail:{digest}", 10, HOUR)


def may_look_up(request: HttpRequest) -> bool:
    """Whether this address may ask for workspaces again: 30 an hour."""
    return hit_sync(SCOPE, f"find:{address_of(request)}", 30, HOUR)


def may_check_slug(request: HttpRequest) -> bool:
    """Whether this address may have another slug checked: 120 a minute, faster than anyone types."""
    return hit_sync(SCOPE, f"slug:{address_of(request)}", 120, 60)
