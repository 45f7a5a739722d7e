"""Version 1 only grows. Its promises are on record, line by line, and a line never goes before its `Sunset`.

`SNUG_RECORD_CONTRACT=1 bin/test tests/contract` adds what is new to the record; it takes nothing away.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.contract.facts import all_facts

HERE = Path(__file__).parent
RECORD = HERE / "v1.txt"
CHANGELOG = HERE.parents[1] / "docs/changelog.md"


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    known = set(RECORD.read_text().splitlines())
    if os.environ.get("SNUG_RECORD_CONTRACT"):
        known |= all_facts() - _needier(known)
        RECORD.write_text("".join(f"{fact}\n" for fact in sorted(known)))
    return known


def _needier(recorded: set[str]) -> set[str]:
    """What calls that there were need by now, and did not."""
    calls = {found[0] for fact in recorded if (found := re.match(r"(?:[A-Z]+|socket takes) \S+", fact))}
    return {
        fact
        for fact in all_facts() - recorded
        if " takes " in fact and ": " in fact and not fact.endswith("optional")
        if any(fact.startswith(f"{call} ") for call in calls)
        if not _of_something_new(fact, recorded)
    }


def _of_something_new(fact: str, recorded: set[str]) -> bool:
    """Whether this is a field of an object that is new itself: whoever leaves that away need not know of it."""
    around = fact.partition(": ")[0].rpartition(".")[0]
    return bool(around) and not any(known.startswith(f"{around}: ") for known in recorded)


def test_nothing_that_was_promised_is_gone(recorded: set[str]) -> None:
    assert len(recorded) > 500
    gone = sorted(recorded - all_facts())
    assert not gone, "customers rely on this; let it end by `ending` (api/lifecycle.py) instead"


def test_what_is_new_is_on_record(recorded: set[str]) -> None:
    new = sorted(all_facts() - recorded)
    assert not new, (
        "record it: SNUG_RECORD_CONTRACT=1 bin/test tests/contract; and tell it in docs/changelog.md"
    )


def test_no_call_that_there_was_needs_more_than_it_did(recorded: set[str]) -> None:
    assert not sorted(_needier(recorded))


def test_the_changelog_is_dated_newest_first() -> None:
    dates = re.findall(r"^## (\S+)", CHANGELOG.read_text(), re.MULTILINE)
    assert dates
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) for date in dates)
    assert dates == sorted(set(dates), reverse=True)
