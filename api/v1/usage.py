"""How much of its plan a workspace uses."""

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key
from billing import usage
from rooms import counting

router = Router(tags=["usage"])

_LIMIT = Field(description="What the plan allows; null where it sets no limit.")


class Connections(Schema):
    now: int | None = Field(description="Open sockets; null while they cannot be counted.")
    peak: int = Field(description="The most at once in this calendar month (UTC), counted every minute.")
    limit: int | None = _LIMIT


class Used(Schema):
    now: int
    limit: int | None = _LIMIT


class Messages(Schema):
    today: int = Field(description="Since midnight UTC, deleted ones too.")
    month: int = Field(description="Since the first of the month, UTC.")
    limit: int | None = _LIMIT


class ApiRequests(Schema):
    minute: int = Field(description="By all keys in the minute that runs, this one included.")
    limit: int | None = _LIMIT


class UsageOut(Schema):
    plan: str
    connections: Connections
    rooms: Used
    messages: Messages
    members: Used = Field(description="Your users and guests.")
    api_requests: ApiRequests


@router.get("/usage", response=UsageOut, auth=Key("usage:read"))
def get_usage(request: ApiRequest) -> UsageOut:
    """Read usage.

    Each figure beside its limit. Messages and members may be some seconds old.
    """
    tenant, limits, rate, today = request.tenant, request.tenant.limits, request.rate, timezone.now()
    now = usage.open_connections(tenant.id)
    peak = max(usage.peak_of(tenant.id, today.year, today.month), now or 0)
    return UsageOut(
        plan=tenant.plan,
        connections=Connections(now=now, peak=peak, limit=limits.max_connections),
        rooms=Used(now=usage.rooms_of(tenant), limit=limits.max_rooms),
        messages=Messages(today=counting.messages_today(), month=counting.messages_this_month(), limit=None),
        members=Used(now=counting.people(), limit=None),
        api_requests=ApiRequests(minute=rate.limit - rate.remaining, limit=rate.limit),
    )
