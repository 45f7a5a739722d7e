"""Who has read how far. On sockets it is told as it happens; here is how it stands."""

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, KeyOrUser
from api.paging import Cursor, Limit, Page, cut, position_of
from api.v1.rooms import find_room
from realtime.events import stamp
from rooms.models import Receipt

router = Router(tags=["messages"])


class ReceiptOut(Schema):
    user_id: str
    username: str
    seq: int = Field(description="Up to which message they have read.")
    read_at: str

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptOut":
        who = receipt.member
        return cls(
            user_id=who.external_id,
            username=who.username,
            seq=receipt.seq,
            read_at=stamp(receipt.read_at),
        )


@router.get("/rooms/{name}/receipts", response=Page[ReceiptOut], auth=KeyOrUser("messages:read"))
def list_receipts(
    request: ApiRequest, name: str, limit: Limit = 50, cursor: Cursor = None
) -> Page[ReceiptOut]:
    """List read receipts.

    One for everybody who has read in the room, in the order in which they first did.
    """
    receipts = find_room(request, name).receipts.select_related("member").order_by("id")
    if (after := position_of(cursor)) is not None:
        receipts = receipts.filter(id__gt=after)
    found, more = cut(receipts, limit)
    return Page(data=[ReceiptOut.of(receipt) for receipt in found], next=more)
