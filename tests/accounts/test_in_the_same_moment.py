"""What somebody does in the moment in which they cease to be allowed to: they are judged by what they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import psycopg
import pytest

from accounts.authentication import _staff_of_session
from accounts.identity import Identity
from tenants.context import run_in_tenant
from tests.billing.buyer import wait_until
from tests.console.inviting import TEAM, invite, mailed_links
from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor
from tests.realtime.backstage import rows, schema_of
from tests.threads import giving_back

Done = TypeVar("Done")
BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"


@contextmanager
def changing(workspace: Workspace, email: str, change: str) -> Iterator[psycopg.Connection]:
    """A change of a colleague that is made, and not yet committed."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        made = db.execute(
            f"UPDATE {schema_of(workspace)}.accounts_member SET {change} WHERE email = %s", [email]
        )
        assert made.rowcount == 1
        yield db


def meanwhile(workspace: Workspace, email: str, change: str, work: Callable[[], Done]) -> Done:
    """What comes of the work that begins before the change is committed, and would end before it if it did not wait."""
    with ThreadPoolExecutor(1) as elsewhere, changing(workspace, email, change) as db:
        begun: Future[Done] = elsewhere.submit(giving_back(work))
        waits = partial(rows, workspace, BLOCKED, db.info.backend_pid)
        wait_until(lambda: bool(waits()) or begun.done())
        assert not begun.done()
        db.commit()
        return begun.result(timeout=20)


@pytest.fixture
def admin(workspace: Workspace) -> Iterator[tuple[str, Visitor]]:
    email = hire(workspace, "admin")
    with sign_in(workspace, email) as desk:
        yield email, desk


def who_opens(workspace: Workspace, desk: Visitor) -> Callable[[], Identity | None]:
    """Whom a socket that this browser opens would be taken for."""
    session = str(desk.client.cookies["snug_session"])
    assert run_in_tenant(workspace.tenant, _staff_of_session, session)
    return lambda: run_in_tenant(workspace.tenant, _staff_of_session, session)


def test_a_socket_has_the_role_that_is_given_while_it_opens(
    workspace: Workspace, admin: tuple[str, Visitor]
) -> None:
    email, desk = admin
    found = meanwhile(workspace, email, "role = 'agent'", who_opens(workspace, desk))
    assert found is not None
    assert found.role == "agent"


@pytest.mark.parametrize("change", ["password = '!'", "deleted_at = now()"])
def test_no_socket_opens_by_a_session_that_ends_while_it_does(
    workspace: Workspace, admin: tuple[str, Visitor], change: str
) -> None:
    email, desk = admin
    assert meanwhile(workspace, email, change, who_opens(workspace, desk)) is None


@pytest.mark.parametrize("change", ["role = 'agent'", "deleted_at = now()"])
def test_nobody_is_invited_by_one_who_is_demoted_or_removed_meanwhile(
    workspace: Workspace, admin: tuple[str, Visitor], change: str
) -> None:
    email, desk = admin
    desk.get(TEAM)
    assert meanwhile(workspace, email, change, lambda: invite(desk, "eve@evil.example").status_code) == 403
    assert rows(workspace, "SELECT 1 FROM accounts_invitation") == []


def test_an_admin_who_is_demoted_meanwhile_removes_nobody(
    workspace: Workspace, admin: tuple[str, Visitor]
) -> None:
    email, desk = admin
    agent = hire(workspace, "agent")
    ((id_,),) = rows(workspace, "SELECT external_id FROM accounts_member WHERE email = %s", agent)
    desk.get(TEAM)
    answer = meanwhile(workspace, email, "role = 'agent'", lambda: desk.post(f"{TEAM}{id_}/remove/", {}))
    assert answer.status_code == 403
    assert rows(workspace, "SELECT deleted_at FROM accounts_member WHERE email = %s", agent) == [(None,)]


def test_an_invitation_is_void_when_who_sent_it_is_gone(
    workspace: Workspace, admin: tuple[str, Visitor], portal_url: str
) -> None:
    email, desk = admin
    assert invite(desk, "bea@friend.example").status_code == 302
    (path,) = mailed_links(workspace, portal_url, "bea@friend.example")
    rows(workspace, "UPDATE accounts_member SET deleted_at = now() WHERE email = %s", email)
    with Visitor(workspace.origin) as bea:
        form = {"name": "Bea", "password": "a snug of one's own"}
        assert bea.post(path, form, page=path).status_code == 410
    assert rows(workspace, "SELECT 1 FROM accounts_member WHERE email = 'bea@friend.example'") == []
