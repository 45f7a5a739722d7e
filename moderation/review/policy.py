"""What a workspace's messages are looked through for. A small cache spares the warm path its query."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from psycopg import sql

from moderation.review import links
from moderation.review.folding import Span, fold, swollen, unturned
from moderation.review.words import Words
from moderation.tables import tables_of
from realtime.loop_local import LoopLocal
from tenants import encryption
from tenants.cache import Cache
from tenants.database import pool
from tenants.directory import TenantInfo
from tenants.single_flight import SingleFlight

FRESH: Final = 5.0
MOST: Final = 5_000
MASK: Final = "•"
# A text in which more is found is nothing but that.
MOST_FOUND: Final = 5_000

_QUERY = sql.SQL(
    "SELECT (SELECT json_agg(json_build_array(kind, pattern, action) ORDER BY id) FROM {filters}), "
    "r.repeats_most, r.repeats_seconds, r.hook_url, r.hook_secret, r.hook_on_failure "
    "FROM (SELECT 1) one LEFT JOIN {rules} r ON true"
)


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """A filter: `word` or `link`, its pattern, and `refuse`, `mask`, `report` or `allow`."""

    kind: str
    pattern: str
    action: str


class Hook(msgspec.Struct, frozen=True):
    """The tenant's own server, which is asked about each message."""

    url: str
    secret: str
    refuses_on_failure: bool


class Finding(msgspec.Struct, frozen=True):
    """What the filters make of a text: `text` is None where it is refused; `reported` are the filters that report."""

    text: str | None
    reported: tuple[Rule, ...] = ()


class Policy:
    """One tenant's rules, ready to be applied. Immutable."""

    def __init__(
        self, rules: Sequence[Rule] = (), repeats: tuple[int, int] | None = None, hook: Hook | None = None
    ) -> None:
        self.repeats = repeats
        self.hook = hook
        self._rules = list(rules)
        self._links = {links.compared(rule.pattern): rule for rule in rules if rule.kind == "link"}
        words = [(rule.pattern, at) for at, rule in enumerate(rules) if rule.kind == "word"]
        self._words = Words(words) if words else None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to look for."""
        return not self._rules and self.repeats is None and self.hook is None

    def apply(self, text: str) -> Finding:
        """What the filters make of it."""
        if not self._rules:
            return Finding(text)
        found: list[Iterator[tuple[Rule, Span]]] = []
        if self._words is not None:
            # What is written is what was looked at; what is nothing but unseen stays.
            text = unturned(text) or text
            folded = fold(text)
            if swollen(text, folded):
                return Finding(None)
            found.append((self._rules[at], span) for at, span in self._words.find(folded))
        if self._links:
            found.append(self._found_links(text))
        reported: dict[Rule, None] = {}
        masked: list[Span] = []
        for number, (rule, span) in enumerate(chain(*found), 1):
            if rule.action == "refuse" or number > MOST_FOUND:
                return Finding(None)
            if rule.action == "mask":
                masked.append(span)
            else:
                reported[rule] = None
        return Finding(_masked(text, masked), tuple(reported))

    def _found_links(self, text: str) -> Iterator[tuple[Rule, Span]]:
        for host, surely, span in links.find(text):
            about = [self._links[each] for each in links.patterns_for(host, surely) if each in self._links]
            if not any(rule.action == "allow" for rule in about):
                for rule in about:
                    yield rule, span


_cache: Cache[str, Policy] = Cache(MOST)
_asking: LoopLocal[SingleFlight[Policy]] = LoopLocal(SingleFlight)


async def policy_of(tenant: TenantInfo) -> Policy:
    """The tenant's rules, as of at most FRESH seconds ago."""
    schema = tenant.schema_name
    if (known := _cache.get(schema)) is not None:
        return known.answer
    asked_in = _cache.generation

    async def look_up() -> Policy:
        async with (await pool()).connection() as db:
            row = await (await db.execute(_QUERY.format(**tables_of(schema)))).fetchone()
        return _cache.keep(schema, _read(row), FRESH, asked_in)

    return await _asking.get().ask((schema, asked_in), look_up)


def forget(schema: str) -> None:
    """Drop what is cached of one tenant's rules."""
    _cache.forget(lambda key: key == schema)


def _read(row: Any) -> Policy:
    rules, most, seconds, url, secret, on_failure = row
    return Policy(
        msgspec.convert(rules or [], list[Rule]),
        (most, seconds) if most is not None else None,
        Hook(url, encryption.decrypt(secret), on_failure == "refuse") if url else None,
    )


def _masked(text: str, spans: Sequence[Span]) -> str:
    characters = list(text)
    for begin, end in spans:
        characters[begin:end] = [each if each.isspace() else MASK for each in characters[begin:end]]
    return "".join(characters)
