"""Filters: words and links, and what happens to messages that have them."""

from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut, position_of
from api.shapes import Body, SitePattern, WordPattern
from moderation import actions
from moderation.actions.filters import MAX_PATTERN
from moderation.models import Filter
from realtime.events import stamp

router = Router(tags=["moderation"])

Kind = Literal["word", "link"]
Action = Literal["refuse", "mask", "report", "allow"]


class NewWordFilter(Body):
    kind: Literal["word"] = Field(examples=["word"])
    pattern: WordPattern = Field(
        max_length=MAX_PATTERN,
        description="A word, several in a row, or part of one with `*` beside it.",
        examples=["heck"],
    )
    action: Literal["refuse", "mask", "report"] = Field(
        description="`mask` puts dots in its place, `report` lets it through and makes a report.",
        examples=["mask"],
    )


class NewLinkFilter(Body):
    kind: Literal["link"] = Field(examples=["link"])
    pattern: SitePattern = Field(
        max_length=MAX_PATTERN,
        description="A domain, which covers all below it, or `*` for every link.",
        examples=["spam.example"],
    )
    action: Action = Field(
        description="As for words; `allow` exempts a domain from the other filters for links.",
        examples=["refuse"],
    )


NewFilter = Annotated[NewWordFilter | NewLinkFilter, Field(discriminator="kind")]


class FilterOut(Schema):
    id: str
    kind: Kind
    pattern: str
    action: Action
    created_at: str

    @classmethod
    def of(cls, made: Filter) -> "FilterOut":
        return cls(**_fields(made))


@router.get("/filters", response=Page[FilterOut], auth=Key("moderation:read"))
def list_filters(request: ApiRequest, limit: Limit = 50, cursor: Cursor = None) -> Page[FilterOut]:
    """List filters.

    The newest first.
    """
    filters = Filter.objects.order_by("-id")
    if (before := position_of(cursor)) is not None:
        filters = filters.filter(id__lt=before)
    found, more = cut(filters, limit)
    return Page(data=[FilterOut.of(each) for each in found], next=more)


@router.post("/filters", response={201: FilterOut}, auth=Key("moderation:write"))
def create_filter(request: ApiRequest, body: NewFilter) -> tuple[int, FilterOut]:
    """Create a filter.

    It holds for what is said and edited from now on, by users, guests and agents: neither a bot nor whoever moderates
    is filtered. Case, accents and unseen characters do not hide a word.
    """
    try:
        return 201, FilterOut.of(actions.create_filter(body.kind, body.pattern, body.action))
    except actions.FilterExists as known:
        raise Problem(409, "filter_exists", str(known)) from None
    except actions.TooManyFilters as refused:
        raise Problem(403, "filter_limit_reached", str(refused)) from None
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None


@router.delete("/filters/{filter_id}", response={204: None}, auth=Key("moderation:write"))
def delete_filter(request: ApiRequest, filter_id: str) -> tuple[int, None]:
    """Delete a filter."""
    if not actions.delete_filter(filter_id):
        raise Problem(404, "not_found", "There is no such filter.")
    return 204, None


def _fields(made: Filter) -> dict[str, Any]:
    return {
        "id": made.public_id,
        "kind": made.kind,
        "pattern": made.pattern,
        "action": made.action,
        "created_at": stamp(made.created_at),
    }
