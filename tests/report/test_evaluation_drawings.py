"""Drawings of an evaluation's page: places on axes by hand, shades of matrices, curves, whatever numbers come."""

import math
import re
from typing import Any

import pytest
from evaluation_reports import confusion, difference, interval, measure, report, suites
from hypothesis import given
from hypothesis import strategies as st

from emoreason.report.evaluation.chart import bars_chart, chart_of, value_of
from emoreason.report.evaluation.differences import LEVEL, duels, gaps_of, verdict
from emoreason.report.evaluation.heat_map import SHADES, heat_map
from emoreason.report.evaluation.line_chart import BOTTOM, LEFT, RIGHT, TOP, line_chart
from emoreason.report.evaluation.pictures import drawings
from emoreason.report.evaluation.scale import scale_of, written, written_p
from emoreason.report.evaluation.suites import suite_view, systems_of

ANY_NUMBER = st.one_of(st.none(), st.floats(), st.integers(), st.booleans(), st.text(max_size=3))


def test_places_of_values_on_an_axis() -> None:
    chart = chart_of([value_of("a", interval(0.5, 0.25)), value_of("b", {"value": 1.0})], title="")
    # 0.25 to 1.0: ticks every 0.2 from 0.2 to 1.0
    assert [tick.label for tick in chart.ticks] == ["0.2", "0.4", "0.6", "0.8", "1.0"]
    first, second = chart.rows
    assert (first.x, first.low, first.high) == ("37.5%", "6.25%", "68.75%")
    assert (first.value, first.interval) == ("0.500", "[0.250, 0.750]")
    assert (second.x, second.low, second.high, second.interval) == ("100%", None, None, "")


def test_zero_has_its_line_and_numbers_their_sign() -> None:
    chart = bars_chart({"bars": [["up", 0.3, 0.1, 0.5], ["down", -0.1, None, None]], "zero": True})
    assert chart.zero == f"{100 * 0.2 / 0.8:.2f}".rstrip("0").rstrip(".") + "%"  # from −0.2 to 0.6
    assert [row.value for row in chart.rows] == ["+0.300", "−0.100"]


@given(st.lists(ANY_NUMBER, max_size=6), st.booleans(), st.booleans())
def test_every_list_of_numbers_has_an_axis_or_none(values: list[Any], zero: bool, unit: bool) -> None:
    known = [value_of("", {"value": value}).value for value in values]
    scale = scale_of(known, zero=zero, unit=unit)
    drawn = [value for value in known if value is not None and abs(value) <= 1e12]
    assert (scale is None) == (not drawn)
    if scale is not None:
        slack = 1e-6 * scale.step
        assert all(scale.low - slack <= value <= scale.high + slack for value in drawn)
        assert 2 <= len(scale.values()) <= 12
        assert len({tick.label for tick in scale.ticks()}) == len(scale.values())


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_written_numbers_are_close_and_short(value: float) -> None:
    text = written(value)
    assert len(text) <= 9
    assert float(text.replace("−", "-")) == pytest.approx(value, rel=0.06, abs=5.1e-4)


def test_p_values_are_never_zero() -> None:
    assert [written_p(value) for value in (0.0, 0.00099, 0.001, 1.0)] == ["< 0.001", "< 0.001", "0.001", "1.000"]


def test_counts_are_shaded_by_their_row() -> None:
    matrix = {"rows": ["a", "b"], "columns": ["a", "b"], "values": [[90, 10], [1, 1]], "of": "clips"}
    drawn = heat_map(matrix)
    assert [[cell.shade for cell in cells] for _, cells in drawn.rows] == [[9, 1], [5, 5]]
    assert [[cell.text for cell in cells] for _, cells in drawn.rows] == [["90", "10"], ["1", "1"]]
    assert drawn.caption == "clips; shaded by the share of the row"


def test_shares_are_shaded_by_the_largest_and_holes_stay_empty() -> None:
    drawn = heat_map({"rows": ["a", "b"], "columns": ["a", "b"], "values": [[0.5, None], [-0.25]]})
    (_, (half, hole)), (_, (below, missing)) = drawn.rows
    assert (half.text, half.shade, hole.text, hole.shade) == ("0.50", SHADES, "", 0)
    assert (below.text, below.shade, below.below) == ("−0.250", 5, True)
    assert missing.text == ""


def test_wide_matrices_give_up_their_numbers() -> None:
    names = [f"label {number}" for number in range(30)]
    assert heat_map({"rows": names, "columns": names, "values": [[0.1] * 30] * 30}).dense
    assert heat_map(confusion()).upright


