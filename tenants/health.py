"""Liveness, readiness and metrics, the same on every host."""

from collections.abc import Callable
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout

from realtime import store
from tenants import addresses
from tenants.context import schema_connection
from tenants.problems import problem

# Set by the server when it begins to drain: a balancer then stops sending newcomers.
draining = False


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work; 503 while draining or while the database or Redis is away."""
    checks = {"server": not draining, "database": _database_answers(), "redis": store.all_answer(within=1)}
    ready = all(checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503
    )


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for private networks alone."""
    if not addresses.is_private(request):
        return problem(403, "forbidden", "Metrics are served to private networks only.")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


VIEWS: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def _database_answers() -> bool:
    try:
        schema_connection().set_schema_to_public()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except (DatabaseError, InterfaceError, PoolTimeout):
        connection.close()
        return False
