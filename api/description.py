"""What the OpenAPI document says beyond types: titles from docstrings, scopes, and how every call may fail."""

from typing import Any, Final

from ninja import Router

from api.callers import Key, KeyOrUser

SCOPE: Final = "x-snug-scope"

_PROBLEM: Final[dict[str, Any]] = {
    "description": "A problem document (RFC 9457). Programs go by `code`, which never changes.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}


def describe(router: Router) -> None:
    """Complete the description of each of the router's calls."""
    for view in router.path_operations.values():
        for operation in view.operations:
            title, _, rest = (operation.view_func.__doc__ or "").strip().partition("\n")
            operation.summary = title.rstrip(".")
            operation.description = " ".join(rest.split())
            extra: dict[str, Any] = {"responses": {"default": _PROBLEM}}
            for auth in operation.auth_callbacks:
                if isinstance(auth, Key):
                    extra[SCOPE] = auth.scope
                    if auth.also:
                        operation.description += f" Needs the scope `{auth.also}` as well."
                if isinstance(auth, KeyOrUser):
                    extra["description"] = " ".join(
                        [operation.description, "Open to user tokens as well."]
                    ).strip()
            operation.openapi_extra = extra
