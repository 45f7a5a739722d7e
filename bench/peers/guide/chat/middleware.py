"""Who a socket is, by the token in its query: checked, then looked up."""

from typing import Any
from urllib.parse import parse_qs

import jwt
from channels.db import database_sync_to_async
from channels.middleware import BaseMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User


class JWTAuthMiddleware(BaseMiddleware):  # type: ignore[misc]
    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        tokens = parse_qs(scope.get("query_string", b"").decode()).get("token", [])
        scope["user"] = await _user_of(tokens[0]) if tokens else AnonymousUser()
        return await super().__call__(scope, receive, send)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _user_of(token: str) -> User | AnonymousUser:
    try:
        payload = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
        return User.objects.get(id=payload["user_id"])
    except (jwt.InvalidTokenError, KeyError, User.DoesNotExist):
        return AnonymousUser()
