"""What somebody may ask for in a room: each command is checked and handed to one action."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec

from accounts import scopes
from accounts.identity import Identity
from moderation import saying
from realtime import commands, events
from realtime.consumers.echoes import Echo, Echoes
from realtime.consumers.typist import Typist
from realtime.events import CloseCode, ErrorCode, History, Unread
from realtime.refusals import SocketRefused
from rooms import access, actions, reading
from rooms.access import RoomRecord
from rooms.actions import announcing
from rooms.actions.pace import Pace, places_of
from rooms.texts import Refused
from rooms.writing.work import Changed
from tenants.directory import TenantInfo

if TYPE_CHECKING:
    from realtime.consumers.visit import Visit

# In WINDOW seconds, for one user in one process: far above what a person does.
MOST_TYPING: Final = 20


class Speaker:
    """One a visit."""

    def __init__(self, visit: "Visit", echoes: Echoes) -> None:
        self._visit = visit
        self._echoes = echoes
        self._typist = Typist(self._tell_typing, self._may_tell_typing)

    def answer_late(self) -> None:
        """What the room was told of in another way is still owed to whoever asked for it."""
        if (
            self._echoes.waiting
            and self._visit.is_live
            and (answers := self._echoes.overdue(self._visit.feed.rev))
        ):
            self._visit.host.push(*answers)

    def leave(self) -> None:
        """Whoever leaves types no longer."""
        self._typist.leave()

    async def obey(self, command: Any) -> None:
        """Carry out one of commands.IN_ROOM. Raises Refused, or SocketRefused for one command too many."""
        match command:
            case commands.ChatMessage():
                await self._post(command)
            case commands.EditMessage():
                await self._edit(command)
            case commands.DeleteMessage():
                await self._delete(command)
            case commands.React():
                await self._react(command)
            case commands.Read(seq=seq):
                await self._read(seq)
            case commands.Typing(is_typing=is_typing):
                self._typist.type(is_typing, seen=self._may_be_seen_typing())
            case commands.History():
                await self._history(command)

    async def _post(self, command: commands.ChatMessage) -> None:
        self._check_may_write()
        id_ = uuid4()
        with self._expecting("chat_message", message_id=str(id_)) as echo:
            posted = await saying.post_message(
                *self._here,
                command.message,
                client_id=command.client_id,
                reply_to=command.reply_to,
                files=command.files,
                pace=self._pace(),
                id_=id_,
            )
            self._settle(echo, posted.created, posted.message.rev, lambda: events.live(posted.message))
            room, who = self._visit.room, self._visit.host.identity
            if posted.created and not (room.is_member or who.is_bot):  # that message has made them one
                self._visit.room = msgspec.structs.replace(room, is_member=True)

    async def _edit(self, command: commands.EditMessage) -> None:
        self._check_may_write()
        id_, text = command.message_id, command.message
        edit = saying.edit_message(*self._here, id_, text, pace=self._pace())
        await self._change(edit, "message_edited", message_id=id_)

    async def _delete(self, command: commands.DeleteMessage) -> None:
        self._check_may_write()
        await self._visit.host.unhurried()
        id_ = command.message_id
        deletion = actions.delete_message(*self._here, id_, address=self._visit.host.address)
        await self._change(deletion, "message_deleted", message_id=id_)

    async def _react(self, command: commands.React) -> None:
        self._check_may_write()
        id_, emoji, on = command.message_id, command.emoji, command.on
        reaction = actions.react(*self._here, id_, emoji, on, pace=self._pace())
        about = {"message_id": id_, "user_id": self._visit.user, "emoji": emoji, "on": on}
        await self._change(reaction, "reaction", **about)

    async def _change(self, change: Awaitable[Changed], answered_by: str, **about: Any) -> None:
        with self._expecting(answered_by, **about) as echo:
            done = await change
            self._settle(echo, done.is_new, done.message.rev, lambda: announcing.frame_of(done))

    def _expecting(self, answered_by: str, **about: Any) -> Echo:
        return self._echoes.expecting(self._visit.host.asked.ref, answered_by, **about)

    def _settle(self, echo: Echo, is_new: bool, rev: int, answer: Callable[[], msgspec.Struct]) -> None:
        """Answer at once where nothing has changed; otherwise the room is told, and the asker with it."""
        if is_new:
            echo.written(rev, answer)
            self.answer_late()
        else:
            echo.cancel()
            self._visit.host.reply(answer())

    async def _read(self, seq: int) -> None:
        await self._visit.host.unhurried()
        with self._expecting("unread") as echo:
            marked = await actions.mark_read(*self._here, seq)
            if not marked.is_new:
                echo.cancel()
                self._visit.host.reply(Unread(room=self._visit.room.name, count=marked.unread))

    def _tell_typing(self, is_typing: bool) -> None:
        visit = self._visit
        typing = events.Typing(
            room=visit.room.name,
            user_id=visit.user,
            username=visit.host.identity.username,
            is_typing=is_typing,
        )
        visit.host.hub.say(visit.feed, typing, visit.user)

    def _may_tell_typing(self) -> bool:
        return self._visit.host.hub.typings[self._visit.tenant.id, self._visit.user].hit(MOST_TYPING) == 0

    def _may_be_seen_typing(self) -> bool:
        """Whoever cannot write is not about to. They get no error: what they would send gets one."""
        return self.may_write and not (self._visit.room.archived or access.is_muted(self._visit.room))

    async def _history(self, command: commands.History) -> None:
        if command.before is not None and command.after is not None:
            raise Refused(ErrorCode.INVALID_FIELD, "history takes before or after, not both.")
        await self._visit.host.unhurried()
        page = await reading.history(
            self._visit.tenant_now,
            self._visit.room.id,
            self._visit.room.name,
            before=command.before,
            after=command.after,
            limit=command.limit,
            upto=self._visit.resume.upto,
        )
        if self._visit.ended is not None:  # while it was read
            raise self._visit.ended
        self._visit.host.reply(
            History(
                room=self._visit.room.name,
                messages=page.messages,
                has_more=page.has_more,
                oldest_seq=page.oldest_seq,
            )
        )
        await self._visit.resume.note_page(command.after, page.messages, page.has_more)

    @property
    def _here(self) -> tuple[TenantInfo, RoomRecord, Identity]:
        """Whose workspace, which room, and who asks: what every action is told first."""
        return self._visit.tenant_now, self._visit.room, self._visit.host.identity

    @property
    def may_write(self) -> bool:
        """False for a key that may only read."""
        who = self._visit.host.identity
        return not who.is_bot or scopes.allows(who.scopes, "messages:write")

    def _check_may_write(self) -> None:
        if not self.may_write:
            raise Refused(ErrorCode.FORBIDDEN, "This key lacks the scope messages:write.")

    def _pace(self) -> Pace:
        """What the user, or a guest from where, has sent lately. Raises SocketRefused for what is far too much."""
        rate = self._visit.host.hub.rates[self._visit.tenant.id, self._visit.user]
        if rate.flooding(self._visit.tenant_now.limits.messages_per_10s):
            raise SocketRefused(CloseCode.FLOODING, "far over the rate limit")
        host = self._visit.host
        return Pace(rate, places_of(self._visit.tenant, host.identity, host.address))
