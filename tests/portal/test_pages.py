"""The pages that only tell, and what all pages of the portal have in common."""

from __future__ import annotations

import re

import pytest

from tenants.plans import PLANS
from tests.portal.visitor import Visitor, text_of

PAGES = ["/", "/pricing/", "/signup/", "/login/", "/login/sent/", "/dev/mail/", "/nothing/"]
UNSAFE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)


def test_prices_and_limits_are_those_that_are_enforced(visitor: Visitor) -> None:
    words = text_of(visitor.get("/pricing/"))
    for plan in PLANS.values():
        assert f"{plan.name} ${plan.price_usd} a month" in words.replace("$ ", "$")
        assert f"{plan.limits.max_connections:,}" in words
        assert f"{plan.limits.max_message_length:,}" in words


@pytest.mark.parametrize("path", PAGES)
def test_pages_carry_a_strict_policy_and_keep_to_it(visitor: Visitor, path: str) -> None:
    response = visitor.get(path)
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-frame-options"] == "DENY"
    assert not UNSAFE.search(response.text)


@pytest.mark.parametrize("path", PAGES)
def test_everything_a_page_loads_is_there(visitor: Visitor, path: str) -> None:
    page = visitor.get(path).text
    for asset in set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)):
        assert visitor.get(asset).status_code == 200, asset


def test_every_icon_that_is_asked_for_is_drawn(visitor: Visitor) -> None:
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', visitor.get("/static/snug/icons.svg").text))
    for path in PAGES:
        asked = set(re.findall(r"icons\.svg#([a-z-]*)", visitor.get(path).text))
        assert asked <= drawn


def test_the_portal_has_no_session_and_a_forged_one_is_ignored(visitor: Visitor) -> None:
    for name in ("sessionid", "snug_session", "snug_signup"):
        visitor.client.cookies.set(name, "forged")
    for path in ("/", "/signup/", "/signup/sent/", "/login/"):
        assert visitor.get(path).status_code in (200, 302)


def test_a_host_that_is_nobodys_gets_a_page_that_says_so(visitor: Visitor) -> None:
    for host in ("nobody-lives-here.localhost", "evil.example", "a.b.localhost", "xn--ls8h.localhost"):
        response = visitor.get("/", headers={"Host": host})
        assert (response.status_code, "nothing at this address" in text_of(response)) == (404, True)


@pytest.mark.parametrize(
    "path", ["/%00", "/%FF", "/signup/%2F", "/signup/confirm/%00/", "/dev/mail/..%2f..%2f/", "/%0a"]
)
def test_strange_paths_are_not_our_fault(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(path).status_code == 404


def test_a_button_s_address_is_explained_to_whoever_opens_it(visitor: Visitor) -> None:
    shown = visitor.get("/signup/resend/")
    assert (shown.status_code, "This address is not a page" in text_of(shown)) == (405, True)


def test_the_landing_page_calls_its_picture_one(visitor: Visitor) -> None:
    words = text_of(visitor.get("/"))
    assert "A drawing. The small numbers are those that the API gives every message" in words
    assert "Team" in words


@pytest.mark.parametrize("path", ["/", "/pricing/", "/signup/slug/", "/login/sent/", "/dev/mail/"])
def test_pages_that_only_tell_take_no_post(visitor: Visitor, path: str) -> None:
    assert visitor.client.post(path).status_code in (403, 405)
