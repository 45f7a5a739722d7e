"""Liveness and readiness. (That every host answers them: test_hosts; who may see metrics: test_addresses.)"""

import json
import time
from contextlib import ExitStack, suppress
from typing import Any, cast

import pytest
from django.test import RequestFactory, override_settings
from psycopg_pool import PoolTimeout

from tenants import health


def ready() -> tuple[int, dict[str, bool]]:
    answer = health.readyz(RequestFactory().get("/readyz"))
    return answer.status_code, json.loads(answer.content)["checks"]


def pool_of_pages() -> Any:
    """Django's own, open, with this thread's connection back in it."""
    from django.db import connection

    connection.ensure_connection()
    connection.close()
    return cast(Any, connection).pool


def take_all(pool: Any, in_use: ExitStack) -> None:
    """Whatever is left: other threads of this process may hold some."""
    with suppress(PoolTimeout):
        while True:
            in_use.enter_context(pool.connection(timeout=0.2))


def test_a_process_that_drains_lives_but_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready() == (200, {"server": True, "database": True, "redis": True})
    monkeypatch.setattr(health, "draining", True)
    assert ready() == (503, {"server": False, "database": True, "redis": True})
    assert health.healthz(RequestFactory().get("/healthz")).status_code == 200


def test_a_process_without_one_of_its_redis_is_not_ready() -> None:
    from django.conf import settings

    with override_settings(REDIS_HOSTS=(*settings.REDIS_HOSTS, {"address": "redis://127.0.0.1:1/0"})):
        assert ready() == (503, {"server": True, "database": True, "redis": False})


def test_a_process_whose_connections_are_all_in_use_is_ready() -> None:
    pool = pool_of_pages()
    with ExitStack() as in_use:
        take_all(pool, in_use)
        started = time.monotonic()
        assert ready() == (200, {"server": True, "database": True, "redis": True})
        assert time.monotonic() - started < 2


def test_a_busy_process_whose_database_is_away_is_not_ready() -> None:
    pool = pool_of_pages()
    with ExitStack() as in_use, override_settings(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        take_all(pool, in_use)
        assert ready() == (503, {"server": True, "database": False, "redis": True})
