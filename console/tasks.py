"""The console's slow parts, as jobs. Each enters its tenant's schema by itself; none is given a secret."""

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts.actions import make_password_reset
from accounts.models import Member
from console import mails
from tenants.context import run_in_tenant
from tenants.models import Tenant

MAIL_RETRY = RetryStrategy(max_attempts=6, exponential_wait=5)
# In place of a member's id where there is none: the job is queued all the same, or the clock would tell.
NOBODY = 0


@app.task(retry=MAIL_RETRY)
def mail_password_reset(tenant_id: int, member_id: int) -> None:
    """Mail a member of staff the link to a new password. The token is made here: it is never at rest but as a hash."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is not None and member_id != NOBODY:
        run_in_tenant(tenant, _mail_password_reset, tenant, member_id)


def _mail_password_reset(tenant: Tenant, member_id: int) -> None:
    member = Member.objects.filter(pk=member_id, kind=Member.Kind.STAFF, email__isnull=False).first()
    if member is not None:
        with transaction.atomic():  # a mail that could not be sent leaves no link behind
            mails.send_password_reset(tenant, member, make_password_reset(member))
