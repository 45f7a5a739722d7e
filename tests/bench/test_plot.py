"""The pictures say what the figures say: scales, ticks, and names that do not lie on each other."""

import itertools
import math
from xml.etree import ElementTree

import pytest

from bench.curve import CURVES, drawn, table
from bench.plot import Line, Panel, Scale, apart, draw, scale, spaced

SVG = "{http://www.w3.org/2000/svg}"


def test_a_scale_is_logarithmic_and_ends_where_it_should() -> None:
    axis = Scale(1, 1000, 0, 300)
    assert [axis.at(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])


def test_an_axis_holds_all_its_values_and_a_flat_line_lies_in_the_middle() -> None:
    axis = scale([3, 700, 20], 0, 100)
    assert axis.low < 3 < 700 < axis.high
    assert scale([5, 5], 0, 100).at(5) == pytest.approx(50)


def test_an_axis_has_no_place_for_nothing() -> None:
    with pytest.raises(ValueError, match="0"):
        scale([0, 1], 0, 100)


def test_ticks_are_round_and_lie_on_the_axis() -> None:
    assert Scale(0.8, 30, 0, 1).ticks() == [1, 2, 5, 10, 20]
    assert Scale(0.8, 3000, 0, 1).ticks() == [1, 10, 100, 1000]


def test_places_too_near_each_other_have_one_label() -> None:
    assert spaced([0, 10, 40, 45, 90], 30) == [0, 2, 4]


def test_names_move_apart_in_their_order() -> None:
    moved = apart([50, 52, 10, 51], 15)
    assert sorted(range(4), key=lambda each: moved[each]) == [2, 0, 3, 1]
    assert all(after - before >= 15 for before, after in itertools.pairwise(sorted(moved)))


def test_a_picture_is_well_formed_and_holds_every_line_and_point() -> None:
    lines = [Line("snug", [(1, 2), (10, 4)], 0), Line("<bun> & co", [(1, 1), (10, 1)], 1, dashed=True)]
    root = ElementTree.fromstring(draw("a title", [Panel("CPU", "rooms", lines)] * 2))
    assert len(root.findall(f".//{SVG}circle")) == 8
    names = [each.text for each in root.iter(f"{SVG}text") if "name" in each.get("class", "")]
    assert names == ["snug", "<bun> & co"] * 2
    places = [float(each.get("cy", "nan")) for each in root.iter(f"{SVG}circle")]
    assert all(math.isfinite(place) for place in places)


def test_along_a_curve_deliveries_stay_the_same() -> None:
    for curve in CURVES.values():
        shapes = [curve.shape(place, 10) for place in curve.places]
        assert {round(shape.rate * shape.readers) for shape in shapes} == {curve.deliveries}
    assert CURVES["tenants"].shape(100, 10).tenants == 100


def test_less_than_a_clock_tick_is_told_in_the_table_and_left_out_of_the_picture() -> None:
    figures = {"server_us": 0.0, "last_p99_ms": 3.0}
    points = {"bun": {"1": figures, "10": figures | {"server_us": 4.0}}}
    assert "| bun: server CPU a delivery, µs | 0 | 4 | – | – |" in table(CURVES["rooms"], points)
    root = ElementTree.fromstring(drawn({"rooms": points})["rooms"])
    assert len(root.findall(f".//{SVG}circle")) == 3
