"""Requests, and trying again: with growing pauses, and never so that something is done twice."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import quote

import httpx

from snug.errors import Unavailable, error_of, retry_after_of

API = "/api/v1"
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
_TRY_AGAIN = frozenset([429, 500, 502, 503, 504])
PAGE = 100


def path(*parts: str) -> str:
    """An address whose parts may hold anything: `path("rooms", name)`."""
    return "/".join([API, *(quote(part, safe="") for part in parts)])


class Upload(NamedTuple):
    """A file on its way, with the fields that go beside it."""

    name: str
    content: BinaryIO  # httpx reads it from its beginning at each try
    fields: dict[str, str]


class Transport:
    """One workspace's API. Thread-safe, as httpx's client is."""

    def __init__(self, http: httpx.Client, tries: int) -> None:
        self._http = http
        self._tries = max(1, tries)

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        address: str,
        body: dict[str, Any] | None = None,
        *,
        upload: Upload | None = None,
        query: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
        keep_null: bool = False,
    ) -> Any:
        """The answer's JSON, None where it has none. What is None in `body` is left out, unless `keep_null`. Raises
        SnugError."""
        headers = {}
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or uuid.uuid4().hex
        sent = body if keep_null or body is None else _given(body)
        asked = _given(query or {})
        answer = self._answer(method, address, headers, asked, _content(sent, upload))
        return answer.json() if answer.content else None

    def pages(self, address: str, query: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page, as they are asked for."""
        cursor: str | None = None
        while True:
            page = self.call("GET", address, query={"limit": PAGE, **(query or {}), "cursor": cursor})
            yield from cast("list[dict[str, Any]]", page["data"])
            cursor = page["next"]
            if cursor is None:
                return

    def _answer(
        self,
        method: str,
        address: str,
        headers: dict[str, str],
        query: dict[str, Any],
        content: dict[str, Any],
    ) -> httpx.Response:
        for left in range(self._tries - 1, -1, -1):
            try:
                answer = self._http.request(method, address, params=query, headers=headers, **content)
            except httpx.TransportError as error:
                if not left:
                    raise Unavailable(f"no answer: {error}") from error
                self._pause(left, None)
                continue
            if answer.is_success:
                return answer
            # Somebody, perhaps this very call a moment ago, is carrying it out.
            under_way = answer.status_code == 409 and _code(answer) == "idempotency_key_in_use"
            if not left or not (under_way or answer.status_code in _TRY_AGAIN):
                raise error_of(answer)
            wait = retry_after_of(answer)
            if wait is not None and wait > LONGEST_PAUSE:
                raise error_of(answer)
            self._pause(left, wait)
        raise AssertionError  # the last try returns or raises

    def _pause(self, left: int, wanted: float | None) -> None:
        done = self._tries - 1 - left
        own = min(LONGEST_PAUSE, FIRST_PAUSE * 2**done) * random.uniform(0.5, 1)
        time.sleep(max(own, wanted or 0))


def _content(body: Any, upload: Upload | None) -> dict[str, Any]:
    """What goes along with a try, as httpx takes it."""
    if upload is None:
        return {"json": body}
    return {"data": upload.fields, "files": {"file": (upload.name, upload.content)}}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _code(answer: httpx.Response) -> str:
    return error_of(answer).code
