"""Filters: made and deleted. Runs inside the tenant's schema."""

from typing import Final

from django.db import transaction

from accounts.names import storable
from audit.kinds import Action
from audit.records import record
from moderation.models import Filter
from moderation.review import links
from moderation.review.words import canonical
from moderation.telling import rules_changed
from tenants import actions as tenants
from tenants.context import schema_connection

MOST: Final = 1_000
MAX_PATTERN: Final = 120


class TooManyFilters(Exception):
    """The workspace has as many filters as it may."""

    def __init__(self) -> None:
        super().__init__(f"A workspace has at most {MOST:,} filters; delete one first.")


class FilterExists(Exception):
    """There is one for this word or site."""

    def __init__(self, known: Filter) -> None:
        super().__init__(
            f"The filter {known.public_id} is for this already; delete it to have another action."
        )


def create_filter(kind: str, pattern: str, action: str) -> Filter:
    """A new filter; it holds for what is said from now on. Raises TooManyFilters, FilterExists, and ValueError with a
    sentence for a pattern that can find nothing."""
    pattern = check_pattern(kind, pattern, action)
    with transaction.atomic():
        tenants.hold(schema_connection().schema_name)
        if (known := Filter.objects.filter(kind=kind, pattern=pattern).first()) is not None:
            raise FilterExists(known)
        if Filter.objects.count() >= MOST:
            raise TooManyFilters
        made = Filter.objects.create(kind=kind, pattern=pattern, action=action)
        record(Action.FILTER_CREATED, made.public_id, kind=kind, pattern=pattern, does=action)
        rules_changed()
    return made


@transaction.atomic
def delete_filter(public_id: str) -> bool:
    """Let it through from now on; False where there is none."""
    found = Filter.objects.select_for_update().filter(pk=Filter.pk_in(public_id) or 0).first()
    if found is None:
        return False
    found.delete()
    record(Action.FILTER_DELETED, public_id, kind=found.kind, pattern=found.pattern)
    rules_changed()
    return True


def check_pattern(kind: str, pattern: str, action: str) -> str:
    """A pattern as it is kept. Raises ValueError with a sentence."""
    if not storable(pattern) or len(pattern) > MAX_PATTERN:
        raise ValueError(f"pattern: at most {MAX_PATTERN} characters, of those that can be stored.")
    if kind == Filter.Kind.LINK:
        return _check_site(links.host_of(pattern.strip().lower()))
    if action == Filter.Action.ALLOW:
        raise ValueError("action: allow is for links; words are allowed unless a filter says otherwise.")
    try:
        return canonical(pattern)
    except ValueError as refused:
        raise ValueError(f"pattern: {refused}") from None


def _check_site(pattern: str) -> str:
    site = pattern.removeprefix("www.")
    if not links.DOMAIN.fullmatch(site):
        site = pattern
    if site != links.EVERY and not links.DOMAIN.fullmatch(site):
        raise ValueError(
            "pattern: for links a domain such as example.com, with all below it, or * for every link."
        )
    return site
