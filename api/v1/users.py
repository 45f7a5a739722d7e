"""The tenant's own users, and guests."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from accounts.actions import UserExists, ban_user, change_user, create_user, lift_ban, revoke_tokens
from accounts.actions.bans import FOR_EVER, MAX_REASON
from accounts.models import Member
from accounts.names import MAX_AVATAR, MAX_SUB, MOST_READ, BadName, storable
from api.callers import ApiRequest, Key
from api.errors import Problem
from api.moments import Moment
from api.paging import Cursor, Limit, Page, cut, position_of
from api.shapes import Avatar, Body, Name, Reason, Sub
from realtime.events import stamp
from rooms.actions import delete_user

router = Router(tags=["users"])

# Slashes and all, so that an id with one is refused in words.
USER = "/users/{path:external_id}"
_NAME = Field(
    None, max_length=MOST_READ, description="The name to show, 100 characters of it.", examples=["Bob"]
)
_AVATAR = Field(None, max_length=MAX_AVATAR, description="An https address.")


class UserChanges(Body):
    """What is left out or null stays as it is; an empty string takes it away."""

    name: Name | None = _NAME
    avatar: Avatar | None = _AVATAR


class NewUser(Body):
    external_id: Sub = Field(description="Your own id for them, as in a token's `sub`.", examples=["bob"])
    name: Name | None = _NAME
    avatar: Avatar | None = _AVATAR


class Revocation(Body):
    before: Moment | None = Field(
        None, description="Tokens issued up to then are void. Absent, or in the future: all that there are."
    )


class NewBan(Body):
    until: Moment | None = Field(None, description="The ban ends by itself then. Absent: it does not end.")
    reason: Reason | None = Field(
        None, max_length=MAX_REASON, description="For you; the user is not told.", examples=["Spam"]
    )


class UserOut(Schema):
    external_id: str
    username: str = Field(description="The name to show: `name`, or the id where there is none.")
    name: str
    avatar: str
    kind: str = Field(description="`user`, or `guest` for an anonymous visitor.")
    created_at: str
    tokens_valid_after: str | None = Field(description="Tokens issued up to then are void.")
    banned: bool
    banned_until: str | None = Field(description="Null where they are not banned, or for ever.")
    ban_reason: str | None

    @classmethod
    def of(cls, member: Member) -> "UserOut":
        ends = member.banned_until if member.banned and member.banned_until != FOR_EVER else None
        return cls(
            external_id=member.external_id,
            username=member.username,
            name=member.name,
            avatar=member.avatar,
            kind=member.kind,
            created_at=stamp(member.created_at),
            tokens_valid_after=stamp(member.tokens_valid_after) if member.tokens_valid_after else None,
            banned=member.banned,
            banned_until=stamp(ends) if ends else None,
            ban_reason=(member.ban_reason or None) if member.banned else None,
        )


@router.get("/users", response=Page[UserOut], auth=Key("users:read"))
def list_users(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[UserOut]:
    """List users.

    Your own and guests, in the order in which they were first seen.
    """
    users = Member.objects.filter(kind__in=_KINDS, deleted_at=None).order_by("id")
    if (after := position_of(cursor)) is not None:
        users = users.filter(id__gt=after)
    found, more = cut(users, limit)
    return Page(data=[UserOut.of(member) for member in found], next=more)


@router.post("/users", response={201: UserOut}, auth=Key("users:write"))
def make_user(request: ApiRequest, body: NewUser) -> tuple[int, UserOut]:
    """Make a user.

    Not needed before a token names them: whoever comes with one is made. 409 `user_exists` where they are there.
    """
    try:
        with _ids_in_words():
            return 201, UserOut.of(create_user(body.external_id, body.name, body.avatar))
    except UserExists:
        raise Problem(409, "user_exists", f"There is a user {body.external_id} already.") from None


# The addresses below a user's come first: a user's own takes whatever follows.
@router.post(f"{USER}/revoke-tokens", response=UserOut, auth=Key("users:write"))
def revoke_user_tokens(request: ApiRequest, external_id: str, body: Revocation | None = None) -> UserOut:
    """Revoke a user's tokens.

    All that were issued up to `before`, tickets too. Open sockets that stand on one close with 4001 within a second.
    """
    before = body.before if body else None
    revoke_tokens(find_user(external_id), before if before and before < timezone.now() else None)
    return UserOut.of(find_user(external_id))


@router.post(f"{USER}/ban", response=UserOut, auth=Key("users:write"))
def ban(request: ApiRequest, external_id: str, body: NewBan | None = None) -> UserOut:
    """Ban a user.

    From the whole workspace: open sockets close with 4003 within a second, new ones are refused with it, and the API
    answers their tokens with 403 `banned`. Banning again replaces the ban.
    """
    member, wish = find_user(external_id), body or NewBan.model_construct(until=None, reason=None)
    if wish.until is not None and wish.until <= timezone.now():
        raise Problem(409, "moment_passed", "until must lie in the future.")
    ban_user(member, wish.until or FOR_EVER, wish.reason or "")
    return UserOut.of(member)


@router.delete(f"{USER}/ban", response=UserOut, auth=Key("users:write"))
def unban(request: ApiRequest, external_id: str) -> UserOut:
    """Lift a ban.

    They may come in at once. Where there was none, nothing changes.
    """
    member = find_user(external_id)
    lift_ban(member)
    return UserOut.of(member)


@router.get(USER, response=UserOut, auth=Key("users:read"))
def get_user(request: ApiRequest, external_id: str) -> UserOut:
    """Read a user."""
    return UserOut.of(find_user(external_id))


@router.put(USER, response={200: UserOut, 201: UserOut}, auth=Key("users:write"))
def put_user(request: ApiRequest, external_id: Sub, body: UserChanges | None = None) -> tuple[int, UserOut]:
    """Make a user, or change one.

    What is left out stays as it is.
    """
    wish = body or UserChanges.model_construct(name=None, avatar=None)
    member = _user(external_id)
    if member is None:
        try:
            with _ids_in_words():
                return 201, UserOut.of(create_user(external_id, wish.name, wish.avatar))
        except UserExists:  # made just now, or no user: a colleague, a bot
            member = find_user(external_id)
    change_user(member, name=wish.name, avatar=wish.avatar)
    return 200, UserOut.of(member)


@router.patch(USER, response=UserOut, auth=Key("users:write"))
def patch_user(request: ApiRequest, external_id: str, body: UserChanges) -> UserOut:
    """Change a user.

    Their name and avatar, everywhere at once; a token that names them otherwise changes it again.
    """
    member = find_user(external_id)
    change_user(member, name=body.name, avatar=body.avatar)
    return UserOut.of(member)


@router.delete(USER, response={204: None}, auth=Key("users:write"))
def remove_user(request: ApiRequest, external_id: str) -> tuple[int, None]:
    """Delete a user.

    Who they were is forgotten: id, name, avatar, memberships. What they said keeps its place and number, under the name
    of a deleted user. Their sockets close, and their tokens are void; a newer one makes a new user who knows nothing of
    this one.
    """
    if not delete_user(find_user(external_id), request.tenant.locale):
        raise _no_user(external_id)
    return 204, None


_KINDS = (Member.Kind.USER, Member.Kind.GUEST)


def find_user(external_id: str) -> Member:
    """The user or guest of this id. Raises Problem."""
    member = _user(external_id)
    if member is None:
        raise _no_user(external_id)
    return member


def _user(external_id: str) -> Member | None:
    if not storable(external_id):
        return None
    return Member.objects.filter(external_id=external_id, kind__in=_KINDS, deleted_at=None).first()


@contextmanager
def _ids_in_words() -> Iterator[None]:
    """Say of an `external_id` what is said of a token's `sub`."""
    try:
        yield
    except BadName as refused:
        said = str(refused).replace("sub must", "external_id must", 1)
        raise Problem(422, "invalid_field", said) from None


def _no_user(external_id: str) -> Problem:
    return Problem(404, "not_found", f"There is no user {external_id[:MAX_SUB]}.")
