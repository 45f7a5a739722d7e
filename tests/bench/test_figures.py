"""The benchmark's own arithmetic: a wrong figure is worse than none."""

import pytest

from bench import durable
from bench.figures import CannotBeTrueError, check, check_cpu, medians, percentile
from bench.report import Row, Section, table
from bench.shapes import Shape


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0), (0.0, 1.0)]
)
def test_a_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    assert percentile([float(each) for each in range(1, 101)], share) == value


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.99) == 7.0


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(CannotBeTrueError):
        percentile([], 0.5)


def test_each_figure_has_its_own_median() -> None:
    runs = [{"a": 1.0, "b": 30.0}, {"a": 9.0, "b": 10.0}, {"a": 2.0, "b": 20.0}]
    assert medians(runs) == {"a": 2.0, "b": 20.0}


def test_loss_is_a_result_and_passes_the_check() -> None:
    check(sent=10, readers=5, delivered=2, twice=0, latencies=[1.0, 2.0])


@pytest.mark.parametrize(
    ("sent", "readers", "delivered", "twice", "latencies"),
    [
        (0, 5, 0, 0, []),
        (10, 5, 0, 0, []),
        (1, 1, 2, 0, [1.0, 2.0]),
        (1, 5, 2, 1, [1.0, 2.0]),
        (1, 5, 2, 0, [1.0]),
        (1, 5, 2, 0, [1.0, -0.1]),
    ],
    ids=["none sent", "none came", "more than sent", "one twice", "one untimed", "before it was sent"],
)
def test_counts_that_contradict_each_other_are_refused(
    sent: int, readers: int, delivered: int, twice: int, latencies: list[float]
) -> None:
    with pytest.raises(CannotBeTrueError):
        check(sent=sent, readers=readers, delivered=delivered, twice=twice, latencies=latencies)


def test_more_cpu_than_the_machine_has_is_refused() -> None:
    check_cpu(1.9, wall=1.0, cores=2, role="server")
    with pytest.raises(CannotBeTrueError):
        check_cpu(2.5, wall=1.0, cores=2, role="server")


def test_rooms_fill_evenly() -> None:
    shape = Shape(rooms=4, connections=12, rate=1, seconds=1)
    rooms = [room for _, room in shape.clients]
    assert {rooms.count(room) for room in shape.room_names} == {3} == {shape.readers}


def test_a_rooms_clients_spread_over_the_web_processes_and_rooms_over_the_tenants() -> None:
    shape = Shape(rooms=4, connections=16, rate=1, seconds=1, workers=2, tenants=2)
    assert [shape.worker_of(number) for number, room in shape.clients if room == "bench3"] == [0, 1, 0, 1]
    assert [shape.tenant_of(room) for room in shape.room_names] == [0, 1, 0, 1]


def test_more_acknowledged_than_stored_is_refused() -> None:
    durable.check(sent=10, acknowledged=9, stored=10)
    for sent, acknowledged, stored in ((10, 10, 9), (10, 10, 11), (10, 0, 0)):
        with pytest.raises(CannotBeTrueError):
            durable.check(sent, acknowledged, stored)


def test_a_server_that_could_not_start_is_named_with_the_reason() -> None:
    section = Section("fanout", "a shape", ("p50_ms", "server_us"))
    section.rows = [
        Row("snug", [{"p50_ms": 1.5, "server_us": 12.0}]),
        Row("bun", reason="npm is not installed"),
    ]
    printed = table(section)
    assert "| snug | 1.5 | 12 |" in printed
    assert "| bun | left out: npm is not installed |" in printed
