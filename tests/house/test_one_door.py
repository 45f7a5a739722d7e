"""Nobody goes round the one door into a tenant; and each rule that says so can fail."""

from __future__ import annotations

import ast

import pytest

from tests.house.one_door import RULES
from tests.house.rules import Rule, modules
from tests.house.shared_state import KNOWN, SHARED_STATE, name_of, shared_state

BAD = [(rule, n) for rule in RULES for n in range(len(rule.bad))]
GOOD = [(rule, n) for rule in RULES for n in range(len(rule.good))]


def breaches(rule: Rule) -> dict[str, list[str]]:
    """What breaks a rule, by module; the modules that are allowed to included."""
    found = {path: rule.complaints(path, tree) for path, tree in modules().items()}
    return {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not SHARED_STATE], ids=str)
def test_the_product_keeps_the_rule(rule: Rule) -> None:
    found = breaches(rule)
    wrong = [line for path, lines in found.items() if path not in rule.allowed for line in lines]
    assert wrong == [], "\n".join(wrong)
    assert set(rule.allowed) <= set(found), "an exception that nobody needs any more"


def test_what_outlives_a_request_is_known_by_name() -> None:
    found = {path: {name_of(node) for node in shared_state(tree)} for path, tree in modules().items()}
    found = {path: names for path, names in found.items() if names}
    assert found == {path: set(names) for path, names in KNOWN.items()}, SHARED_STATE.says


@pytest.mark.parametrize(("rule", "n"), BAD, ids=[f"{rule}-{n}" for rule, n in BAD])
def test_the_rule_sees_what_it_forbids(rule: Rule, n: int) -> None:
    # In a place to which every rule applies, and which none excepts.
    assert rule.complaints("portal/tasks.py", ast.parse(rule.bad[n]))


@pytest.mark.parametrize(("rule", "n"), GOOD, ids=[f"{rule}-{n}" for rule, n in GOOD])
def test_the_rule_lets_pass_what_only_looks_like_it(rule: Rule, n: int) -> None:
    assert rule.complaints("portal/tasks.py", ast.parse(rule.good[n])) == []


def test_the_rules_read_the_whole_product() -> None:
    """Every folder with code of ours; one that were left out would be free of all rules."""
    folders = {path.partition("/")[0] for path in modules()}
    assert {
        "accounts",
        "api",
        "audit",
        "config",
        "console",
        "portal",
        "realtime",
        "rooms",
        "tenants",
        "widget",
        "workspaces",
    } <= folders
    assert len(modules()) > 100
