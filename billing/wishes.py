"""A plan that somebody chose before there was a workspace to buy it for.

It travels from the portal to the new workspace in a link, signed: no page elsewhere can begin a purchase in an owner's
name.
"""

from typing import Final

from django.core import signing

from tenants.plans import PLANS, Interval

SALT: Final = "billing.wish"
LIFE: Final = 24 * 3600


def seal(slug: str, plan: str, interval: Interval) -> str:
    """The wish for the workspace `slug`, good for a day."""
    return signing.dumps([slug, plan, interval], salt=SALT)


def unseal(sealed: str, slug: str) -> tuple[str, Interval] | None:
    """Plan and interval, or None for what is forged, too old, or meant for another workspace."""
    try:
        meant_for, plan, interval = signing.loads(sealed, salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError):
        return None
    if meant_for != slug or plan not in PLANS:
        return None
    return plan, "year" if interval == "year" else "month"
