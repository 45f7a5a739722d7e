"""Filters, repeats and the hook in the console; and for whom."""

from __future__ import annotations

import re

import pytest

from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of

PAGE = "/console/moderation/"
FILTER = {"filter-kind": "word", "filter-pattern": "heck", "filter-action": "mask"}


@pytest.fixture
def alice(workspace: Workspace) -> Visitor:
    return sign_in(workspace)


def test_a_filter_is_added_shown_and_deleted(alice: Visitor) -> None:
    assert "No filter yet" in text_of(alice.get(PAGE))
    assert alice.post(f"{PAGE}filters/", FILTER, page=PAGE).headers["location"] == f"{PAGE}#filters"
    shown = alice.get(PAGE)
    assert "heck" in text_of(shown)
    assert "is masked with dots" in text_of(shown)
    again = alice.post(f"{PAGE}filters/", FILTER, page=PAGE)
    assert (again.status_code, "is for this already" in again.text) == (422, True)
    assert shown.text.index("A word</span>") < shown.text.index("<bdi>heck</bdi>")
    assert "is always allowed (for links only)" in shown.text
    path = re.search(r'action="(/console/moderation/filters/flt_\d+/delete/)"', shown.text)
    assert path is not None
    for _ in range(2):  # the second time by somebody whose page is old
        assert alice.post(path[1], {}, page=PAGE).status_code == 302
    assert "No filter yet" in text_of(alice.get(PAGE))


def test_a_filter_that_finds_nothing_is_refused_with_what_was_typed(alice: Visitor) -> None:
    typed = {**FILTER, "filter-pattern": "<b>", "filter-kind": "link"}
    answer = alice.post(f"{PAGE}filters/", typed, page=PAGE)
    assert answer.status_code == 422
    assert "For links a domain" in text_of(answer) or "for links a domain" in text_of(answer)
    assert "&lt;b&gt;" in answer.text


def test_repeats_are_limited_and_allowed_again(alice: Visitor) -> None:
    form = {"repeats-most": "2", "repeats-seconds": "3600"}
    assert alice.post(f"{PAGE}repeats/", form, page=PAGE).status_code == 302
    assert "more than 2 times within 3,600 seconds" in text_of(alice.get(PAGE))
    bad = alice.post(f"{PAGE}repeats/", {**form, "repeats-most": "many"}, page=PAGE)
    assert (bad.status_code, "Enter a whole number." in bad.text) == (422, True)
    assert "more than 2 times" in text_of(bad)
    alice.post(f"{PAGE}repeats/remove/", {}, page=PAGE)
    assert "as often as they like" in text_of(alice.get(PAGE))


def test_the_secret_of_a_hook_is_shown_once(alice: Visitor) -> None:
    form = {"hook-url": "https://shop.example.com/before", "hook-on_failure": "refuse"}
    assert alice.post(f"{PAGE}hook/", form, page=PAGE).status_code == 302
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", alice.get(PAGE).text)
    later = alice.get(PAGE)
    assert "whsec_" not in later.text
    assert "the message is refused" in text_of(later)
    bad = alice.post(f"{PAGE}hook/", {**form, "hook-url": "http://10.0.0.1/"}, page=PAGE)
    assert bad.status_code == 422
    alice.post(f"{PAGE}hook/remove/", {}, page=PAGE)
    assert "shop.example.com/before<" not in alice.get(PAGE).text


def test_the_form_of_a_hook_says_what_is_set_and_allows_at_first(alice: Visitor) -> None:
    def chosen() -> str:
        select = alice.get(PAGE).text.partition('name="hook-on_failure"')[2].partition("</select>")[0]
        return "".join(re.findall(r'value="(\w+)" selected', select))

    form = {"hook-url": "https://shop.example.com/before", "hook-on_failure": "refuse"}
    assert chosen() == "allow"
    alice.post(f"{PAGE}hook/", form, page=PAGE)
    assert chosen() == "refuse"
    alice.post(f"{PAGE}hook/remove/", {}, page=PAGE)
    assert chosen() == "allow"


def test_a_hook_gets_another_secret_which_is_shown_once(alice: Visitor) -> None:
    form = {"hook-url": "https://shop.example.com/before", "hook-on_failure": "refuse"}
    alice.post(f"{PAGE}hook/", form, page=PAGE)
    secret = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")
    first = secret.findall(alice.get(PAGE).text)
    assert alice.post(f"{PAGE}hook/rotate/", {}, page=PAGE).status_code == 302
    second = secret.findall(alice.get(PAGE).text)
    assert (len(first), len(second), first != second) == (1, 1, True)
    assert not secret.findall(alice.get(PAGE).text)


@pytest.mark.parametrize("role", ["moderator", "agent"])
def test_only_those_who_administer_come_here(workspace: Workspace, role: str) -> None:
    other = sign_in(workspace, hire(workspace, role))
    assert other.get(PAGE).status_code == 403
    assert PAGE not in other.get("/console/").text
    assert other.post(f"{PAGE}filters/", FILTER, page="/console/").status_code == 403
    assert PAGE in sign_in(workspace).get("/console/").text
