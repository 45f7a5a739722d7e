"""Every form that is sent carries the token without which it would be refused; tests that send forms rely on it."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
SENT = re.compile(r"<form\b[^>]*\bmethod=[\"']?post\b", re.IGNORECASE)


def without_token(template: str) -> list[str]:
    """The forms of a template that are sent by POST and carry no token of their own."""
    return [
        form[:120] for form in FORM.findall(template) if SENT.match(form) and "{% csrf_token %}" not in form
    ]


def test_a_form_without_a_token_is_found() -> None:
    assert without_token('<form class="x" method="post"><input></form>')
    assert without_token('<form method="post">{% csrf_token %}</form><form method="POST"></form>')
    assert not without_token('<form method="get"></form><form method="post">\n{% csrf_token %}</form>')


def test_every_form_that_is_sent_carries_a_token() -> None:
    templates = sorted((PROJECT / "templates").rglob("*.html"))
    forms = {str(path.relative_to(PROJECT)): path.read_text() for path in templates}
    assert sum(len(SENT.findall(text)) for text in forms.values()) > 60
    assert {name: found for name, text in forms.items() if (found := without_token(text))} == {}
    for name, text in forms.items():  # none ends in another file, where nobody would look for its token
        assert len(re.findall(r"<form\b", text)) == len(FORM.findall(text)) == text.count("</form>"), name
