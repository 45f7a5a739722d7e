"""The order of the tests loses none, and begins each process's stretch with what it must not end with."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.order import LANES, dealt

PROJECT = Path(__file__).resolve().parents[2]
NAMES = [
    f"{beginning}{'' if beginning.endswith('.py') else 'test_x.py'}::test_{n}"
    for lane in LANES
    for beginning in lane
    for n in range(3)
] + [f"tests/rooms/test_{file}.py::test_{n}" for file in range(20) for n in range(5)]


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_every_test_is_dealt_once(processes: int) -> None:
    names = sorted(NAMES)
    assert sorted(dealt(names, names, processes)) == names


def test_each_of_three_processes_begins_with_a_lane_of_its_own() -> None:
    names = sorted(NAMES)
    order = dealt(names, names, 3)
    starts = [0, len(order) // 3, len(order) // 3 + (len(order) - len(order) // 3) // 2]
    assert [order[start].partition("::")[0] for start in starts] == [lane[0] for lane in LANES]


@pytest.mark.parametrize("processes", [1, 3])
def test_tests_of_one_file_stay_together_and_in_their_order(processes: int) -> None:
    names = sorted(NAMES)
    order = dealt(names, names, processes)
    files = [name.partition("::")[0] for name in order]
    changes = sum(file != following for file, following in pairwise(files))
    assert changes <= len(set(files)) - 1 + (processes - 1)
    for file in set(files):
        own = [name for name in order if name.startswith(f"{file}::")]
        assert own == sorted(own)


def test_all_that_is_named_is_there() -> None:
    for lane in LANES:
        for beginning in lane:
            assert (PROJECT / beginning).exists(), beginning
