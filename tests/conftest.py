"""What all tests stand on: one real stack a test process, with two web processes, and workspaces to break.

The stack starts before collection, since Django reads its configuration when it is imported. Tests share it and never
clean up: each opens the workspaces it needs, which takes a fraction of a second and proves isolation by itself.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ops.local import Stack
from ops.local.stripe import StripeStandIn
from tests import chromium, health, order
from tests.personas import Workspace, open_workspace

_stacks: list[Stack] = []
_folders: list[tempfile.TemporaryDirectory[str]] = []
_looked_after = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    # With xdist the controlling process runs no tests and needs no stack.
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        return
    if config.option.collectonly:
        return
    expect.set_options(timeout=chromium.PATIENCE)
    folder = tempfile.TemporaryDirectory(prefix="snug-test-", ignore_cleanup_errors=True)
    stack = Stack(Path(folder.name) / "data", web_workers=2, separate_web_ports=True, fast=True)
    _folders.append(folder)
    _stacks.append(stack)
    stack.start()
    os.environ.update(stack.own_env)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = order.dealt([item.nodeid for item in items], items, processes)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """After a failure: the next test has a stack that serves, or the run ends and says what is wrong with the machine,
    where a thousand failures would hide it."""
    failures = item.session.testsfailed
    if failures == item.session.stash.get(_looked_after, 0):
        return
    item.session.stash[_looked_after] = failures
    wrong = health.wrong_with(_stacks[0]) if _stacks else None
    if wrong is not None:
        item.session.shouldstop = wrong
        pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Half a character in the text of a failure must not break the pipe of the test process that found it."""
    return health.sendable((yield))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _stacks:
        from django.db import connection

        cast("Any", connection).close_pool()  # Django's stubs do not know of pools
    for stack in _stacks:
        stack.stop()
    for folder in _folders:
        folder.cleanup()


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running product of this test process. Do not break it: faults have stacks of their own."""
    return _stacks[0]


@pytest.fixture(scope="session")
def stripe(stack: Stack) -> StripeStandIn:
    """The stand-in for Stripe of this test process, with every plan on sale. It starts when the first test asks for it;
    until then the product finds nobody there."""
    stack.start_stripe()
    assert stack.stripe is not None
    return stack.stripe


@pytest.fixture(autouse=True)
def connections_given_back() -> Iterator[None]:
    """Every test leaves the pool as full as it found it: only its own thread may keep a connection."""
    before = _kept_elsewhere()
    yield
    deadline = time.monotonic() + 5  # a thread of the product may be about to give its own back
    while _kept_elsewhere() > before:
        assert time.monotonic() < deadline, "a thread ended with a connection: see tests.threads.giving_back"
        time.sleep(0.02)


def _kept_elsewhere() -> int:
    """How many connections of the pool other threads than this one hold, or held when they ended."""
    from django.db import connection

    figures = cast("Any", connection).pool.get_stats()
    return int(figures["pool_size"] - figures["pool_available"] - (connection.connection is not None))


@pytest.fixture(scope="session")
def portal_url(stack: Stack) -> str:
    """The portal's address; connect to 127.0.0.1 with this host."""
    return f"http://localhost:{stack.web_ports[0]}"


@pytest.fixture
def new_workspace(stack: Stack) -> Callable[..., Workspace]:
    """Opens workspaces: `new_workspace(plan="pro")`."""

    def open_one(**options: object) -> Workspace:
        return open_workspace(tuple(stack.web_ports), **options)  # type: ignore[arg-type]

    return open_one


@pytest.fixture
def workspace(new_workspace: Callable[..., Workspace]) -> Workspace:
    """Alice's workspace, on the free plan."""
    return new_workspace()


@pytest.fixture
def elsewhere(new_workspace: Callable[..., Workspace]) -> Workspace:
    """Mallory's workspace."""
    return new_workspace()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium. It lasts for one module only: Playwright's own event loop must be gone before the next
    test that has one."""
    program = os.environ.get("SNUG_TEST_BROWSER") or shutil.which("chromium")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in the tests' thread; Django must be told that nobody awaits anything there.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address in a browser profile of its own; no page may fail or be refused anything by a policy."""
    contexts: list[BrowserContext] = []
    failures: list[str] = []

    def open_one(url: str, **options: object) -> Page:
        context = browser.new_context(reduced_motion="reduce", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda said: failures.append(said.text) if "policy" in said.text.lower() else None)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert failures == []
