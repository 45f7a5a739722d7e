"""What people have against messages, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from snug.shapes import Report, ReportReason, ReportState
from snug.transport import Transport, path


class Reports:
    """`snug.reports`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, state: ReportState | None = None) -> Iterator[Report]:
        """The newest first; all, or those in one `state`."""
        return cast("Iterator[Report]", self._transport.pages(path("reports"), {"state": state}))

    def create(
        self,
        room: str,
        message_id: str,
        reason: ReportReason,
        *,
        comment: str | None = None,
        sub: str | None = None,
        idempotency_key: str | None = None,
    ) -> Report:
        """Report a message, for the user `sub` or as the key's own bot. Each reports a message once; to do it again
        changes what they said."""
        address = path("rooms", room, "messages", message_id, "report")
        body = {"reason": reason, "comment": comment, "sub": sub}
        return cast("Report", self._transport.call("POST", address, body, idempotency_key=idempotency_key))

    def update(self, report_id: str, state: ReportState) -> Report:
        """Close a report, or open it again. Deleting the message is a call of its own."""
        return cast("Report", self._transport.call("PATCH", path("reports", report_id), {"state": state}))
