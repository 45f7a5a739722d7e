"""Your users, as Snug knows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from snug.shapes import User
from snug.transport import Transport, path


class Users:
    """`snug.users`. Nobody has to be made beforehand: a token does that."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[User]:
        """In the order in which they were first seen, guests too."""
        return cast("Iterator[User]", self._transport.pages(path("users")))

    def get(self, user: str) -> User:
        return cast("User", self._transport.call("GET", path("users", user)))

    def put(self, user: str, *, name: str | None = None, avatar: str | None = None) -> User:
        """Make a user, or change one. An empty string takes a name or an avatar away."""
        return cast(
            "User", self._transport.call("PUT", path("users", user), {"name": name, "avatar": avatar})
        )

    def delete(self, user: str) -> None:
        """Forget who they were. What they said stays, under the name of a deleted user."""
        self._transport.call("DELETE", path("users", user))

    def ban(self, user: str, *, until: datetime | None = None, reason: str | None = None) -> User:
        """Keep them out of the whole workspace; their sockets close within a second. Without `until`, for good."""
        body = {"until": until.isoformat() if until else None, "reason": reason}
        return cast("User", self._transport.call("POST", path("users", user, "ban"), body))

    def unban(self, user: str) -> User:
        return cast("User", self._transport.call("DELETE", path("users", user, "ban")))

    def revoke_tokens(self, user: str, *, before: datetime | None = None) -> User:
        """Void all tokens issued up to `before`, or to now; open sockets close within a second."""
        body = {"before": before.isoformat() if before else None}
        return cast("User", self._transport.call("POST", path("users", user, "revoke-tokens"), body))
