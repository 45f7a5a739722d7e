"""What a browser is told when it is our fault, or our doing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.faults.machine import Machine
from tests.personas import Workspace
from tests.realtime.test_closes_in_the_browser import ROOM, STAY, knock

ENDED = "window.ended = new Promise((done) => { kept[0].onclose = (event) => done(event.code) }); 0"


def test_a_browser_reads_that_its_server_restarts(
    machine: Machine, shared_workspace: Workspace, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{shared_workspace.origin}/healthz")
    page.evaluate(STAY, [ROOM, shared_workspace.token("bob"), 1])
    page.evaluate(ENDED)
    machine.stack.restart_web()
    assert page.evaluate("window.ended") == 1012


def test_a_browser_reads_that_it_could_not_be_let_in_for_a_fault_of_ours(
    machine: Machine, shared_workspace: Workspace, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{shared_workspace.origin}/healthz")
    with machine.frozen("valkey"):
        code, reason, clean = knock(page, shared_workspace.token("cyd"))
    assert (code, clean) == (4500, True)
    assert reason.endswith(".")
