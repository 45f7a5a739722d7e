"""Anonymous visitors, let in without a key where the tenant allows them."""

from ninja import Router, Schema
from pydantic import Field

from accounts.actions import admit_guest
from accounts.identity import Identity
from api import proofs
from api.callers import ApiRequest, identify
from api.errors import Problem
from api.rates import count
from api.shapes import Ascii, Body, Name
from tenants import guest_limits, origins
from tenants.addresses import address_of, place_of

router = Router(tags=["guests"])


class Proof(Body):
    challenge: Ascii = Field(max_length=128)
    nonce: Ascii = Field(max_length=128)


class NewGuest(Body):
    name: Name | None = Field(None, max_length=200, examples=["Visitor"])
    proof: Proof | None = Field(
        None,
        description="What a 403 `proof_required`, or a 429, asked for: its `challenge`, and a `nonce`, any text with "
        "which the SHA-256 of both, one behind the other, begins with `difficulty` zero bits.",
    )


class Guest(Schema):
    token: str
    exp: int = Field(description="Unix seconds.")
    sub: str


@router.post("/guests", response={201: Guest}, auth=None)
def create_guest(request: ApiRequest, body: NewGuest | None = None) -> tuple[int, Guest]:
    """Admit a guest.

    A token for a new guest, or a fresh one for the guest whose token is sent as a bearer token. Limited by address,
    and to the sites the workspace allows. While far more guests come than usual, a new one is answered 403
    `proof_required` with a `challenge`, good for two minutes and one guest, and a `difficulty`: find a nonce by trying,
    and call again with both as `proof`. The 429 of an address that asks too often has a challenge too, for whoever
    cannot wait. With a test key as a bearer token the guest is one of test mode.
    """
    tenant = request.tenant
    if not tenant.guests_allowed:
        raise Problem(403, "guests_not_allowed", "This workspace does not admit guests.")
    origin = request.headers.get("origin")
    if origin is not None and not origins.allowed(tenant, origin, request.get_host()):
        raise Problem(403, "origin_not_allowed", "This site is not on the workspace's list of origins.")
    address = address_of(request)
    proofless = tenant.guest_proof == "never"
    most = guest_limits.FREE_A_MINUTE if proofless else guest_limits.ASKED_A_MINUTE
    asked = count(request, f"guests:{address}", most)
    known = _known(request)
    if known is None:
        proof = (body.proof.challenge, body.proof.nonce) if body and body.proof else None
        if proof is None:
            request.rate = request.rate.of(guest_limits.FREE_A_MINUTE, asked)
        proofs.check_worth(request, address, asked, proof)
    name = (body.name if body else None) or (known.username if known else None)
    place = place_of(tenant.schema_name, address)
    token, exp, sub = admit_guest(
        name, known.external_id if known else None, tenant.locale, place=place, test=tenant.is_test
    )
    return 201, Guest(token=token, exp=exp, sub=sub)


def _known(request: ApiRequest) -> Identity | None:
    """The guest who asks for a fresh token, None for anyone else. Raises Problem for a credential that is no good."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    caller = identify(request.tenant, credential.strip())
    return caller if caller.kind == "guest" else None
