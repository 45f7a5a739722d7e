"""Somebody with a browser of their own, on the portal or on one workspace's host, over plain HTTP."""

from __future__ import annotations

import html
import random
import re
import time
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from portal import mailbox
from tests.plain_http import NO_TLS

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
COOKIE = "snug_csrf"
LINK = re.compile(r"http://[^\s\"<]+/signup/confirm/[\w-]+/")


class Visitor:
    """An HTTP client that keeps cookies and fills in forms. Each has an address of its own, so that nobody uses up
    another test's rate limit. Never follows redirects: where they lead is part of what is tested."""

    def __init__(self, url: str, address: str | None = None) -> None:
        parts = urlsplit(url)
        self.host = f"{parts.hostname}:{parts.port}"
        self.address = (
            address or f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
        )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{parts.port}",
            headers={"Host": self.host},
            transport=httpx.HTTPTransport(local_address=self.address, verify=NO_TLS),
            timeout=20,
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(_local(path), **options)

    def post(
        self, path: str, form: dict[str, Any] | None = None, *, page: str | None = None
    ) -> httpx.Response:
        """Send a form with the token that goes with this browser's cookie. Who has none yet loads `page` first (the
        same path, where no other is named). That each form carries a token is tests/house/test_forms.py's."""
        if (token := self.client.cookies.get(COOKIE)) is None:
            found = TOKEN.search(self.get(page or path).text)
            token = found.group(1) if found else ""
        return self.send(path, {"csrfmiddlewaretoken": token, **(form or {})})

    def send(self, path: str, form: dict[str, Any]) -> httpx.Response:
        """Send a form without having looked at any page."""
        return self.client.post(_local(path), data=form)


def _local(path: str) -> str:
    """The path of a link, so that it can be followed to 127.0.0.1."""
    parts = urlsplit(path)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def mails_to(visitor: Visitor, address: str, count: int = 1) -> list[str]:
    """The texts of the mails to `address`, newest first, once there are `count`; at most ten seconds' wait. It looks at
    the folder meanwhile: the page that lists it reads a hundred mails each time."""
    for _ in range(100):
        newest = sorted((path.stem for path in mailbox.folder().glob("*.eml")), reverse=True)[:100]
        mine = [name for name in newest if _addressee(name) == address]
        if len(mine) >= count:
            return [html.unescape(visitor.get(f"/dev/mail/{name}/").text) for name in mine]
        time.sleep(0.1)
    raise AssertionError(f"{len(mine)} of {count} mails to {address} arrived")


@cache
def _addressee(name: str) -> str:
    mail = mailbox.read(name)
    assert mail is not None
    return mail.to


def far_from_the_end_of(window: int) -> None:
    """Wait where a fixed window of `window` seconds is about to end, so that a count is not split in two."""
    left = window - time.time() % window
    if left < 20:
        time.sleep(left + 0.1)


def link_in(mail: str) -> str:
    """The confirmation link in a mail, as a path."""
    found = LINK.search(mail)
    assert found, mail
    return _local(found.group(0))


def text_of(response: httpx.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())
