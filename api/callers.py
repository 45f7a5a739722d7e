"""Who calls: an API key, a user with a token, or a member of staff on the workspace's own pages.

An endpoint declares once what it asks of a caller: `auth=Key("rooms:write")`, or `auth=KeyOrUser("rooms:read")`.
"""

import time
from datetime import timedelta
from typing import Any, cast

from asgiref.sync import async_to_sync
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import authentication, keys, scopes
from accounts.identity import Identity
from accounts.models import ApiKey, Member
from accounts.tokens import TokenRefused
from api.errors import Problem
from realtime import limits
from tenants.directory import TenantInfo

WINDOW = 60


class ApiRequest(HttpRequest):
    """A request as this API's views see it."""

    tenant: TenantInfo
    auth: Identity
    rate: tuple[int, int, int]


class Key(HttpBearer):
    """An API key that holds `scope`."""

    openapi_description = "An API key: `Authorization: Bearer snug_sk_…`"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Identity | None:
        asked = cast(ApiRequest, request)
        if not token.startswith(keys.MARK):
            return None
        caller = _by_credential(asked.tenant, token)
        _count(asked, caller)
        if not scopes.allows(caller.scopes, self.scope):
            raise Problem(403, "missing_scope", f"This key lacks the scope {self.scope}.")
        return caller


class KeyOrUser(Key):
    """An API key that holds `scope`, or a user with a token, or (for reading) staff signed in on this host."""

    def __call__(self, request: HttpRequest) -> Any:
        if "authorization" not in request.headers and request.method in ("GET", "HEAD"):
            user = getattr(request, "user", None)
            return authentication.staff_identity(user) if isinstance(user, Member) else None
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> Identity | None:
        if token.startswith(keys.MARK):
            return super().authenticate(request, token)
        asked = cast(ApiRequest, request)
        caller = _by_credential(asked.tenant, token)
        _count(asked, caller)
        return caller


def _by_credential(tenant: TenantInfo, credential: str) -> Identity:
    try:
        caller = async_to_sync(authentication.by_credential)(tenant, credential, key_allowed=True)
    except TokenRefused as error:
        raise Problem(401, "unauthenticated", f"The credential was refused: {error}.") from None
    if caller.scopes:
        _note_use(caller)
    return caller


def _note_use(caller: Identity) -> None:
    """Keep `last_used_at` to the minute, without a write for every request."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    ApiKey.objects.filter(stale, id=caller.key_id).update(last_used_at=now)


def _count(request: ApiRequest, caller: Identity) -> None:
    """Count the request against the plan's requests a minute, a caller at a time."""
    limit = request.tenant.limits.api_per_minute
    used = limits.count_sync(request.tenant.schema_name, f"api:{caller.key_id}:{caller.external_id}", WINDOW)
    reset = WINDOW - int(time.time()) % WINDOW
    request.rate = (limit, max(0, limit - used), reset)
    if used > limit:
        raise Problem(
            429, "rate_limited", f"Your plan allows {limit:,} requests a minute.", retry_after=reset
        )
