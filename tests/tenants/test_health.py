"""Liveness and readiness. (That every host answers them: test_hosts; who may see metrics: test_addresses.)"""

import json

import pytest
from django.test import RequestFactory, override_settings

from tenants import health


def ready() -> tuple[int, dict[str, bool]]:
    answer = health.readyz(RequestFactory().get("/readyz"))
    return answer.status_code, json.loads(answer.content)["checks"]


def test_a_process_that_drains_lives_but_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready() == (200, {"server": True, "database": True, "redis": True})
    monkeypatch.setattr(health, "draining", True)
    assert ready() == (503, {"server": False, "database": True, "redis": True})
    assert health.healthz(RequestFactory().get("/healthz")).status_code == 200


def test_a_process_without_one_of_its_redis_is_not_ready() -> None:
    from django.conf import settings

    with override_settings(REDIS_HOSTS=(*settings.REDIS_HOSTS, {"address": "redis://127.0.0.1:1/0"})):
        assert ready() == (503, {"server": True, "database": True, "redis": False})
