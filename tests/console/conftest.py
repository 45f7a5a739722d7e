from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from ops.local.stripe import StripeStandIn
from tests.billing.buyer import Buyer
from tests.console.staff import sign_in
from tests.personas import PASSWORD, Workspace
from tests.portal.visitor import Visitor

Enter = Callable[..., Page]


@pytest.fixture
def alice(workspace: Workspace) -> Iterator[Visitor]:
    """The owner, signed in."""
    with sign_in(workspace) as owner:
        yield owner


@pytest.fixture
def mallory(elsewhere: Workspace) -> Iterator[Visitor]:
    """The owner of another workspace, signed in over there."""
    with sign_in(elsewhere) as owner:
        yield owner


@pytest.fixture
def enter(open_page: Callable[..., Page]) -> Enter:
    """Signs the owner of a workspace in, in a browser profile of its own."""

    def enter_as_owner(workspace: Workspace, **options: object) -> Page:
        page = open_page(f"{workspace.origin}/login/", **options)
        page.get_by_label("Mail address").fill(workspace.owner_email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/")
        return page

    return enter_as_owner


@pytest.fixture
def buyer(workspace: Workspace, stripe: StripeStandIn) -> Iterator[Buyer]:
    """The owner's purse: what she pays, and the clock that it lives by."""
    purse = Buyer(workspace, stripe).live_by_a_clock()
    yield purse
    purse.control("DELETE", "faults")
