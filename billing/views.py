"""`/billing/stripe/webhook/`: where Stripe tells of what happened."""

import logging
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.actions import receive_event
from billing.gateway.events import Forged

logger = logging.getLogger("snug.billing")

# Stripe's largest events are a tenth of this.
MOST_BYTES: Final = 512 * 1024


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 once the event is stored: what follows from it is a job's. 400 and nothing stored for what Stripe did not
    sign, or not within five minutes; anything but 200 makes Stripe send it again."""
    if _length(request) > MOST_BYTES:
        return HttpResponse("too large\n", status=413, content_type="text/plain")
    try:
        receive_event(request.body, request.headers.get("Stripe-Signature", ""))
    except Forged as forged:
        logger.warning("stripe webhook refused: %s", str(forged)[:200])
        return HttpResponse("not signed by Stripe\n", status=400, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def _length(request: HttpRequest) -> int:
    """The body's length as declared; one without a declaration is measured, within the limit of all bodies."""
    declared = request.headers.get("Content-Length", "")
    return int(declared) if declared.isdecimal() else len(request.body)
