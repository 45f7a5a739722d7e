"""Anonymous visitors, let in without a key where the tenant allows them."""

from ninja import Router, Schema
from pydantic import Field

from accounts.actions import admit_guest
from api.callers import ApiRequest
from api.errors import Problem
from realtime import limits
from tenants import origins
from tenants.addresses import client_address

router = Router(tags=["guests"])

MOST_A_MINUTE = 20


class NewGuest(Schema):
    name: str | None = Field(None, max_length=200)


class Guest(Schema):
    token: str
    exp: int = Field(description="Unix seconds.")
    sub: str


@router.post("/guests", response={201: Guest}, auth=None)
def create_guest(request: ApiRequest, body: NewGuest | None = None) -> tuple[int, Guest]:
    """A token for a new guest. Limited by address, and to the sites the workspace allows."""
    if not request.tenant.guests_allowed:
        raise Problem(403, "guests_not_allowed", "This workspace does not admit guests.")
    origin = request.headers.get("origin")
    if origin is not None and not origins.allowed(request.tenant, origin, request.get_host()):
        raise Problem(403, "origin_not_allowed", "This site is not on the workspace's list of origins.")
    address = client_address(request.META.get("REMOTE_ADDR", ""), request.headers.get("x-forwarded-for", ""))
    if not limits.hit_sync(request.tenant.schema_name, f"guests:{address}", MOST_A_MINUTE, 60):
        raise Problem(
            429, "rate_limited", "Too many guests from your address. Wait a minute.", retry_after=60
        )
    token, exp, sub = admit_guest(body.name if body else None)
    return 201, Guest(token=token, exp=exp, sub=sub)
