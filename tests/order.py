"""In what order tests are dealt out to the test processes, so that no core waits for a test that could have waited
beside another.

pytest-xdist gives each test process a stretch of the collection, and whoever comes to its end takes over half
of what is left elsewhere. What is named here comes at the beginning of a stretch: the rest is short, and evens out.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

# What one process begins with, by the beginnings of tests' names.
LANES: Final = (
    # They wait for minutes in all, mostly on stacks of their own: beside two who compute.
    (
        "tests/faults/test_vanished.py",
        "tests/faults/",
        "tests/containers/",
        "tests/webhooks/",
        "tests/launch/",
        "tests/bench/",
        "tests/clients/",
        "tests/realtime/test_guide_client.py",
    ),
    # Rounds look at every workspace that there is: the fewer came before, the sooner they are round.
    (
        "tests/isolation/test_jobs.py",
        "tests/billing/",
        "tests/isolation/test_stress.py",
        "tests/isolation/",
        "tests/browser/",
    ),
    # They compute the longest.
    (
        "tests/house/test_house.py",
        "tests/api/test_schemathesis.py",
        "tests/hostile/",
        "tests/console/",
        "tests/widget/",
    ),
)


def dealt(names: Sequence[str], items: Sequence[T], processes: int) -> list[T]:
    """The items, which have these names, in the order for so many test processes. Tests of one file stay together,
    and in their order, but for where a stretch ends."""
    heads: list[list[T]] = [[] for _ in range(processes)]
    left = dict(enumerate(names))
    for n, lane in enumerate(LANES):
        for beginning in lane:
            found = [index for index, name in left.items() if name.startswith(beginning)]
            heads[n % processes] += [items[index] for index in found]
            for index in found:
                del left[index]
    rest = [items[index] for index in left]
    order: list[T] = []
    for n, head in enumerate(heads):
        stretch = (len(items) - len(order)) // (processes - n)
        filling = max(0, stretch - len(head))
        order += head + rest[:filling]
        rest = rest[filling:]
    return order + rest
