"""Rooms, their members, and what is said in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from snug.shapes import Hit, Membership, Message, Presence, Receipt, Room
from snug.transport import Transport, path

_KEEP: Any = object()


class Rooms:
    """`snug.rooms`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Room]:
        """All rooms, oldest first."""
        return cast("Iterator[Room]", self._transport.pages(path("rooms")))

    def create(
        self,
        name: str,
        *,
        kind: Literal["public", "private", "direct", "support"] = "public",
        title: str | None = None,
        idempotency_key: str | None = None,
    ) -> Room:
        """A new room. Raises Conflict where there is one of this name."""
        body = {"name": name, "kind": kind, "title": title}
        return cast(
            "Room", self._transport.call("POST", path("rooms"), body, idempotency_key=idempotency_key)
        )

    def get(self, name: str) -> Room:
        return cast("Room", self._transport.call("GET", path("rooms", name)))

    def update(
        self,
        name: str,
        *,
        title: str | None = None,
        archived: bool | None = None,
        slow_mode: int | None = None,
    ) -> Room:
        """Change what is given. `slow_mode` is in seconds, 0 for none."""
        body = {"title": title, "archived": archived, "slow_mode": slow_mode}
        return cast("Room", self._transport.call("PATCH", path("rooms", name), body))

    def delete(self, name: str) -> None:
        """With all that was said in it, for good."""
        self._transport.call("DELETE", path("rooms", name))

    def presence(self, name: str) -> Presence:
        """Who is in a room now."""
        return cast("Presence", self._transport.call("GET", path("presence", name)))

    def receipts(self, name: str) -> Iterator[Receipt]:
        """How far each has read, in the order in which they first did."""
        return cast("Iterator[Receipt]", self._transport.pages(path("rooms", name, "receipts")))


class Members:
    """`snug.members`: who belongs to a room."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, room: str) -> Iterator[Membership]:
        return cast("Iterator[Membership]", self._transport.pages(path("rooms", room, "members")))

    def get(self, room: str, user: str) -> Membership:
        return cast("Membership", self._transport.call("GET", path("rooms", room, "members", user)))

    def put(
        self,
        room: str,
        user: str,
        *,
        role: Literal["member", "moderator"] | None = None,
        muted_until: datetime | None = _KEEP,
    ) -> Membership:
        """Make a user a member, or change one. `muted_until=None` lets them write again; left out, it stays as it is.
        The moment must know its time zone."""
        body: dict[str, Any] = {"role": role} if role is not None else {}
        if muted_until is not _KEEP:
            if muted_until is not None and muted_until.tzinfo is None:
                raise ValueError("muted_until must know its time zone.")
            body["muted_until"] = muted_until.isoformat() if muted_until else None
        address = path("rooms", room, "members", user)
        return cast("Membership", self._transport.call("PUT", address, body, keep_null=True))

    def remove(self, room: str, user: str) -> None:
        """Their sockets close, unless their token names the room: mute them then, or revoke their tokens."""
        self._transport.call("DELETE", path("rooms", room, "members", user))


class Messages:
    """`snug.messages`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, room: str) -> Iterator[Message]:
        """All that was said, newest first."""
        return cast("Iterator[Message]", self._transport.pages(path("rooms", room, "messages")))

    def post(
        self,
        room: str,
        message: str = "",
        *,
        sub: str | None = None,
        client_id: str | None = None,
        reply_to: str | None = None,
        files: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> Message:
        """Say something: as the user `sub`, or as the key's own bot. Once it returns it is stored for good.

        `files` are ids of what the same sender uploaded for this room; with them the text may be empty.
        """
        body = {
            "message": message,
            "sub": sub,
            "client_id": client_id,
            "reply_to": reply_to,
            "files": list(files) if files is not None else None,
        }
        address = path("rooms", room, "messages")
        return cast("Message", self._transport.call("POST", address, body, idempotency_key=idempotency_key))

    def search(self, words: str, *, room: str | None = None, sender: str | None = None) -> Iterator[Hit]:
        """What has all these words, of the last one the beginning; the best match first. Everywhere, or in one `room`;
        from everybody, or from one `sender`."""
        query = {"q": words, "room": room, "from": sender}
        return cast("Iterator[Hit]", self._transport.pages(path("search"), query))

    def get(self, room: str, message_id: str) -> Message:
        return cast("Message", self._transport.call("GET", path("rooms", room, "messages", message_id)))

    def edit(self, room: str, message_id: str, message: str) -> Message:
        address = path("rooms", room, "messages", message_id)
        return cast("Message", self._transport.call("PATCH", address, {"message": message}))

    def delete(self, room: str, message_id: str) -> Message:
        """What is left is its place."""
        return cast("Message", self._transport.call("DELETE", path("rooms", room, "messages", message_id)))

    def react(self, room: str, message_id: str, emoji: str, *, sub: str | None = None) -> Message:
        address = path("rooms", room, "messages", message_id, "reactions", emoji)
        return cast("Message", self._transport.call("PUT", address, {"sub": sub}))

    def unreact(self, room: str, message_id: str, emoji: str, *, sub: str | None = None) -> Message:
        address = path("rooms", room, "messages", message_id, "reactions", emoji)
        return cast("Message", self._transport.call("DELETE", address, query={"sub": sub}))
