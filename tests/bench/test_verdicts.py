"""A verdict is computed from the run's own figures, and says nothing where they are missing."""

from bench.figures import Figures
from bench.report import Row, Section
from bench.verdicts import Verdict, table, verdicts


def section(name: str, **servers: list[Figures]) -> Section:
    return Section(name, "a shape", (), [Row(peer, runs) for peer, runs in servers.items()])


def fanout(ours: float, socketio: float, bun: float) -> Section:
    return section(
        "fanout",
        snug=[{"server_us": ours, "last_p99_ms": 12.0, "commit_ms": 3.0}],
        socketio=[{"server_us": socketio, "last_p99_ms": 10.0}],
        bun=[{"server_us": bun, "last_p99_ms": 5.0}],
    )


def by_goal(found: list[Verdict]) -> dict[str, Verdict]:
    return {each.goal: each for each in found}


def test_a_ceiling_is_met_at_the_bound_and_missed_above_it() -> None:
    found = verdicts([fanout(ours=6.0, socketio=10.0, bun=4.0)])[:2]
    assert [(each.bound, each.met) for each in found] == [(6.0, True), (4.0, False)]
    assert found[1].says == "**missed by a factor of 1.50**"


def test_latency_may_exceed_socketio_by_one_commit() -> None:
    latency = verdicts([fanout(6.0, 10.0, 4.0)])[2]
    assert (latency.bound, latency.met, latency.measured) == (13.0, True, "12 ms")


def test_a_floor_is_missed_below_the_bound() -> None:
    ours, theirs = [{"connects_per_s": 400.0}], [{"connects_per_s": 800.0}]
    first, second = verdicts([section("connects", snug=ours, socketio=theirs)])
    assert (first.bound, first.met, first.says) == (800.0, False, "**missed by a factor of 2.00**")
    assert (second.bound, second.met) == (1200.0, False)


def test_the_median_of_the_runs_counts() -> None:
    runs = [{"rss_kib": value} for value in (90.0, 21.0, 22.0)]
    first, second = verdicts([section("memory", snug=runs)])
    assert (first.measured, first.met, second.met) == ("22 KiB", True, False)
    assert first.says == "met, 1.14 times better"


def test_durable_messages_are_held_against_the_single_commits_of_the_same_run() -> None:
    (verdict,) = verdicts([section("durable", snug=[{"durable_per_s": 5000.0, "one_commit_per_s": 200.0}])])
    assert (verdict.bound, verdict.met) == (4000.0, True)
    assert "4,000 /s" in table([verdict])


def test_a_change_below_nothing_has_no_factor() -> None:
    runs = [{"change_percent": -3.0, "closed_4008_share": 1.0}]
    verdict, closed = verdicts([section("stalled", snug=runs)])
    assert closed.met
    assert (verdict.met, verdict.says) == (True, "met")


def test_a_peer_that_was_left_out_leaves_its_goal_open() -> None:
    alone = section("rooms", snug=[{"server_us": 30.0}], socketio=[])
    assert {(each.met, each.says) for each in verdicts([alone])} == {
        (None, "nothing to set it beside in this run")
    }


def test_what_was_not_measured_has_no_verdict() -> None:
    assert verdicts([section("fanout", socketio=[{"server_us": 1.0, "last_p99_ms": 1.0}])]) == []
