"""Events from Stripe: stored first, applied once, in any order."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.actions.notices import tell_of_receipt, tell_of_trial_end
from billing.actions.refresh import bring_up_to_date
from billing.gateway import events, paperwork
from billing.gateway.connection import Missing
from billing.models import StripeEvent, Subscription

logger = logging.getLogger("snug.billing")

KEPT: Final = timedelta(days=90)
_OURS: Final = ("checkout.session.", "customer.", "invoice.", "subscription_schedule.")


def receive_event(body: bytes, signature: str) -> bool:
    """Keep a signed event and queue what follows from it; False for one that is known. Raises events.Forged."""
    return _keep(events.checked(body, signature))


def fetch_events(start: datetime) -> int:
    """The same for what Stripe has sent since `start` and we never got; how many events that were."""
    missed = 0
    for some in _by_the_hundred(events.sent_since(start)):
        ids = [event.id for event in some]
        known = set(StripeEvent.objects.filter(pk__in=ids).values_list("pk", flat=True))
        missed += sum(_keep(event) for event in some if event.id not in known)
    return missed


def _keep(event: events.Event) -> bool:
    from billing.tasks import apply_stripe_event

    row = StripeEvent(
        id=event.id, type=event.type, created=datetime.fromtimestamp(event.created, UTC), payload=event.body
    )
    with transaction.atomic():
        if StripeEvent.objects.filter(pk=event.id).exists():
            return False
        # Two deliveries at once: one of them inserts, and both queue a job, of which one applies.
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        apply_stripe_event.defer(event_id=event.id)
    return True


def _by_the_hundred(found: Iterator[events.Event]) -> Iterator[list[events.Event]]:
    while some := list(islice(found, 100)):
        yield some


def apply_event(event_id: str) -> bool:
    """Apply a kept event, once; False where that has been done. What goes wrong is noted on the event and raised."""
    try:
        with transaction.atomic():
            event = StripeEvent.objects.select_for_update().filter(pk=event_id, applied_at=None).first()
            if event is None:
                return False
            _apply(event)
            event.applied_at, event.fault = timezone.now(), ""
            event.attempts += 1
            event.save(update_fields=["applied_at", "fault", "attempts"])
    except Exception as error:
        StripeEvent.objects.filter(pk=event_id).update(
            attempts=F("attempts") + 1, fault=f"{type(error).__name__}: {error}"[:500]
        )
        raise
    return True


def forget_old_events() -> int:
    """Delete applied events older than KEPT; how many there were."""
    return StripeEvent.objects.filter(
        received_at__lt=timezone.now() - KEPT, applied_at__isnull=False
    ).delete()[0]


def _apply(event: StripeEvent) -> None:
    """Unknown types, and customers that are not ours, are kept and change nothing."""
    if not event.type.startswith(_OURS):
        return
    thing = (event.payload.get("data") or {}).get("object") or {}
    customer_id = thing.get("id") if thing.get("object") == "customer" else thing.get("customer")
    bought = Subscription.objects.select_for_update().filter(customer_id=customer_id or None).first()
    if bought is None:
        return
    bring_up_to_date(bought)
    _tell(event.type, thing, bought)


def _tell(type_: str, thing: dict[str, Any], bought: Subscription) -> None:
    if type_ == "customer.subscription.trial_will_end" and bought.status == "trialing":
        tell_of_trial_end(bought)
    if type_ == "invoice.paid":
        try:
            invoice = paperwork.invoice(thing["id"])
        except Missing:
            return
        # The signed body names the invoice; that it is this customer's, and paid, is asked for.
        if invoice.customer_id == bought.customer_id and invoice.status == "paid":
            tell_of_receipt(bought, invoice)
