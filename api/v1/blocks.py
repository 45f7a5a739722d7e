"""Blocks: people who want to hear no more of each other."""

from ninja import Router, Schema

from accounts.identity import Identity
from accounts.models import Member
from accounts.names import storable
from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut, position_of
from moderation import actions
from moderation.models import Block
from realtime.events import stamp
from rooms.sharing import shares_a_room

router = Router(tags=["users"])

OF_USER = "/users/{external_id}/blocks"


class BlockOut(Schema):
    user_id: str
    username: str
    created_at: str

    @classmethod
    def of(cls, block: Block) -> "BlockOut":
        return cls(
            user_id=block.blocked.external_id,
            username=block.blocked.username,
            created_at=stamp(block.created_at),
        )


@router.get(OF_USER, response=Page[BlockOut], auth=KeyOrUser("users:read"))
def list_blocks(
    request: ApiRequest, external_id: str, limit: Limit = 50, cursor: Cursor = None
) -> Page[BlockOut]:
    """List whom a user has blocked.

    The latest first. With a user's token, their own.
    """
    blocks = _blocker(request, external_id).blocks.filter(blocked__deleted_at=None)
    blocks = blocks.select_related("blocked").order_by("-id")
    if (before := position_of(cursor)) is not None:
        blocks = blocks.filter(id__lt=before)
    found, more = cut(blocks, limit)
    return Page(data=[BlockOut.of(block) for block in found], next=more)


@router.put(OF_USER + "/{blocked_id}", response={201: BlockOut, 200: BlockOut}, auth=KeyOrUser("users:write"))
def put_block(request: ApiRequest, external_id: str, blocked_id: str) -> tuple[int, BlockOut]:
    """Block somebody for a user.

    In a direct room with both of them neither writes any more. Elsewhere what the blocked one says still comes: it is
    for the client to hide it. The blocked one is not told. With a user's token: somebody of a room that the user may
    enter; of anybody else it is not told whether they exist.
    """
    blocker = _blocker(request, external_id)
    try:
        made, is_new = actions.block(blocker, _blockable(request.auth, blocker, blocked_id))
    except actions.TooManyBlocks as refused:
        raise Problem(403, "block_limit_reached", str(refused)) from None
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    return 201 if is_new else 200, BlockOut.of(made)


@router.delete(OF_USER + "/{blocked_id}", response={204: None}, auth=KeyOrUser("users:write"))
def delete_block(request: ApiRequest, external_id: str, blocked_id: str) -> tuple[int, None]:
    """Unblock somebody for a user."""
    blocker, blocked = _blocker(request, external_id), _named(blocked_id)
    if blocked is None and request.auth.is_bot:
        raise _no_user()
    if blocked is None or not actions.unblock(blocker, blocked):
        raise Problem(404, "not_found", "They are not blocked.")
    return 204, None


def _blocker(request: ApiRequest, external_id: str) -> Member:
    """Whose blocks they are. Raises Problem where that is neither the caller nor a key's to say."""
    caller = request.auth
    if not caller.is_bot and caller.external_id != external_id:
        raise Problem(403, "forbidden", "With a user's token only one's own blocks can be seen and changed.")
    return _find(external_id)


def _blockable(caller: Identity, blocker: Member, external_id: str) -> Member:
    """Whom the caller may block. Raises Problem: to a user's token, where they are nobody or a stranger alike."""
    member = _named(external_id)
    if not caller.is_bot:
        # Asked also where there is nobody, so that the time that it takes tells nothing either.
        met = shares_a_room(caller, member.pk if member else 0)
        if member is not None and not (met or _known_otherwise(blocker, member)):
            member = None
    if member is None:
        raise _no_user()
    return member


def _known_otherwise(blocker: Member, member: Member) -> bool:
    """Oneself, who is refused in other words; those one has blocked before; and staff and bots, who are in every room
    and whose ids nobody guesses."""
    if member.kind in (Member.Kind.STAFF, Member.Kind.BOT) or member.pk == blocker.pk:
        return True
    return blocker.blocks.filter(blocked=member).exists()


def _find(external_id: str) -> Member:
    member = _named(external_id)
    if member is None:
        raise _no_user()
    return member


def _named(external_id: str) -> Member | None:
    if not storable(external_id):
        return None
    return Member.objects.filter(external_id=external_id, deleted_at=None).first()


def _no_user() -> Problem:
    return Problem(404, "not_found", "There is no such user.")
