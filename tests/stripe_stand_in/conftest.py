"""One stand-in for all tests of a process; those that change its settings or stop it start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stripe_stand_in.running import Receiver, StandIn


def _run(folder: Path) -> Iterator[StandIn]:
    receiver = Receiver()
    stand_in = StandIn(folder, receiver)
    stand_in.start()
    yield stand_in
    stand_in.stop()
    receiver.close()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    yield from _run(tmp_path_factory.mktemp("stripe"))


@pytest.fixture
def own_stand_in(tmp_path: Path) -> Iterator[StandIn]:
    yield from _run(tmp_path)
