"""Errors for programs: RFC 9457 problem documents with a stable `code`."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse


def body(status: int, code: str | int, detail: str, **more: Any) -> dict[str, Any]:
    """The document itself. `code` is for programs and never changes (a refused socket's is its close code);
    `detail` is for people."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """An `application/problem+json` response."""
    return JsonResponse(
        body(status, code, detail, **more), status=status, content_type="application/problem+json"
    )
