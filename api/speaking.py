"""On whose behalf a call acts in a room, and what rooms answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote

import msgspec
from django.http import HttpResponse
from msgspec import UNSET
from msgspec.structs import asdict

from accounts import members, names, scopes
from accounts.identity import Identity
from api.callers import ApiRequest
from api.errors import Problem
from realtime.events import ErrorCode
from realtime.hub import hub
from rooms import access
from rooms.access import RoomRecord
from rooms.actions.pace import Pace, places_of
from rooms.reading import AnyMessage
from rooms.texts import NotLetThrough, Refused, is_room_name
from tenants.addresses import address_of

# What a key without messages:read hears of a message.
TOLD: Final = frozenset(["message_id", "seq", "rev", "room", "client_id", "reactions", "deleted"])


async def enter(request: ApiRequest, who: Identity, name: str) -> RoomRecord:
    """The room, if they may be in it. Raises Refused."""
    if not is_room_name(name):
        raise Refused(ErrorCode.NOT_FOUND, "There is no such room.")
    return await access.enter(request.tenant, who, name)


async def speaker(request: ApiRequest, name: str, sub: str | None) -> tuple[RoomRecord, Identity]:
    """The room, and who speaks there: the caller, or with a key the user `sub`, made when unknown. Raises Refused.

    A request to a room that is not there makes nobody.
    """
    room = await enter(request, request.auth, name)
    if sub is None:
        return room, request.auth
    record = await members.recognise(request.tenant, names.check_sub(sub), "user")
    if record.banned:
        raise Problem(
            403, "banned", f"{sub} is banned. DELETE /api/v1/users/{quote(sub, safe='')}/ban lifts it."
        )
    user = record.identified()
    with said_of(sub, name):
        return await enter(request, user, name), user


@contextmanager
def said_of(sub: str | None, room: str) -> Iterator[None]:
    """Say refusals of a user for whom a key speaks to the key: about whom, and what it can do."""
    try:
        yield
    except Refused as refused:
        door = f"PUT /api/v1/rooms/{room}/members/{quote(sub or '', safe='')}"
        texts = {
            ErrorCode.FORBIDDEN: f"{sub} is not a member of {room}. Add them with {door}.",
            ErrorCode.MUTED: f"{sub} is muted in {room}. To let them write, {door} with muted_until null.",
        }
        if sub is None or refused.code not in texts or isinstance(refused, NotLetThrough):
            raise
        raise Refused(refused.code, texts[refused.code], retry_after=refused.retry_after) from None


def check_sub_allowed(request: ApiRequest, sub: str | None) -> None:
    """Raises Problem where a user's token comes with somebody's name."""
    if sub is not None and not request.auth.is_bot:
        raise Problem(403, "sub_not_allowed", "With a user's token one acts as that user; leave sub away.")


async def pace_of(request: ApiRequest) -> Pace | None:
    """A tenant's own server is limited by its API requests; a user's token by the user's rate."""
    who = request.auth
    if who.is_bot:
        return None
    rate = (await hub()).rates[request.tenant.id, who.external_id]
    return Pace(rate, places_of(request.tenant, who, address_of(request)))


def told(request: ApiRequest, message: AnyMessage) -> object:
    """The message as an answer to a change. A key that may only write is not told what was said."""
    caller = request.auth
    if not caller.is_bot or scopes.allows(caller.scopes, "messages:read"):
        return message
    return {name: value for name, value in asdict(message).items() if name in TOLD and value is not UNSET}


def encoded(body: object, status: int = 200) -> HttpResponse:
    """What rooms answer, encoded as for sockets: the schemas in `response` only describe it."""
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json")
