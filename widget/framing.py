"""Which pages may hold the chat in a frame, and the rest of the chat page's Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Iterable

DEVELOPMENT_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*")


def content_security_policy(
    *, host: str, nonce: str, ancestors: Iterable[str], pictures: str = "'self'"
) -> str:
    """The policy of the chat page. `host` is the request's own, port included; `ancestors` are origins,
    `pictures` where those come from: an object store's links lead away from us.

    Scripts come from our own files alone; text of users never becomes markup, which `trusted-types` makes the
    browser hold us to. `ws:` is spelled out because older Safari does not count it as 'self'.
    """
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "img-src": pictures,
        "connect-src": f"'self' ws://{host} wss://{host}",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *ancestors]),
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def frame_ancestors(origins: Iterable[str], *, development: bool) -> list[str]:
    """The tenant's allowed origins as sources of a policy; what could end a directive is left out."""
    safe = [origin for origin in origins if not set(origin) & set(" ;,'\"\r\n\t")]
    return [*safe, *DEVELOPMENT_ORIGINS] if development else safe
