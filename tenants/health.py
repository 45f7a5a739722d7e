"""Liveness, readiness and metrics, the same on every host."""

from collections.abc import Callable
from threading import Lock
from typing import Final

import psycopg
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import ConnectionPool, PoolTimeout

from realtime import store
from tenants import addresses
from tenants.context import schema_connection
from tenants.liveness import CONNECTING
from tenants.problems import problem

# Set by the server when it begins to drain: a balancer then stops sending newcomers.
draining = False
_asking_apart: Final = Lock()


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
    if _all_in_use():
        return _answers_apart()
    try:
        schema_connection().set_schema_to_public()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except (DatabaseError, InterfaceError, PoolTimeout):
        connection.close()
        return False


def _all_in_use() -> bool:
    """Whether pages have every connection of the pool: who asks then waits for them, and learns nothing."""
    pool: ConnectionPool | None = getattr(connection, "pool", None)
    if connection.connection is not None or pool is None:
        return False
    figures = pool.get_stats()
    return figures["pool_size"] >= figures["pool_max"] and figures["pool_available"] == 0


def _answers_apart() -> bool:
    """The same question on a connection of its own, one at a time: whoever asks often does not use those up too."""
    if not _asking_apart.acquire(timeout=2):
        return False
    try:
        with psycopg.connect(
            settings.DATABASE_URL, autocommit=True, **(CONNECTING | {"connect_timeout": 2})
        ) as own:
            own.execute("SELECT 1")
        return True
    except psycopg.Error:
        return False
    finally:
        _asking_apart.release()
