"""The way in."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import cast

import httpx

from snug import tokens
from snug.files import Files
from snug.incoming import IncomingWebhooks
from snug.reports import Reports
from snug.rooms import Members, Messages, Rooms
from snug.shapes import Ticket
from snug.transport import Transport, path
from snug.users import Users


class Snug:
    """One workspace, with one API key. Make it once and share it between threads.

    `url` is your workspace's, `https://acme.snug.example`. What fails by bad luck (no answer, 429, 5xx) is tried up to
    `tries` times, with growing pauses; a POST carries an Idempotency-Key, so that nothing is done twice. `timeout` is
    in seconds, for each try. `http` is for those who bring a client of their own.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        key_id: str | None = None,
        signing_secret: str | None = None,
        timeout: float = 10.0,
        tries: int = 4,
        http: httpx.Client | None = None,
    ) -> None:
        self._key_id, self._signing_secret = key_id, signing_secret
        client = http or httpx.Client(base_url=url.rstrip("/"), timeout=timeout)
        client.headers["Authorization"] = f"Bearer {key}"
        self._transport = Transport(client, tries)
        self.rooms = Rooms(self._transport)
        self.members = Members(self._transport)
        self.messages = Messages(self._transport)
        self.users = Users(self._transport)
        self.files = Files(self._transport)
        self.reports = Reports(self._transport)
        self.incoming_webhooks = IncomingWebhooks(self._transport)

    def sign_token(
        self,
        sub: str,
        *,
        ttl: int = 3600,
        name: str | None = None,
        avatar: str | None = None,
        rooms: Sequence[str] | None = None,
    ) -> str:
        """A token for the browser of your user `sub`. Needs `key_id` and `signing_secret`, and makes no request."""
        if self._key_id is None or self._signing_secret is None:
            raise ValueError("Signing needs key_id and signing_secret; create_token asks Snug instead.")
        return tokens.sign(
            self._signing_secret, self._key_id, sub, ttl=ttl, name=name, avatar=avatar, rooms=rooms
        )

    def create_token(
        self,
        sub: str,
        *,
        ttl: int = 3600,
        name: str | None = None,
        avatar: str | None = None,
        rooms: Sequence[str] | None = None,
    ) -> str:
        """The same, minted by Snug."""
        named = list(rooms) if rooms is not None else None
        body = {"sub": sub, "ttl": ttl, "name": name, "avatar": avatar, "rooms": named}
        return cast("str", self._transport.call("POST", path("tokens"), body)["token"])

    def create_ticket(self, sub: str) -> Ticket:
        """Good for one socket within 60 seconds, in its address: `?token=`."""
        return cast("Ticket", self._transport.call("POST", path("tickets"), {"sub": sub}))

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Snug:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()
