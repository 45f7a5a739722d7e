"""What is older than two weeks goes, and nothing younger."""

from __future__ import annotations

from tests.personas import Workspace
from tests.realtime.backstage import rows

WRITE = """
WITH event AS (
  INSERT INTO webhooks_event (type, data, created_at)
  VALUES ('room.created', '{}', now() - %s * interval '1 day') RETURNING id, created_at
), delivery AS (
  INSERT INTO webhooks_delivery (endpoint_id, event_id) SELECT 'wh_0123456789abcdef', id FROM event RETURNING id
)
INSERT INTO webhooks_attempt (delivery_id, at, milliseconds, url, request_headers, response_body, error)
SELECT delivery.id, event.created_at, 1, '', '[]', '', '' FROM event, delivery
"""


def test_old_events_deliveries_and_attempts_are_forgotten(workspace: Workspace) -> None:
    from tenants.context import run_in_tenant
    from webhooks.forgetting import forget_old

    for days, n in ((30, 3), (15, 2), (13, 2), (0, 1)):
        for _ in range(n):
            rows(workspace, WRITE, days)
    run_in_tenant(workspace.tenant, forget_old)
    for table in ("event", "delivery", "attempt"):
        assert rows(workspace, f"SELECT count(*) FROM webhooks_{table}") == [(3,)]
    run_in_tenant(workspace.tenant, forget_old)
    assert rows(workspace, "SELECT count(*) FROM webhooks_event") == [(3,)]
