"""User tokens and socket tickets, minted for a tenant's own server."""

from asgiref.sync import async_to_sync
from ninja import Router, Schema
from pydantic import Field

from accounts import encryption, names, tickets, tokens
from accounts.models import ApiKey
from api.callers import ApiRequest, Key
from api.errors import Problem

router = Router(tags=["tokens"])


class NewToken(Schema):
    sub: str = Field(description="The user's id, of your own choosing.")
    name: str | None = None
    avatar: str | None = None
    rooms: list[str] | None = Field(None, description="Exactly the rooms this token may enter.")
    ttl: int = Field(3600, ge=1, le=tokens.MAX_TTL, description="Seconds.")


class Token(Schema):
    token: str
    exp: int = Field(description="Unix seconds.")


class NewTicket(Schema):
    sub: str


class Ticket(Schema):
    ticket: str
    exp: int = Field(description="Unix seconds.")


@router.post("/tokens", response={201: Token}, auth=Key("tokens:mint"))
def mint_token(request: ApiRequest, body: NewToken) -> tuple[int, Token]:
    """A user token, signed with the calling key."""
    try:
        rooms = tokens.check_rooms(body.rooms)
    except tokens.TokenRefused as error:
        raise Problem(422, "invalid_field", f"{error}.") from None
    key = ApiKey.objects.get(id=request.auth.key_id)
    token, exp = tokens.sign(
        encryption.decrypt(key.signing_secret),
        key.id,
        names.check_sub(body.sub),
        body.ttl,
        name=names.clean_name(body.name) or None,
        avatar=names.clean_avatar(body.avatar) or None,
        rooms=sorted(rooms) if rooms is not None else None,
    )
    if len(token) > tokens.MAX_BYTES:
        raise Problem(422, "token_too_large", "This token would be over 4 KiB. Name fewer rooms.")
    return 201, Token(token=token, exp=exp)


@router.post("/tickets", response={201: Ticket}, auth=Key("tokens:mint"))
def issue_ticket(request: ApiRequest, body: NewTicket) -> tuple[int, Ticket]:
    """A one-use ticket for a socket's URL, good for 60 seconds."""
    ticket, exp = async_to_sync(tickets.issue)(request.tenant.id, names.check_sub(body.sub))
    return 201, Ticket(ticket=ticket, exp=exp)
