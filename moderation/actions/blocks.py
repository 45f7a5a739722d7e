"""People who want to hear no more of each other. Runs inside the tenant's schema."""

from typing import Final

from django.db import transaction

from accounts.models import Member
from moderation.models import Block
from moderation.telling import blocks_changed

MOST: Final = 1_000  # of one person


class TooManyBlocks(Exception):
    """This person has blocked as many as they may."""

    def __init__(self) -> None:
        super().__init__(f"At most {MOST:,} people can be blocked.")


@transaction.atomic
def block(blocker: Member, blocked: Member) -> tuple[Block, bool]:
    """The block, and whether it is new. Raises TooManyBlocks, and ValueError for oneself."""
    if blocker.pk == blocked.pk:
        raise ValueError("Nobody can block themselves.")
    Member.objects.select_for_update().get(pk=blocker.pk)  # of two at once, one counts the other
    known = Block.objects.filter(blocker=blocker, blocked=blocked).first()
    if known is not None:
        return known, False
    if Block.objects.filter(blocker=blocker).count() >= MOST:
        raise TooManyBlocks
    made = Block.objects.create(blocker=blocker, blocked=blocked)
    blocks_changed()
    return made, True


@transaction.atomic
def unblock(blocker: Member, blocked: Member) -> bool:
    """Hear of them again; False where they were not blocked."""
    gone, _ = Block.objects.filter(blocker=blocker, blocked=blocked).delete()
    if gone:
        blocks_changed()
    return bool(gone)
