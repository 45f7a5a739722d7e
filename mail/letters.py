"""Putting a mail together from its two templates, and sending it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

_RIGHT_TO_LEFT: Final = frozenset({"ar"})


def send(
    template: str, subject: str, to: Sequence[str], context: Mapping[str, Any], *, language: str = "en"
) -> None:
    """Send `email/<template>.txt` and `.html` as one mail. Raises what the mail backend raises.

    The templates are given `language` and `direction` beside the context.
    """
    whole = {
        **context,
        "language": language,
        "direction": "rtl" if language in _RIGHT_TO_LEFT else "ltr",
    }
    mail = EmailMultiAlternatives(subject, render_to_string(f"email/{template}.txt", whole), to=list(to))
    mail.attach_alternative(render_to_string(f"email/{template}.html", whole), "text/html")
    mail.send()
