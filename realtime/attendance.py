"""The people in this process's sockets, kept in step with the presence that all processes share."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple

from realtime import presence, store
from realtime.events import Presence, UserJoined, UserLeft, stamp
from realtime.feed import Feed
from realtime.presence import Arrival, News

# A little later than GRACE, so that whoever left has lapsed when we look.
SWEEP_AFTER: Final = presence.GRACE + 0.1

# Looks that are due within so many seconds of each other are one: of a thousand who leave, each asks for one.
LOOK_EVERY: Final = 0.1
# Seconds. Whoever left longer ago, while Redis was only hard to reach, has lapsed there and was said to have left.
STILL_OWED: Final = 60.0

Say = Callable[[Feed, UserJoined | UserLeft | Presence, str], None]  # what to whom, and who need not hear it
Spawn = Callable[[Awaitable[None]], None]  # run in the background; failures are logged


class _Person:
    """One person in one room, with how many of this process's sockets."""

    __slots__ = ("sockets", "username")

    def __init__(self, username: str) -> None:
        self.username = username
        self.sockets = 0


class _Departure(NamedTuple):
    """Somebody's leaving, which Redis did not hear of: at what time on the loop's clock."""

    feed: Feed
    username: str
    at: float


class Attendance:
    """One a hub. Not thread-safe.

    It counts on Redis hearing of one person's coming and going in the order in which it is called (realtime.scripts):
    otherwise a reload of a page might end with its new socket counted out.
    """

    def __init__(self, process: str, say: Say, spawn: Spawn) -> None:
        self._process = process
        self._say = say
        self._spawn = spawn
        self._here: dict[str, dict[str, _Person]] = {}
        self._heard_again = self._sparing_until = 0.0  # on the loop's clock
        self._unheard: dict[tuple[str, str], _Departure] = {}
        self._looks: set[tuple[str, int]] = (
            set()
        )  # rooms, and when they are looked at: the loop's clock in LOOK_EVERY

    async def enter(self, feed: Feed, user: str, username: str) -> Arrival:
        """Note a socket's person in the room, and tell the others of someone new; an empty `user` only looks.

        Undo with `leave`, even when this raises.
        """
        within = self._lapsed_within()
        if not user:
            arrival = await presence.enter(
                feed.tenant.id, feed.room_id, "", "", self._process, lapsed_within=within
            )
        else:
            person = self._here.setdefault(feed.group, {}).setdefault(user, _Person(username))
            person.sockets += 1
            person.username = username
            arrival = await presence.enter(
                feed.tenant.id, feed.room_id, user, username, self._process, lapsed_within=within
            )
        if arrival.is_new and arrival.news.merged is None:
            joined = UserJoined(room=feed.room_name, user_id=user, username=username, timestamp=stamp())
            self._say(feed, joined, user)
        self._tell(feed, arrival.news)
        return arrival

    async def leave(self, feed: Feed, user: str) -> None:
        """A socket of this person has left; the room hears of it once the grace for reconnects is over."""
        people = self._here[feed.group]
        people[user].sockets -= 1
        if people[user].sockets > 0:
            return
        username = people.pop(user).username
        if not people:
            del self._here[feed.group]
        try:
            await self._count_out(feed, user, username)
        except store.AWAY:
            self._note_unheard(feed, user, username)
            raise
        self._look_in(feed, SWEEP_AFTER)

    def rename(self, feed: Feed, user: str, username: str) -> None:
        """This person has another name from now on, and others learn of it with the next renewal."""
        person = self._here.get(feed.group, {}).get(user)
        if person is not None:
            person.username = username

    async def renew(self, feed: Feed) -> None:
        """Keep this process's people present, and take out whoever has lapsed."""
        here = [(user, person.username) for user, person in self._here.get(feed.group, {}).items()]
        anew = (
            self._lapsed_within() is not None
        )  # Redis was away, and what it told a crowd may not have arrived
        await presence.renew(feed.tenant.id, feed.room_id, here, self._process, anew=anew)
        for user, username in here:
            await self._count_out(
                feed, user, username
            )  # whoever left while this was under way was made present again
        await self._sweep(feed)

    async def _count_out(self, feed: Feed, user: str, username: str) -> None:
        if not self._is_here(feed, user):
            await presence.leave(feed.tenant.id, feed.room_id, user, username, self._process)

    def spare(self, seconds: float) -> None:
        """Redis was away, and nobody could renew: give others that much time before their people are swept."""
        self._heard_again = asyncio.get_running_loop().time()
        self._sparing_until = self._heard_again + seconds
        self._spawn(self._count_out_unheard())

    def _note_unheard(self, feed: Feed, user: str, username: str) -> None:
        now = asyncio.get_running_loop().time()
        self._unheard[feed.group, user] = _Departure(feed, username, now)
        while next(iter(self._unheard.values())).at < now - STILL_OWED:
            del self._unheard[next(iter(self._unheard))]

    async def _count_out_unheard(self) -> None:
        """Those who left while Redis was away: it may have forgotten that they were ever here."""
        for (group, user), gone in list(self._unheard.items()):
            if gone.at > self._heard_again - STILL_OWED:
                await self._count_out(gone.feed, user, gone.username)
                self._look_in(gone.feed, SWEEP_AFTER)
            self._unheard.pop((group, user), None)

    def _lapsed_within(self) -> int | None:
        """Who may be swept: anyone who has lapsed, or only who has since Redis is back."""
        now = asyncio.get_running_loop().time()
        return int((now - self._heard_again) * 1000) if now < self._sparing_until else None

    def _look_in(self, feed: Feed, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = math.ceil((loop.time() + seconds) / LOOK_EVERY)
        if (feed.group, due) not in self._looks:
            self._looks.add((feed.group, due))
            loop.call_at(due * LOOK_EVERY, self._look, feed, due)

    def _look(self, feed: Feed, due: int) -> None:
        self._looks.discard((feed.group, due))
        self._spawn(self._sweep(feed))

    async def _sweep(self, feed: Feed) -> None:
        self._tell(
            feed, await presence.sweep(feed.tenant.id, feed.room_id, lapsed_within=self._lapsed_within())
        )

    def _tell(self, feed: Feed, news: News) -> None:
        merged = news.merged
        if merged is None:
            self._say_goodbye(feed, news.lapsed)
        elif merged.wait:
            self._look_in(feed, merged.wait / 1000)
        else:
            told = Presence(room=feed.room_name, joined=merged.joined, left=merged.left, count=merged.count)
            self._say(feed, told, "")

    def _say_goodbye(self, feed: Feed, lapsed: Iterable[presence.Person]) -> None:
        for user, username in lapsed:
            # Whoever is here lapsed because Redis was away; the next renewal brings them back.
            if not self._is_here(feed, user):
                left = UserLeft(room=feed.room_name, user_id=user, username=username, timestamp=stamp())
                self._say(feed, left, user)

    def _is_here(self, feed: Feed, user: str) -> bool:
        return user in self._here.get(feed.group, {})
