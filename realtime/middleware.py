"""In front of every consumer: which tenant, from where, and who. The twin of tenants.middleware for sockets."""

import logging
from typing import Any, Final

from django.conf import settings
from django.http.cookie import parse_cookie

from accounts import authentication
from accounts.identity import Identity
from accounts.models import Member
from accounts.tokens import TokenRefused
from realtime.events import CloseCode
from realtime.refusals import SocketRefused, refuse
from realtime.scope import Receive, Scope, Send, headers, query
from realtime.store import AWAY
from tenants import directory, origins
from tenants.database import AWAY as DATABASE_AWAY
from tenants.directory import TenantInfo

PARTS_AWAY = (*AWAY, *DATABASE_AWAY)

logger = logging.getLogger("snug.socket")

BEARER: Final = "bearer."


class RefusalMiddleware:
    """Outermost: turns a SocketRefused, and any failure before a consumer takes over, into a proper refusal."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = dict(scope)  # ours: the tenant is noted in it, so that a refusal can say whose it was
        try:
            await self.inner(scope, receive, send)
            return
        except SocketRefused as error:
            refused = error
        except Exception as error:  # consumers answer for themselves: this came before one took over
            log = logger.warning if isinstance(error, PARTS_AWAY) else logger.exception
            log("%s could not be opened: %s", _who(scope), type(error).__name__)
            refused = SocketRefused(CloseCode.INTERNAL, "This socket could not be opened. Try again shortly.")
        logger.info("%s refused %d: %s", _who(scope), refused.code, refused.reason)
        await receive()  # websocket.connect, which nobody has taken yet
        await refuse(scope, send, refused)


class TenantMiddleware:
    """Puts `tenant` into the scope, by host. Raises SocketRefused for a host that is nobody's or is suspended."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant = scope["tenant"] = await directory.afind(_host(scope))
        if tenant is not None and tenant.state == "suspended":
            raise SocketRefused(CloseCode.SUSPENDED, "This workspace is suspended.")
        if tenant is None or not tenant.open:
            raise SocketRefused(CloseCode.NOT_FOUND, "There is no workspace at this address.")
        await self.inner(scope, receive, send)


class JWTAuthMiddleware:
    """Puts `identity` into the scope: by bearer subprotocol, Authorization header, `?token=`, or staff session; and in
    place of the live tenant its test side, where that is what the credential is of.

    None where no credentials came; SocketRefused where they are no good, or come from a site that may not send them.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant, identity = await self._identify(scope["tenant"], scope)
        await self.inner({**scope, "tenant": tenant, "identity": identity}, receive, send)

    async def _identify(self, tenant: TenantInfo, scope: Scope) -> tuple[TenantInfo, Identity | None]:
        if isinstance(member := scope.get("user"), Member):  # put there by code in this process: a test
            return tenant, authentication.staff_identity(member)
        credential, key_allowed = _credential(scope)
        origin = _only(scope, b"origin")
        if credential is None:
            return tenant, await self._by_session(tenant, scope, origin)
        if origin is not None and not origins.allowed(tenant, origin, _host(scope)):
            raise SocketRefused(CloseCode.FORBIDDEN, "This site is not on the workspace's list of origins.")
        tenant = await directory.aside_of(tenant, credential)
        try:
            return tenant, await authentication.by_credential(tenant, credential, key_allowed=key_allowed)
        except authentication.Banned as error:
            raise SocketRefused(CloseCode.FORBIDDEN, str(error)) from None
        except TokenRefused as error:
            raise SocketRefused(CloseCode.UNAUTHENTICATED, str(error)) from None

    async def _by_session(self, tenant: TenantInfo, scope: Scope, origin: str | None) -> Identity | None:
        # A proxy that speaks HTTP/2 may hand on each cookie as a header of its own.
        cookies = parse_cookie("; ".join(headers(scope, b"cookie")))
        if not (session := cookies.get(settings.SESSION_COOKIE_NAME)):
            return None
        # A cookie rides along from anywhere: without this check any site could open sockets as our staff.
        if origin is None or not origins.same(origin, _host(scope)):
            raise SocketRefused(
                CloseCode.FORBIDDEN, "A staff session is good on the workspace's own pages only."
            )
        return await authentication.by_session(tenant, session)


def _credential(scope: Scope) -> tuple[str | None, bool]:
    """What the client presents, and whether it came by a way on which an API key may travel.

    The first way that was taken counts alone: where that is refused, no other is tried. Raises SocketRefused.
    """
    offered = [name for name in scope.get("subprotocols", ()) if name.startswith(BEARER)]
    authorization = _only(scope, b"authorization")
    if len(offered) > 1:
        raise SocketRefused(CloseCode.MALFORMED, "This request presents two tokens.")
    if offered:
        return offered[0].removeprefix(BEARER), True
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip(), True
    return query(scope, "token") or None, False


def _only(scope: Scope, name: bytes) -> str | None:
    """The header of this name, None where there is none. Raises SocketRefused where there are two: whatever stands in
    front of us may have looked at the other one."""
    values = headers(scope, name)
    if len(values) > 1:
        raise SocketRefused(CloseCode.MALFORMED, f"This request has {len(values)} headers {name.decode()}.")
    return values[0] if values else None


def _host(scope: Scope) -> str:
    hosts = headers(scope, b"host")
    return hosts[0] if len(hosts) == 1 else ""  # of two, a proxy may have meant the other


def _who(scope: Scope) -> str:
    """A socket that no consumer has taken over yet, in the words of `SocketConsumer._who`."""
    tenant: TenantInfo | None = scope.get("tenant")
    return f"{tenant.slug if tenant else repr(_host(scope)[:100])} {scope['path'][:100]!r} '-' -"
