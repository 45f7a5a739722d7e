"""Coming back: what was missed, exactly once and in order, before anything live."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from realtime import events
from realtime.events import Frame, History
from realtime.feed import Feed
from realtime.outlets import Outlet, flow
from rooms import reading
from rooms.reading import AnyMessage
from tenants.directory import TenantInfo


class Reader(Protocol):
    """Whoever has come back."""

    @property
    def over(self) -> bool:
        """Whether nothing of the room may be told them any more: look again after every wait."""

    @property
    def outlet(self) -> Outlet:
        """The way out to them."""

    @property
    def tenant_now(self) -> TenantInfo:
        """The tenant with its plan of this moment: how far back it keeps messages."""

    def push(self, *bodies: msgspec.Struct | Frame) -> None:
        """Send frames to them alone."""


class Resume:
    """One a visit. `go_live` is called as soon as nothing is missing any more, without a pause in between."""

    def __init__(self, reader: Reader, feed: Feed, go_live: Callable[[], None]) -> None:
        self._reader = reader
        self._feed = feed
        self._go_live = go_live
        # Set while there is more than one page of it: live frames wait until the client has read that far (seq, rev).
        self._drained: tuple[int, int] | None = None

    @property
    def upto(self) -> int | None:
        """While the client pages: the `seq` beyond which messages will come live, and must not come in a page too."""
        return None if self._drained is None else self._feed.seq

    async def begin(self, since: int, rev: int | None, at: tuple[int, int]) -> None:
        """Tell what came after `since`, and what older messages changed after `rev`, up to where the room stood `at`
        (seq, rev) when the entry frames were made."""
        upto, upto_rev = at
        messages, has_more = await self._missed(since, upto)
        messages = _as_of(upto_rev, messages)
        # Long texts fill a frame sooner: what a client need not page for follows without its asking.
        must_page = has_more and upto - since > reading.MOST_RESUMED
        changed = [] if rev is None else await self._last_page_changed(since, rev, upto_rev)
        if self._reader.over:
            return
        self._reader.push(
            History(
                room=self._feed.room_name,
                messages=messages,
                changed=changed,
                from_resume=True,
                has_more=must_page,
            )
        )
        if must_page:
            self._drained = (messages[-1].seq, upto_rev)
            return
        if has_more:
            await self._tell_missed(messages[-1].seq, upto, upto_rev)
        await self._catch_up(upto, upto_rev)

    async def _last_page_changed(self, seq: int, rev: int, upto_rev: int) -> list[AnyMessage]:
        """What fits the frame. All before it is told at once: who breaks off after the frame has all of it then."""
        messages, has_more = await self._changed(seq, rev)
        while has_more and not self._reader.over:
            self._reader.push(*(events.changed(message) for message in _as_of(upto_rev, messages)))
            await flow(self._reader.outlet)
            messages, has_more = await self._changed(seq, messages[-1].rev)
        return _as_of(upto_rev, messages)

    async def note_page(self, after: int | None, messages: list[AnyMessage], has_more: bool) -> None:
        """The client has paged on; the live frames begin where its paging ends."""
        if self._drained is None or after is None:
            return
        seq, rev = self._drained
        seq = max(seq, messages[-1].seq if messages else after)
        self._drained = (seq, rev) if has_more else None
        if not has_more:
            await self._catch_up(seq, rev)

    async def _catch_up(self, seq: int, rev: int) -> None:
        """Go live from there on: what was committed while the resume was read comes first, as it stands now."""
        feed = self._feed
        while feed.rev > rev and not self._reader.over:
            upto, upto_rev = feed.seq, feed.rev
            # First, for who breaks off in between gets what is new by its `seq`, and the rest only beyond their `rev`.
            await self._tell_changed(seq, rev)
            await self._tell_missed(seq, upto, upto_rev)
            seq, rev = upto, upto_rev
        self._go_live()

    async def _tell_missed(self, seq: int, upto: int, upto_rev: int) -> None:
        """Messages after `seq`, page by page, no faster than they are read."""
        has_more = True
        while has_more and seq < upto:
            messages, has_more = await self._missed(seq, upto)
            if self._reader.over:
                return
            self._reader.push(*(events.live(message) for message in _as_of(upto_rev, messages)))
            await flow(self._reader.outlet)
            seq = messages[-1].seq if messages else upto

    async def _tell_changed(self, seq: int, rev: int) -> None:
        """How older messages stand that have changed after `rev`, page by page, no faster than they are read."""
        has_more = True
        while has_more:
            messages, has_more = await self._changed(seq, rev)
            if self._reader.over:
                return
            self._reader.push(*(events.changed(message) for message in messages))
            await flow(self._reader.outlet)
            rev = messages[-1].rev if messages else rev

    async def _missed(self, since: int, upto: int) -> tuple[list[AnyMessage], bool]:
        if since >= upto:  # of a storm of clients that were away for a moment, most have missed nothing
            return [], False
        feed = self._feed
        return await reading.missed(
            self._reader.tenant_now, feed.room_id, feed.room_name, since=since, upto=upto
        )

    async def _changed(self, seq: int, rev: int) -> tuple[list[AnyMessage], bool]:
        feed = self._feed
        if rev >= feed.rev:
            return [], False
        return await reading.changed(self._reader.tenant_now, feed.room_id, feed.room_name, seq=seq, rev=rev)


def _as_of(rev: int, messages: list[AnyMessage]) -> list[AnyMessage]:
    """The same as they stand, but with no `rev` beyond this one, up to which all that has changed is being told.

    Pages are read one after the other. A message that has just changed would lead a client that breaks off here, and
    keeps the highest `rev`, past what has changed meanwhile in the pages before. `_catch_up` tells it once more.
    """
    return [each if each.rev <= rev else msgspec.structs.replace(each, rev=rev) for each in messages]
