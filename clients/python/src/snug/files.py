"""Files, to be sent with messages."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from snug.shapes import File
from snug.transport import Transport, Upload, path


class Files:
    """`snug.files`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        room: str,
        file: str | PathLike[str] | bytes | BinaryIO,
        *,
        name: str | None = None,
        sub: str | None = None,
        idempotency_key: str | None = None,
    ) -> File:
        """Upload a file for a message to this room; post its id in `files` within 24 hours, as the same `sub`.

        `file` is a path, its bytes, or a binary file that can seek, which is sent from its beginning. `name` is what
        readers see. Raises Invalid for what is too large or of a kind that is not taken.
        """
        if isinstance(file, str | PathLike):
            with Path(file).open("rb") as opened:
                return self._sent(room, opened, name or Path(file).name, sub, idempotency_key)
        content = BytesIO(file) if isinstance(file, bytes) else file
        return self._sent(room, content, name or _name_of(content), sub, idempotency_key)

    def list(self, *, room: str | None = None) -> Iterator[File]:
        """The newest first."""
        return cast("Iterator[File]", self._transport.pages(path("files"), {"room": room}))

    def get(self, file_id: str) -> File:
        """With fresh links to it, good for five minutes for whoever holds them."""
        return cast("File", self._transport.call("GET", path("files", file_id)))

    def delete(self, file_id: str) -> None:
        """One that waits for its message. Raises Conflict where it has one: delete that."""
        self._transport.call("DELETE", path("files", file_id))

    def _sent(
        self, room: str, content: BinaryIO, name: str, sub: str | None, idempotency_key: str | None
    ) -> File:
        fields = {"room": room, **({"sub": sub} if sub is not None else {})}
        upload = Upload(name, content, fields)
        answer = self._transport.call("POST", path("files"), upload=upload, idempotency_key=idempotency_key)
        return cast("File", answer)


def _name_of(content: BinaryIO) -> str:
    name = getattr(content, "name", None)
    return Path(name).name if isinstance(name, str) else "file"
