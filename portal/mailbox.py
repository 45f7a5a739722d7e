"""Mail in development: nothing leaves the machine, every message becomes a file to read at /dev/mail/."""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage as StandardMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NAME: Final = re.compile(r"[0-9]{16}-[0-9a-f]{8}")


def folder() -> Path:
    """Where development keeps its mail."""
    return Path(settings.SNUG_DATA_DIR) / "mail"


class EmlBackend(BaseEmailBackend):
    """A Django mail backend that writes .eml files, readable by their owner alone."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns() // 1000:016d}-{secrets.token_hex(4)}"
            draft = place / f".{name}.part"
            draft.touch(mode=0o600)
            draft.write_bytes(message.message().as_bytes())
            draft.rename(place / f"{name}.eml")  # a reader sees whole mails only
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the development pages show it."""

    name: str
    subject: str
    sender: str
    to: str
    date: str
    text: str
    html: str


def newest(most: int = 100) -> list[Mail]:
    """The last mails written, newest first."""
    names = sorted((path.stem for path in folder().glob("*.eml")), reverse=True)
    return [mail for name in names[:most] if (mail := read(name)) is not None]


def read(name: str) -> Mail | None:
    """One mail by its name, or None. A name of another shape never reaches the disk."""
    if not NAME.fullmatch(name):
        return None
    try:
        raw = (folder() / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        return None
    message = message_from_bytes(raw, _class=StandardMessage, policy=policy.default)
    return Mail(
        name=name,
        subject=str(message["Subject"] or "(no subject)"),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        date=str(message["Date"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: StandardMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
