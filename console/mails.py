"""The mail that leads back in."""

import mail
from accounts.actions.password_resets import RESET_TTL
from accounts.models import Member
from tenants.hosts import tenant_as_typed, tenant_url
from tenants.models import Tenant


def send_password_reset(tenant: Tenant, member: Member, token: str) -> None:
    """Mail `member` the link with which they choose another password. Raises what the mail backend raises."""
    context = {
        "workspace": tenant.name,
        "host": tenant_as_typed(tenant.slug),
        "email": member.email,
        "link": tenant_url(tenant.slug, f"/login/reset/{token}/"),
        "minutes": int(RESET_TTL.total_seconds() // 60),
    }
    mail.send("password_reset", f"Choose a new password for {tenant.name}", [str(member.email)], context)
