"""What a room must hold after every command that was carried out: a second, slow and simple product."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Said:
    """One message."""

    message_id: str
    seq: int
    rev: int
    sender: str
    text: str
    client_id: str | None = None
    deleted: bool = False
    given: dict[str, set[str]] = field(default_factory=dict)

    @property
    def reactions(self) -> dict[str, int]:
        return {emoji: len(people) for emoji, people in self.given.items() if people}

    def is_shown_by(self, frame: dict[str, Any]) -> bool:
        """Whether a frame or a message of a page tells it as it stands."""
        told = tuple(frame.get(name) for name in ("message_id", "seq", "rev"))
        if told != (self.message_id, self.seq, self.rev) or frame.get("deleted", False) != self.deleted:
            return False
        if self.deleted:
            return "message" not in frame
        sums = {each["emoji"]: each["count"] for each in frame.get("reactions", [])}
        words = (frame["message"], frame["user_id"], frame.get("client_id"))
        return words == (self.text, self.sender, self.client_id) and sums == self.reactions


@dataclass
class Room:
    """One room, and how far each has read in it."""

    messages: list[Said] = field(default_factory=list)
    rev: int = 0
    read: dict[str, int] = field(default_factory=dict)

    def changed(self, message: Said) -> None:
        self.rev += 1
        message.rev = self.rev

    def named(self, sender: str, client_id: str | None) -> Said | None:
        """The message that somebody has named so before."""
        known = [each for each in self.messages if (each.sender, each.client_id) == (sender, client_id)]
        return known[0] if known and client_id is not None else None

    def unread(self, user: str) -> int:
        after = self.messages[self.read.get(user, 0) :]
        return len([each for each in after if not each.deleted and each.sender != user])

    def page(self, before: int | None, after: int | None, limit: int) -> tuple[list[Said], bool]:
        """What `history` must answer."""
        if after is not None:
            beyond = self.messages[after:]
            return beyond[:limit], len(beyond) > limit
        older = self.messages[: before - 1 if before else 0] if before is not None else self.messages
        return older[-limit:], len(older) > limit
