"""Who calls: an API key, a user with a token, or a member of staff on the workspace's own pages.

An endpoint declares once what it asks of a caller: `auth=Key("rooms:write")`, or `auth=KeyOrUser("rooms:read")`.
"""

from typing import Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from accounts import authentication, keys, scopes, tickets
from accounts.identity import Identity
from accounts.last_used import note_use
from accounts.models import ApiKey, Member
from accounts.tokens import TokenRefused
from api import idempotency
from api.errors import Problem
from api.idempotency import Attempt
from api.rates import Rate, count, count_user
from api.uploads import FORM_TOKEN
from audit import acting
from tenants.addresses import address_of
from tenants.context import wait_for
from tenants.directory import TenantInfo


class ApiRequest(HttpRequest):
    """A request as this API's views see it. Only a type: at run time it is Django's own."""

    tenant: TenantInfo
    auth: Identity
    rate: Rate
    attempt: Attempt


class Key(HttpBearer):
    """An API key that holds `scope`, and `also` where a call needs two."""

    openapi_description = (
        "An API key: `Authorization: Bearer snug_sk_…`. With `snug_sk_test_…` every call is one of test mode, and its "
        "answer carries `Snug-Mode: test`."
    )

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
        note_use(ApiKey.objects.filter(id=caller.key_id))
        # One count for all of a tenant's keys: the plan's limit holds for the workspace as a whole.
        count(asked, "api")
        for scope in filter(None, (self.scope, self.also)):
            if not scopes.allows(caller.scopes, scope):
                raise Problem(403, "missing_scope", f"This key lacks the scope {scope}.")
        acting.identify(caller.acts_as, address_of(request))
        idempotency.begin(asked, caller, repeatable=self.repeatable)
        return caller


class KeyOrUser(Key):
    """An API key that holds `scope`, or a user with a token, or staff signed in on this host: for reading, and with
    `pages` for changes that the workspace's own page makes, which shows so by its form token."""

    def __init__(self, scope: str, *, pages: bool = False) -> None:
        super().__init__(scope)
        self.pages = pages

    def __call__(self, request: HttpRequest) -> Any:
        if "authorization" in request.headers:
            return super().__call__(request)
        user = getattr(request, "user", None)
        if not isinstance(user, Member):
            return None
        caller = authentication.staff_identity(user)
        if request.method in ("GET", "HEAD"):
            return caller
        # Another site can make a browser send the cookie. It can neither read the page's token nor send this header:
        # that takes a preflight, which allows it to nobody.
        if not self.pages or FORM_TOKEN not in request.headers:
            return None
        if check_csrf(request) is not None:
            raise Problem(403, "csrf_failed", "This page is stale. Load it anew.")
        return self._counted(cast(ApiRequest, request), caller)

    def authenticate(self, request: HttpRequest, token: str) -> Identity | None:
        if token.startswith(keys.MARK):
            return super().authenticate(request, token)
        asked = cast(ApiRequest, request)
        return self._counted(asked, identify(asked.tenant, token))

    def _counted(self, request: ApiRequest, caller: Identity) -> Identity:
        count_user(request, caller)
        acting.identify(caller.acts_as, address_of(request))
        idempotency.begin(request, caller, repeatable=self.repeatable)
        return caller


def identify(tenant: TenantInfo, credential: str) -> Identity:
    """Whoever presents this bearer token. Raises Problem."""
    if credential.startswith(tickets.MARK):
        raise Problem(401, "unauthenticated", "A ticket opens a socket, and nothing else.")
    try:
        return wait_for(authentication.by_credential, tenant, credential, key_allowed=True)
    except authentication.Banned as error:
        raise Problem(403, "banned", f"The credential was refused: {error}.") from None
    except TokenRefused as error:
        raise Problem(401, "unauthenticated", f"The credential was refused: {error}.") from None
