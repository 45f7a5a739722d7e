"""Test mode: the second schema of a workspace, which its test keys reach with the very same calls."""

from ninja import Router

from api import idempotency
from api.callers import ApiRequest, Key
from api.errors import Problem
from workspaces.actions import ResetTooOften, reset_test_mode

router = Router(tags=["test mode"])


@router.post("/test/reset", response={204: None}, auth=Key("admin"))
def reset(request: ApiRequest) -> tuple[int, None]:
    """Reset test mode.

    With a test key. Everything in test mode is gone at once: rooms, messages, users, files, webhooks, audit. Its keys
    and their bots stay, and the room `general` is there anew. Open sockets of test mode close with 4004. At most ten
    times a minute. 403 `test_key_needed` with a live key: live data is never reset.
    """
    live_id = request.tenant.test_of
    if live_id is None:
        raise Problem(
            403, "test_key_needed", "This key is live. Only test mode can be reset, by a key snug_sk_test_…."
        )
    try:
        request.tenant = reset_test_mode(live_id)
    except ResetTooOften as refused:
        raise Problem(429, "rate_limited", str(refused), retry_after=refused.retry_after) from None
    idempotency.carry_over(request, request.tenant, 204)
    return 204, None
