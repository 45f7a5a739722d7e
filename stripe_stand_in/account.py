"""The one account of the stand-in: its objects, its time, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from stripe_stand_in import API_VERSION, Json, clock, ids
from stripe_stand_in.agenda import Agenda
from stripe_stand_in.errors import not_found
from stripe_stand_in.rendering import differences, plain
from stripe_stand_in.storage import Storage

_NAMES: Final = {"checkout.session": "checkout session", "test_helpers.test_clock": "test clock"}


@dataclass
class Account:
    """What a request, a page and the passing of time all work on."""

    storage: Storage
    public_url: str
    agenda: Agenda = field(init=False)
    # The request that is being answered, for the events it causes.
    request: Json = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    _moment: int | None = None

    def __post_init__(self) -> None:
        self.agenda = Agenda(self.storage)

    # Time

    @property
    def offset(self) -> int:
        """How many seconds the real timeline is ahead of the machine's clock."""
        return int(self.storage.setting("time", {"offset": 0})["offset"])

    def now(self, timeline: str | None = None) -> int:
        """Seconds, on a test clock (by id) or on the real timeline."""
        if timeline is not None:
            found = self.storage.find(timeline)
            if found is not None:
                return int(found["frozen_time"])
        return self._moment if self._moment is not None else clock.real() + self.offset

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """The real timeline stands still at a moment, at which something was due."""
        self._moment = moment
        try:
            yield
        finally:
            self._moment = None

    def timeline(self, thing: Json) -> str | None:
        """The test clock that an object lives by, if any."""
        if thing.get("test_clock"):
            return str(thing["test_clock"])
        if thing["object"] != "customer" and (customer := thing.get("customer")):
            found = self.storage.find(customer)
            return found.get("test_clock") if found else None
        return None

    def time_of(self, thing: Json) -> int:
        return self.now(self.timeline(thing))

    # Objects

    def new(self, kind: str, prefix: str, timeline: str | None = None, length: int = 24) -> Json:
        """The keys that every object begins with."""
        id_ = ids.new(prefix, length)
        return {"id": id_, "object": kind, "created": self.now(timeline), "livemode": False}

    def get(self, kind: str, id_: str, param: str = "id", deleted: bool = False) -> Json:
        """A copy of an object; refused when there is none of that kind and id, or it is deleted and that is no use."""
        found = self.storage.find(id_)
        if found is None or found["object"] != kind or (found.get("deleted") and not deleted):
            raise not_found(_NAMES.get(kind, kind), id_, param)
        return found

    def add(self, thing: Json, event: str | None = None) -> Json:
        self.storage.put(thing)
        if event:
            self.emit(event, thing)
        return thing

    def save(self, thing: Json, event: str | None = None) -> Json:
        """Puts a changed object back; the event tells what changed, and is not sent when nothing did."""
        before = self.storage.find(thing["id"])
        self.storage.put(thing)
        if event and before is not None:
            previous = differences(plain(before), plain(thing))
            if previous or not event.endswith(".updated"):
                self.emit(event, thing, previous if event.endswith(".updated") else None)
        return thing

    def delete(self, thing: Json, event: str | None = None) -> Json:
        """Takes an object away and answers as Stripe does; the event holds it as it last was."""
        if event:
            self.emit(event, thing)
        self.agenda.drop(thing["id"])
        self.storage.delete(thing["id"])
        return {"id": thing["id"], "object": thing["object"], "deleted": True}

    # Events

    def emit(self, type_: str, thing: Json, previous: Json | None = None) -> Json:
        data: Json = {"object": plain(thing, self.storage)}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": ids.new("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.time_of(thing),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(self.request),
            "type": type_,
            "_customer": thing["id"] if thing["object"] == "customer" else thing.get("customer"),
        }
        endpoints = [one for one in self.storage.all("webhook_endpoint") if _wants(one, type_)]
        event["pending_webhooks"] = len(endpoints)
        self.storage.put(event)
        for endpoint in endpoints:
            self.storage.database.execute(
                "INSERT INTO deliveries (event, endpoint, state, due) VALUES (?, ?, 'new', 0)",
                (event["id"], endpoint["id"]),
            )
        return event


def _wants(endpoint: Json, type_: str) -> bool:
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or type_ in wanted)
