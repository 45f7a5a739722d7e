"""Staff sessions. Runs inside the tenant's schema."""

from django.contrib.auth import logout
from django.http import HttpRequest

from accounts import sessions
from realtime import publish
from tenants.context import schema_connection


def sign_out(request: HttpRequest) -> None:
    """End the session of this request, and close the sockets that stand on it."""
    key = request.session.session_key
    logout(request)
    if key is not None:
        schema = schema_connection().schema_name
        publish.tell_all(type="changed", schema=schema, session=sessions.digest(key))
