"""At the end of the day: what was said, stored and heard in one workspace adds up, and none of it is another's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.isolation.crowd import ROOMS, USERS, Crowd
from tests.isolation.errands import CANCELLED
from tests.isolation.traces import MARK, foreign_rows, gaps, rows_of
from tests.realtime.backstage import rows, schema_of, shared, tenant_id_of


def audit(crowd: Crowd) -> list[str]:
    """Everything that is wrong in a workspace, in sentences."""
    books = _Books(crowd)
    return [f"{crowd.slug}: {complaint}" for complaint in books.complaints()]


class _Books:
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.rows = rows_of(schema_of(crowd.workspace))
        self.rooms: dict[int, dict[str, Any]] = {row["id"]: row for row in self._table("rooms_room")}
        self.messages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in self._table("rooms_message"):
            self.messages[self.rooms[message["room_id"]]["name"]].append(message)
        self.members = self._table("accounts_member")

    def complaints(self) -> Iterator[str]:
        yield from foreign_rows(self.crowd.slug, self.rows)
        yield from self.crowd.ledger.complaints(self._ids())
        yield from self.crowd.complaints()
        for room in self.rooms.values():
            yield from self._wrong_in(room)
        yield from self._wrong_people()
        yield from self._wrong_in_public()
        yield from self._wrong_in_redis()

    def _wrong_in(self, room: dict[str, Any]) -> Iterator[str]:
        name, messages = room["name"], self.messages[room["name"]]
        if holes := gaps(message["seq"] for message in messages):
            yield f"{name} has gaps or repeats at {holes}"
        if room["last_seq"] != len(messages):
            yield f"{name} counts {room['last_seq']} messages and has {len(messages)}"
        stored = {message["client_id"]: message["seq"] for message in messages}
        kept = {id_: seq for id_, seq in stored.items() if not id_.startswith(CANCELLED)}
        if wrong := kept.items() ^ self.crowd.acknowledged[name].items():
            yield f"{name}: {sorted(wrong)} not both acknowledged and stored"
        for message in messages:
            if self.crowd.slug not in message["body"] and not message["deleted_at"]:
                yield f"{name} holds {message['body']!r}"

    def _wrong_people(self) -> Iterator[str]:
        by_kind: defaultdict[str, set[str]] = defaultdict(set)
        for member in self.members:
            by_kind[member["kind"]].add(member["external_id"])
        expected = {
            "user": USERS,
            "guest": self.crowd.errands.guests,
            "staff": {self.crowd.workspace.owner_id},
        }
        for kind, people in expected.items():
            if by_kind[kind] != people:
                yield f"{kind}s are {sorted(by_kind[kind])}, not {sorted(people)}"
        if {room["name"] for room in self.rooms.values()} != ROOMS:
            yield f"rooms are {sorted(room['name'] for room in self.rooms.values())}"
        people = {seat.who for seat in self.crowd.seats if seat.entry.person}
        for seat in self.crowd.seats:
            if seat.online["count"] > len(people):
                yield f"{seat.name} met {seat.online['count']} people"

    def _wrong_in_public(self) -> Iterator[str]:
        query = "SELECT origins, plan, state FROM public.tenants_tenant WHERE slug = %s"
        found = rows(self.crowd.workspace, query, self.crowd.slug)
        if found != [([self.crowd.errands.origin], self.crowd.plan, "active")]:
            yield f"the tenant's row says {found}"

    def _wrong_in_redis(self) -> Iterator[str]:
        redis, tenant_id = shared(), tenant_id_of(self.crowd.workspace)
        names = list(redis.scan_iter(f"snug:t{tenant_id}:room:*:names", count=10_000))
        known = {str(key).encode(): redis.hgetall(key) for key in names}
        for key, values in known.items():
            for mark in set(MARK.findall(str(values))) - {self.crowd.slug}:
                yield f"{key!r} names {mark}"
        if not any(self.crowd.slug in str(values) for values in known.values()):
            yield f"nobody is known to be present: {known}"

    def _ids(self) -> set[str]:
        members = {member["external_id"] for member in self.members}
        keys = {key["id"] for key in self._table("accounts_apikey")}
        return members | keys | {message["id"] for message in self._table("rooms_message")}

    def _table(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.rows[name]]
