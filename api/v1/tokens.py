"""User tokens and socket tickets, minted for a tenant's own server."""

from typing import Annotated, Final

from ninja import Router, Schema
from pydantic import Field

from accounts import names, tickets, tokens
from accounts.models import ApiKey
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.shapes import Avatar, Body, Name, RoomName, Sub, Whole
from tenants import encryption
from tenants.context import wait_for

router = Router(tags=["tokens"])

DEFAULT_TTL: Final = 3600


class NewToken(Body):
    sub: Sub = Field(description="The user's id, of your own choosing.", examples=["bob"])
    name: Name | None = Field(None, description="The name to show.", examples=["Bob"])
    avatar: Avatar | None = Field(None, description="An https address.")
    rooms: list[RoomName] | None = Field(
        None,
        description="Exactly the rooms this token may enter.",
        json_schema_extra={"maxItems": tokens.MAX_ROOMS},
    )
    ttl: Annotated[int, Field(strict=True, ge=1, le=tokens.MAX_TTL), Whole] | None = Field(
        None, description="Seconds; 3,600 if absent."
    )


class Token(Schema):
    token: str
    exp: int = Field(description="Unix seconds.")


class NewTicket(Body):
    sub: Sub = Field(description="The user's id.", examples=["bob"])


class Ticket(Schema):
    ticket: str
    exp: int = Field(description="Unix seconds.")


@router.post("/tokens", response={201: Token}, auth=Key("tokens:mint", repeatable=False))
def mint_token(request: ApiRequest, body: NewToken) -> tuple[int, Token]:
    """Mint a user token.

    It is signed with the key that calls, and void once that key is revoked.
    """
    key = ApiKey.objects.get(id=request.auth.key_id)
    try:
        rooms = tokens.check_rooms(body.rooms)
        token, exp = tokens.sign(
            encryption.decrypt(key.signing_secret),
            key.id,
            names.check_sub(body.sub),
            DEFAULT_TTL if body.ttl is None else body.ttl,
            name=names.clean_name(body.name) or None,
            avatar=names.clean_avatar(body.avatar) or None,
            rooms=sorted(rooms) if rooms is not None else None,
        )
    except tokens.TokenTooLarge as error:
        raise Problem(422, "token_too_large", f"{error}.") from None
    except tokens.TokenRefused as error:
        raise Problem(422, "invalid_field", f"{error}.") from None
    return 201, Token(token=token, exp=exp)


@router.post("/tickets", response={201: Ticket}, auth=Key("tokens:mint", repeatable=False))
def issue_ticket(request: ApiRequest, body: NewTicket) -> tuple[int, Ticket]:
    """Issue a socket ticket.

    It opens one socket as this user, in the query as `?token=`, within 60 seconds.
    """
    assert request.auth.key_id is not None  # every bot has one
    ticket, exp = wait_for(tickets.issue, request.tenant.id, names.check_sub(body.sub), request.auth.key_id)
    return 201, Ticket(ticket=ticket, exp=exp)
