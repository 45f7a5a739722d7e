"""Switching an endpoint off that cannot be reached. Runs inside the tenant's schema."""

from django.db import transaction

from tenants.context import schema_connection
from tenants.models import Tenant
from webhooks.actions import disable
from webhooks.models import Endpoint


def stop_webhook(endpoint_id: str, reason: Endpoint.Reason) -> None:
    """Switch it off and mail the owners, once: the mail leaves exactly if the change is committed."""
    from workspaces.tasks import mail_webhook_disabled

    with transaction.atomic():
        if disable(endpoint_id, reason):
            tenant = Tenant.objects.get(schema_name=schema_connection().schema_name)
            mail_webhook_disabled.defer(tenant_id=tenant.pk, endpoint_id=endpoint_id)
