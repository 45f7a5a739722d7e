"""Addresses through which others post into a room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from snug.shapes import IncomingWebhook
from snug.transport import Transport, path

_PART = "incoming-webhooks"


class IncomingWebhooks:
    """`snug.incoming_webhooks`. The key needs `rooms:write` and `messages:write`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, room: str) -> Iterator[IncomingWebhook]:
        """The oldest first, without their addresses."""
        return cast("Iterator[IncomingWebhook]", self._transport.pages(path("rooms", room, _PART)))

    def create(self, room: str, name: str, *, idempotency_key: str | None = None) -> IncomingWebhook:
        """A new one, which posts as a bot of this name. Keep its `secret_url`: it is told this once."""
        address = path("rooms", room, _PART)
        answer = self._transport.call("POST", address, {"name": name}, idempotency_key=idempotency_key)
        return cast("IncomingWebhook", answer)

    def delete(self, room: str, webhook_id: str) -> None:
        """Its address is dead at once; what was said through it stays."""
        self._transport.call("DELETE", path("rooms", room, _PART, webhook_id))
