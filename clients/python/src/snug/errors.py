"""What a call may raise. Programs go by `code`, which never changes; people read the text."""

from __future__ import annotations

from typing import Any

import httpx


class SnugError(Exception):
    """A call that was not carried out.

    `status` is HTTP's, 0 where no answer came; `code` is stable; `errors` names fields; `retry_after` is in seconds.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        code: str = "",
        errors: list[dict[str, str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.errors = errors or []
        self.retry_after = retry_after


class Unauthenticated(SnugError):
    """401: no key, or one that is revoked, has expired or is another workspace's."""


class Forbidden(SnugError):
    """402 or 403: the key lacks a scope, the plan is used up, or the workspace is suspended."""


class NotFound(SnugError):
    """404."""


class Conflict(SnugError):
    """409: it is there already, or in a state that does not allow this."""


class Invalid(SnugError):
    """Any other 4xx: something about the request is wrong, and will be wrong again."""


class RateLimited(SnugError):
    """429, and still so after all tries; `retry_after` says when to come back."""


class Unavailable(SnugError):
    """5xx or no answer, and still so after all tries. A POST may have been carried out: send the same `idempotency_key`
    again to find out."""


_KINDS: dict[int, type[SnugError]] = {
    401: Unauthenticated,
    402: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_of(answer: httpx.Response) -> SnugError:
    """The problem document of an answer, as an exception."""
    try:
        said: Any = answer.json()
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    kind = Unavailable if answer.status_code >= 500 else _KINDS.get(answer.status_code, Invalid)
    return kind(
        str(said.get("detail") or f"HTTP {answer.status_code}"),
        status=answer.status_code,
        code=str(said.get("code", "")),
        errors=said.get("errors"),
        retry_after=retry_after_of(answer),
    )


def retry_after_of(answer: httpx.Response) -> float | None:
    """Seconds, if the answer names any."""
    try:
        return float(answer.headers["retry-after"])
    except (KeyError, ValueError):
        return None
