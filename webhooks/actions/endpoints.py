"""Endpoints: made, changed, switched off, deleted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.kinds import Action
from audit.records import record
from tenants import actions as tenants
from tenants import bell, encryption
from tenants.context import schema_connection
from tenants.entitlements import Limits
from webhooks import types
from webhooks.bell import NAME
from webhooks.models import Delivery, Endpoint
from webhooks.signing import new_secret
from webhooks.targets import check_url

# How long the secret before signs too, in seconds, where nobody says; and at most.
OVERLAP: Final = 24 * 3600
LONGEST_OVERLAP: Final = 7 * 24 * 3600


class WebhookLimitReached(Exception):
    """The plan's webhooks are used up; the text says how many they are."""


def create_endpoint(
    url: str, events: Sequence[str], limits: Limits, *, keep_unseen: bool = False
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is shown this once. Raises WebhookLimitReached, or ValueError with a
    sentence for bad input.

    `keep_unseen` lets the console's next page show it.
    """
    url = check_url(url)
    wanted, secret = types.checked(events), new_secret()
    with _one_at_a_time():
        if Endpoint.objects.count() >= limits.max_webhooks:
            plural = "" if limits.max_webhooks == 1 else "s"
            raise WebhookLimitReached(
                f"Your plan allows {limits.max_webhooks} webhook{plural}, and all are in use."
            )
        endpoint = Endpoint.objects.create(
            url=url, events=wanted, secret=encryption.encrypt(secret), unseen=keep_unseen
        )
        record(Action.WEBHOOK_CREATED, endpoint.pk, url=url, events=wanted)
        _tell_writers()
    return endpoint, secret


def change_endpoint(
    endpoint: Endpoint,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Change what is given. Raises ValueError with a sentence, Endpoint.DoesNotExist where it has gone meanwhile.

    While it is off nothing is written for it. What was waiting stays, and goes out once it is on again.
    """
    changed: dict[str, Any] = {}
    if url is not None:
        changed["url"] = check_url(url)
    if events is not None:
        changed["events"] = types.checked(events)
    with _one_at_a_time():
        before = _held(endpoint.pk)
        if enabled is not None and enabled != before.enabled:
            changed |= _switched(endpoint.pk, enabled)
        if changed:
            Endpoint.objects.filter(pk=endpoint.pk).update(**changed)
            told = {name: changed[name] for name in ("url", "events", "enabled") if name in changed}
            record(Action.WEBHOOK_CHANGED, endpoint.pk, **told)
        _tell_writers()
    endpoint.refresh_from_db()
    return endpoint


def disable(endpoint_id: str, reason: Endpoint.Reason) -> bool:
    """Switch it off; False where it was off, or has gone. Call it within a transaction."""
    with _one_at_a_time():
        found = Endpoint.objects.select_for_update().filter(pk=endpoint_id, enabled=True)
        if not found.exists():
            return False
        found.update(enabled=False, reason=reason, disabled_at=timezone.now())
        record(Action.WEBHOOK_DISABLED, endpoint_id, reason=reason.value)
        _tell_writers()
    return True


def rotate_secret(endpoint: Endpoint, overlap: int = OVERLAP, *, keep_unseen: bool = False) -> str:
    """A new secret, shown this once. For `overlap` seconds the one before signs too. Raises ValueError with a
    sentence, Endpoint.DoesNotExist where it has gone meanwhile."""
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise ValueError(f"The overlap is 0 to {LONGEST_OVERLAP:,} seconds.")
    secret = new_secret()
    with transaction.atomic():
        before = _held(endpoint.pk)
        Endpoint.objects.filter(pk=endpoint.pk).update(
            secret=encryption.encrypt(secret),
            previous_secret=before.secret if overlap else None,
            previous_until=timezone.now() + timedelta(seconds=overlap) if overlap else None,
            unseen=keep_unseen,
        )
        record(Action.WEBHOOK_SECRET_ROTATED, endpoint.pk, overlap=overlap)
    endpoint.refresh_from_db()
    return secret


def delete_endpoint(endpoint: Endpoint) -> bool:
    """Delete it for good; what was owed to it is not delivered. False where it was gone."""
    with _one_at_a_time():
        # Not `delete()`, which would look for deliveries: they are found by nobody any more, and go with age.
        gone = Endpoint.objects.filter(pk=endpoint.pk)._raw_delete(Endpoint.objects.db)
        if gone:
            record(Action.WEBHOOK_DELETED, endpoint.pk, url=endpoint.url)
        _tell_writers()
    return bool(gone)


def _switched(endpoint_id: str, on: bool) -> dict[str, Any]:
    if not on:
        return {"enabled": False, "reason": Endpoint.Reason.BY_HAND, "disabled_at": timezone.now()}
    # Whatever was tried before has its whole day again, and at once.
    tried = Delivery.objects.filter(endpoint_id=endpoint_id, state="pending", first_at__isnull=False)
    tried.update(attempts=0, first_at=None, claimed_until=None, next_at=timezone.now())
    bell.ring(NAME, schema_connection().schema_name)
    return {"enabled": True, "reason": Endpoint.Reason.NONE, "disabled_at": None, "failing_since": None}


def _held(endpoint_id: str) -> Endpoint:
    rows: QuerySet[Endpoint] = Endpoint.objects.select_for_update()
    return rows.get(pk=endpoint_id)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A transaction that holds the tenant's row: of two that are made at once, one counts the other."""
    with transaction.atomic():
        tenants.hold(schema_connection().schema_name)
        yield


def _tell_writers() -> None:
    """Let every process know whether there is anybody to be told."""
    there_is = Endpoint.objects.filter(enabled=True).exists()
    tenants.set_hooked(schema_connection().schema_name, there_is)
