"""Which names a workspace may have."""

import re
from typing import Final

SHAPE: Final = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")

# Names that could pass for ours, for infrastructure, or for somebody in charge.
RESERVED: Final = frozenset(
    """
    about abuse access account accounts admin administrator admins api app apps assets auth autoconfig autodiscover
    billing blog board bot bots broadcasthost business calendar cdn chat checkout client clients cloud community
    config console contact css dashboard data db debug demo dev developer developers dns docs domain download email
    enterprise error errors example export faq feedback files forum free ftp git graphql guest guests health healthz
    help home host hosting hostmaster http https imap img info internal invite invoice isatap js jobs legal live
    localhost login logout mail mailer-daemon marketing me media messages metrics mobile monitor mx my new news nobody
    noc noreply ns ns1 ns2 oauth ops org owner partners password pay payment payments paypal ping policy pop pop3
    portal postgres postmaster press pricing privacy pro prod production proxy public readyz redis register root
    router rss sales sample security self server service services settings shop signin signup site smtp snug sql ssh
    ssl sso staff staging static stats status store stripe subdomain support sys sysadmin system team teams template
    terms test testing tls tools tos trust undefined unsubscribe update upload usenet user users uucp valkey web
    webhook webhooks webmail webmaster websocket widget wpad ws wss www
    """.split()
)


class SlugRefused(ValueError):
    """The name cannot be used; the text is a sentence for the person who chose it."""


def check_shape(slug: str) -> None:
    """Raise SlugRefused where `slug` could never be a workspace's address."""
    if len(slug) < 3:
        raise SlugRefused("An address has at least 3 characters.")
    if len(slug) > 40:
        raise SlugRefused("An address has at most 40 characters.")
    if not SHAPE.fullmatch(slug):
        raise SlugRefused(
            "Use lower-case letters, digits and hyphens; begin with a letter, end without a hyphen."
        )
    if slug in RESERVED or slug.startswith("xn--"):
        raise SlugRefused(f"“{slug}” is reserved. Choose another address.")


def check(slug: str) -> None:
    """Raise SlugRefused where `slug` is misshapen, reserved or taken. Looks in the public schema."""
    from tenants.models import Tenant

    check_shape(slug)
    if Tenant.objects.filter(slug=slug).exists():
        raise SlugRefused(f"“{slug}” is taken. Choose another address.")
