from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.portal.visitor import Visitor, link_in, mails_to

PASSWORD = "the stapler is mine"


@dataclass(frozen=True)
class Peter:
    """Somebody who signs up, with a name that no other test has."""

    visitor: Visitor
    slug: str

    @property
    def email(self) -> str:
        return f"peter@{self.slug}.example"

    def form(self, **changed: str) -> dict[str, str]:
        """The sign-up form, filled in."""
        filled = {"organisation": f"Initech {self.slug}", "slug": self.slug, "email": self.email}
        return filled | {"password": PASSWORD, "plan": "free"} | changed

    def sign_up(self, **changed: str) -> str:
        """Send the form and wait for the mail; the path of the link in it."""
        response = self.visitor.post("/signup/", self.form(**changed))
        assert (response.status_code, response.headers.get("location")) == (302, "/signup/sent/"), (
            response.text
        )
        return link_in(mails_to(self.visitor, changed.get("email", self.email))[0])

    def wait(self, link: str, state: str = "open") -> dict[str, str | None]:
        """Watch the progress until it comes to `state`; the last status."""
        import time

        for _ in range(100):
            status: dict[str, str | None] = self.visitor.get(f"{link}status/").json()
            if status["state"] == state:
                return status
            time.sleep(0.1)
        raise AssertionError(status)


@pytest.fixture
def visitor(portal_url: str) -> Iterator[Visitor]:
    with Visitor(portal_url) as somebody:
        yield somebody


@pytest.fixture
def peter(visitor: Visitor) -> Peter:
    return Peter(visitor, f"i{secrets.token_hex(6)}")
