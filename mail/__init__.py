"""The mail room: every mail the product sends goes out here, as text and as HTML."""

from mail.letters import send

__all__ = ["send"]
