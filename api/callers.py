"""Who calls: an API key, a user with a token, or a member of staff on the workspace's own pages.

An endpoint declares once what it asks of a caller: `auth=Key("rooms:write")`, or `auth=KeyOrUser("rooms:read")`.
"""

from datetime import timedelta
from typing import Any, cast

from asgiref.sync import async_to_sync
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import authentication, keys, scopes, tickets
from accounts.identity import Identity
from accounts.models import ApiKey, Member
from accounts.tokens import TokenRefused
from api import idempotency
from api.errors import Problem
from api.idempotency import Attempt
from api.rates import Rate, count
from audit import acting
from tenants.addresses import address_of
from tenants.directory import TenantInfo


class ApiRequest(HttpRequest):
    """A request as this API's views see it. Only a type: at run time it is Django's own."""

    tenant: TenantInfo
    auth: Identity
    rate: Rate
    attempt: Attempt


class Key(HttpBearer):
    """An API key that holds `scope`, and `also` where a call needs two."""

    openapi_description = "An API key: `Authorization: Bearer snug_sk_…`"

    def __init__(self, scope: str, *, also: str | None = None, repeatable: bool = True) -> None:
        """`repeatable` is False where a POST under a known Idempotency-Key is carried out once more."""
        super().__init__()
        self.scope, self.also = scope, also
        self.repeatable = repeatable

    def authenticate(self, request: HttpRequest, token: str) -> Identity | None:
        if not token.startswith(keys.MARK):
            raise Problem(401, "unauthenticated", "This call needs an API key, as a bearer token.")
        asked = cast(ApiRequest, request)
        caller = identify(asked.tenant, token)
        _note_use(caller)
        # One count for all of a tenant's keys: the plan's limit holds for the workspace as a whole.
        count(asked, "api")
        for scope in filter(None, (self.scope, self.also)):
            if not scopes.allows(caller.scopes, scope):
                raise Problem(403, "missing_scope", f"This key lacks the scope {scope}.")
        acting.identify(caller.acts_as, address_of(request))
        idempotency.begin(asked, caller, repeatable=self.repeatable)
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
        caller = identify(asked.tenant, token)
        # Each user has a count of their own: whoever can get a guest's token must not use up the tenant's.
        count(asked, f"api:{caller.external_id}")
        acting.identify(caller.acts_as, address_of(request))
        idempotency.begin(asked, caller, repeatable=self.repeatable)
        return caller


def identify(tenant: TenantInfo, credential: str) -> Identity:
    """Whoever presents this bearer token. Raises Problem."""
    if credential.startswith(tickets.MARK):
        raise Problem(401, "unauthenticated", "A ticket opens a socket, and nothing else.")
    try:
        return async_to_sync(authentication.by_credential)(tenant, credential, key_allowed=True)
    except authentication.Banned as error:
        raise Problem(403, "banned", f"The credential was refused: {error}.") from None
    except TokenRefused as error:
        raise Problem(401, "unauthenticated", f"The credential was refused: {error}.") from None


def _note_use(caller: Identity) -> None:
    """Keep `last_used_at` to the minute, without a write for every request."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    ApiKey.objects.filter(stale, id=caller.key_id).update(last_used_at=now)
