"""Adding to the record. Runs inside the tenant's schema and inside the transaction of the change."""

from typing import Any

from django.db import transaction

from audit import acting
from audit.kinds import Action
from audit.models import AuditEntry


def record(action: Action, object_: str, *, actor: str | None = None, **details: Any) -> None:
    """Keep that whoever acts now (or `actor`) did this to `object_`.

    `details` is JSON and holds no secret and nothing that was said. Raises RuntimeError outside a transaction: a change
    and its record are kept together or not at all.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action} is recorded outside the transaction of the change")
    who = acting.current()
    AuditEntry.objects.create(
        actor=actor or who.id, action=action, object=object_, details=details, address=who.address
    )