def test_curves_stand_where_their_numbers_say() -> None:
    drawn = line_chart({"series": {"a": [(0, 0), (0.5, 1), (1, 0.5)]}, "diagonal": True})
    middle = (TOP + BOTTOM) / 2
    assert drawn.curves[0].path == f"M{LEFT} {BOTTOM}L{(LEFT + RIGHT) / 2:g} {TOP}L{RIGHT} {middle:g}"
    assert drawn.diagonal == f"M{LEFT} {BOTTOM}L{RIGHT} {TOP}"
    assert drawn.x_ticks[0] == (LEFT, "0")
    assert drawn.x_ticks[-1] == (RIGHT, "1.0")
    assert drawn.curves[0].band == ""


def test_long_curves_are_thinned_but_keep_their_ends() -> None:
    points = [(number / 9999, math.sin(number)) for number in range(10_000)]
    curve = line_chart({"series": {"a": points}, "bands": {"a": [(x, y - 1, y + 1) for x, y in points]}}).curves[0]
    assert curve.path.count("L") < 300
    assert curve.path.startswith(f"M{LEFT} ")
    assert f"L{RIGHT} " in curve.path
    assert (curve.table[0][0], curve.table[-1][0]) == ("0.000", "1.000")
    assert curve.marks == ()
    assert curve.n_points == 10_000


@given(st.lists(st.lists(ANY_NUMBER, max_size=3), max_size=5))
def test_points_that_are_none_are_left_out(points: list[list[Any]]) -> None:
    drawn = line_chart({"series": {"a": points}, "bands": {"a": points}, "diagonal": True})
    assert all("nan" not in curve.path and "inf" not in curve.path for curve in drawn.curves)


def test_pictures_of_another_kind_are_left_out() -> None:
    assert drawings([{"kind": "pie"}, 3, {"kind": ["matrix"]}]) == ()
    assert drawings(None) == ()


def gaps(value: float, p: float | None) -> dict:
    return gaps_of({"differences": [difference("ours", "majority", value, p)]})


def test_a_verdict_follows_the_corrected_test() -> None:
    def said(value: float, p: float | None, *, higher: bool = True) -> str | None:
        return verdict("ours", ["majority"], gaps(value, p), higher_is_better=higher)

    assert said(0.2, 0.001) == "ours is clearly better than every control."
    assert said(0.2, LEVEL) == "ours is not clearly better than majority."  # four times as much after the correction
    assert said(-0.2, 0.001) == "ours is clearly worse than majority."
    assert said(-0.2, 0.001, higher=False) == "ours is clearly better than every control."
    assert said(0.2, None) == "ours is clearly better than every control."  # no test: the interval leaves out 0
    assert said(0.04, None) == "ours is not clearly better than majority."
    assert verdict("ours", ["other"], gaps(0.2, 0.001), higher_is_better=True) is None


def test_differences_are_read_in_both_directions() -> None:
    found = gaps(0.2, 0.001)
    turned = found["majority", "ours"]
    assert (turned.value, turned.low, turned.high) == pytest.approx((-0.2, -0.25, -0.15))
    assert turned.outcome(higher_is_better=True) == "worse"
    drawn = duels(["ours", "majority"], "UAR", found, higher_is_better=True)
    assert drawn is not None
    assert [[cell.text for cell in cells] for _, cells in drawn.rows] == [["", "+0.200*"], ["−0.200*", ""]]


def test_a_suite_says_what_it_beats_and_what_not() -> None:
    systems = systems_of(report())
    first, second = (suite_view(suite, number, systems) for number, suite in enumerate(suites()))
    assert first.verdicts == ("ours is clearly better than every control.",)
    assert second.verdicts == ("ours is not clearly better than transcript; clearly better than 2 of 3 controls.",)
    assert (first.best_control, second.best_control) == ("transcript", "transcript")
    assert [named.name for named in second.systems] == ["ours", "majority", "shuffled", "transcript"]
    assert second.unscored == (("constant-list", "it gives no shares"),)
    assert first.notes[0] == ("Labels are mapped to the classes of the gold.", "")
    assert first.notes[1] == ("One clip has no prediction.", "ours")
    assert first.main is not None
    assert [row.role for row in first.main.rows] == ["system", *["control"] * 4]
    assert re.fullmatch(r"\+0\.320 \[\+0\.270, \+0\.370\], p \(Holm\) = 0\.002", first.main.rows[1].note)


def test_where_neither_is_better_nothing_is_claimed() -> None:
    suite = {"suite": "x", "measures": [measure("words", {"ours": 5.0, "majority": 1.0}, higher_is_better=None)]}
    view = suite_view(suite, 0, systems_of(report()))
    assert view.verdicts == ()
    assert view.best_control is None
    assert view.better == "neither high nor low is better"
