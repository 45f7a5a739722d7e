"""Anonymous visitors, let in without a key where the tenant allows them."""

from typing import Final

from ninja import Router, Schema
from pydantic import Field

from accounts.actions import admit_guest
from accounts.identity import Identity
from api.callers import ApiRequest, identify
from api.errors import Problem
from api.rates import count
from api.shapes import Body, Name
from tenants import origins
from tenants.addresses import address_of

router = Router(tags=["guests"])

MOST_A_MINUTE: Final = 20


class NewGuest(Body):
    name: Name | None = Field(None, max_length=200, examples=["Visitor"])


class Guest(Schema):
    token: str
    exp: int = Field(description="Unix seconds.")
    sub: str


@router.post("/guests", response={201: Guest}, auth=None)
def create_guest(request: ApiRequest, body: NewGuest | None = None) -> tuple[int, Guest]:
    """Admit a guest.

    A token for a new guest, or a fresh one for the guest whose token is sent as a bearer token. Limited by address,
    and to the sites the workspace allows.
    """
    if not request.tenant.guests_allowed:
        raise Problem(403, "guests_not_allowed", "This workspace does not admit guests.")
    origin = request.headers.get("origin")
    if origin is not None and not origins.allowed(request.tenant, origin, request.get_host()):
        raise Problem(403, "origin_not_allowed", "This site is not on the workspace's list of origins.")
    count(request, f"guests:{address_of(request)}", MOST_A_MINUTE)
    known = _known(request)
    name = (body.name if body else None) or (known.username if known else None)
    token, exp, sub = admit_guest(name, known.external_id if known else None, request.tenant.locale)
    return 201, Guest(token=token, exp=exp, sub=sub)


def _known(request: ApiRequest) -> Identity | None:
    """The guest who asks for a fresh token, None for anyone else. Raises Problem for a credential that is no good."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    caller = identify(request.tenant, credential.strip())
    return caller if caller.kind == "guest" else None
