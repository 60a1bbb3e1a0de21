"""Curves, lanes, axis, wheel and plane: numbers that must be drawn as they are."""

import math
import re

import pytest
from explained_clip import cueset, curves, explanation, illustration
from hypothesis import given
from hypothesis import strategies as st

from emoreason.records import Clip, Cue, CueSet, Curve, EmotionProbability, Gap
from emoreason.records.labels import EMOTIONS
from emoreason.report.clip.illustration import Illustration
from emoreason.report.drawing.axis import Axis, axis_of
from emoreason.report.drawing.choice import choose
from emoreason.report.drawing.curves import GRID_HEIGHT, GRID_WIDTH, Range, envelope, path, thinned
from emoreason.report.drawing.lanes import stacked
from emoreason.report.drawing.plane import REACH, plane_of
from emoreason.report.drawing.timeline import Group, timeline_of
from emoreason.report.drawing.wheel import ORDER, RADIUS, wheel_of

values = st.lists(st.one_of(st.none(), st.floats(-50, 50, width=32)), min_size=1, max_size=400)


@given(values, st.integers(1, 60))
def test_thinning_keeps_the_peaks_of_every_column_and_invents_nothing(
    samples: list[float | None], columns: int
) -> None:
    times_s = tuple(n * 0.04 for n in range(len(samples)))
    length_s = len(samples) * 0.04
    curve = Curve(modality="face", code="AU12", times_s=times_s, values=tuple(samples))
    kept = [point for stretch in thinned(curve, length_s, columns) for point in stretch]
    measured = {(t, v) for t, v in zip(times_s, samples, strict=True) if v is not None}
    assert set(kept) <= measured
    assert kept == sorted(kept, key=lambda point: point[0])
    for column in range(columns):
        inside = [v for t, v in measured if int(t / (length_s / columns)) == column]
        left = [v for t, v in kept if int(t / (length_s / columns)) == column]
        if inside:
            assert (min(left), max(left)) == (min(inside), max(inside))


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    times_s = (0.0, 0.1, 0.2, 0.3, 0.4, 5.0, 5.1)
    curve = Curve(modality="voice", code="f0", times_s=times_s, values=(1.0, 1.0, None, 2.0, 2.0, 2.0, 2.0))
    stretches = thinned(curve, 6.0, 100)
    assert [[t for t, _ in stretch] for stretch in stretches] == [[0.0, 0.1], [0.3, 0.4], [5.0, 5.1]]
    assert path(stretches, 6.0, Range(0.0, 4.0)).count("M") == 3


@given(st.lists(st.floats(0, 5), min_size=2, max_size=60))
def test_a_path_ends_where_its_curve_ends(samples: list[float]) -> None:
    points = [(n * 0.1, value) for n, value in enumerate(samples)]
    drawn = path([points], points[-1][0], Range(0.0, 5.0))
    numbers = [int(number) for number in re.findall(r"-?\d+", drawn)]
    steps = list(zip(numbers[2::2], numbers[3::2], strict=False))
    assert numbers[0] + sum(x for x, _ in steps) == GRID_WIDTH
    assert numbers[1] + sum(y for _, y in steps) == round(GRID_HEIGHT * (1 - samples[-1] / 5.0))


def test_a_waveform_keeps_its_loudest_moment() -> None:
    peaks = [(-0.01, 0.01)] * 5_000
    peaks[3_210] = (-0.9, 0.8)
    drawn = envelope(peaks, 500)
    assert len(drawn) < 12_000
    tops = [int(number) for number in re.findall(r"-?\d+", drawn)][1::2]
    assert min(tops) < -200


def test_zooms_end_where_about_a_second_is_in_view_and_ticks_come_with_them() -> None:
    assert Axis(7.0).zooms() == (1, 2, 4)
    assert Axis(3600.0).zooms()[-1] == 64
    ticks = list(Axis(7.0).ticks())
    assert [tick.label for tick in ticks if tick.zoom == 1] == [f"0:0{n}" for n in range(7)]
    assert len({tick.percent for tick in ticks}) == len(ticks)


def test_the_axis_of_a_picture_and_of_timeless_cues_is_none() -> None:
    assert axis_of(CueSet(clip=Clip(id="x", duration_s=0.0)), ()) is None
    assert axis_of(CueSet(clip=Clip(id="x"), cues=(Cue(id="a", modality="face", code="AU1"),)), ()) is None
    timed = Cue(id="a", modality="face", code="AU1", start_s=1.0, end_s=4.0)
    assert axis_of(CueSet(clip=Clip(id="x"), cues=(timed,)), ()) == Axis(4.0)


def test_overlapping_events_lie_in_different_lanes() -> None:
    spans = [(0.0, 4.0), (1.0, 2.0), (2.5, 3.0), (5.0, 6.0)]
    cues = [
        Cue(id=f"voice.f0_mean.{n}", modality="voice", code="f0_mean", start_s=start, end_s=end)
        for n, (start, end) in enumerate(spans)
    ]
    choice = choose(CueSet(clip=Clip(id="x"), cues=tuple(cues)), explanation())
    tops = [event.y for event in stacked(cues, Axis(8.0), choice).events]
    assert tops[0] == tops[3]
    assert tops[1] == tops[2] != tops[0]


def groups(gaps: tuple[Gap, ...] = ()) -> dict[str, Group]:
    clip = cueset(gaps=gaps) if gaps else cueset()
    axis = axis_of(clip, curves())
    assert axis is not None
    drawn = timeline_of(clip, curves(), illustration(), choose(clip, explanation()), axis)
    return {group.modality: group for group in drawn.groups}


def test_rows_are_those_with_events_or_curves() -> None:
    face = groups()["face"]
    assert [row.code for row in face.rows] == ["AU1", "AU12", "AU25"]
    assert [row.drawing is not None for row in face.rows] == [True, True, False]
    voice = groups()["voice"]
    assert [row.code for row in voice.rows] == ["wave", "f0"]
    assert [row.code for row in voice.more] == ["f0_mean", "jitter"]


def test_action_units_share_one_scale_so_that_heights_can_be_compared() -> None:
    first, second, _ = groups()["face"].rows
    assert first.drawing is not None
    assert second.drawing is not None
    assert first.drawing.scale == second.drawing.scale == "0 to 3"
    assert (first.scale, second.scale) == ("0 to 3", "")


def test_a_gap_of_a_part_is_hatched_there_and_one_of_the_whole_gets_a_row_or_stands_in_the_title() -> None:
    drawn = groups()
    assert [(gap.x, gap.width) for gap in drawn["face"].gaps] == [("85.714%", "7.143%")]
    assert [(gap.x, gap.width) for gap in drawn["physiology"].gaps] == [("0%", "100%")]
    unclear = groups((Gap(modality="face", reason="several_faces"),))["face"]
    assert unclear.gaps == ()
    assert unclear.unclear == ("several faces, and it is not known which one is meant",)


def test_the_cited_are_listed_first_when_there_are_too_many() -> None:
    cues = tuple(
        Cue(id=f"face1.AU12.{n}", modality="face", code="AU12", start_s=float(n), end_s=n + 1.0 + n / 100)
        for n in range(1, 50)
    )
    told = explanation(claims=(), label_cues={"happy": ("face1.AU12.1",)})
    choice = choose(CueSet(clip=Clip(id="x"), cues=cues), told, most=5)
    assert list(choice.listed) == ["face1.AU12.1", "face1.AU12.46", "face1.AU12.47", "face1.AU12.48", "face1.AU12.49"]
    assert len(choice.others) == 44


def area(outline: str) -> float:
    """Area of a ring sector from its own path."""
    radii = [float(radius) for radius in re.findall(r"A([\d.]+) ", outline)]
    return math.pi / 6 * (radii[0] ** 2 - radii[1] ** 2)


@given(st.lists(st.floats(0.01, 1.0), min_size=7, max_size=7))
def test_areas_of_the_wheel_are_the_probabilities(weights: list[float]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    wheel = wheel_of([EmotionProbability(label, share) for label, share in zip(EMOTIONS, shares, strict=True)])
    assert wheel is not None
    whole = math.pi / 6 * RADIUS**2
    drawn = {sector.label: area(sector.path) / whole for sector in wheel.sectors}
    drawn["neutral"] = math.pi * wheel.neutral_radius**2 / whole
    assert set(drawn) == {*ORDER, "neutral"}
    for label, share in zip(EMOTIONS, shares, strict=True):
        assert drawn[label] == pytest.approx(share, abs=0.004)


def test_no_wheel_of_other_classes_and_no_plane_without_values() -> None:
    assert wheel_of([EmotionProbability("contempt", 1.0)]) is None
    assert plane_of(None, 0.3, ()) is None


def test_up_is_activated_and_right_is_pleasant() -> None:
    plane = plane_of(0.5, 0.25, [EmotionProbability("happiness", 1.0)])
    assert plane is not None
    assert (plane.x, plane.y) == (0.5 * REACH, -0.25 * REACH)
    anchors = {anchor.label: anchor for anchor in plane.anchors}
    assert set(anchors) == set(EMOTIONS)
    assert anchors["sadness"].x < 0 < anchors["sadness"].y
    assert anchors["happiness"].radius > anchors["fear"].radius


def test_no_illustration_draws_no_sound() -> None:
    axis = Axis(7.0)
    drawn = timeline_of(cueset(), (), Illustration(), choose(cueset(), explanation()), axis)
    assert drawn.wave == ""
    assert not [row for group in drawn.groups for row in group.rows if row.wave]


@pytest.mark.parametrize("length_s", [0.01, 7.0, 3600.0, 360_000.0, 1e12])
def test_the_ticks_of_any_length_are_few(length_s: float) -> None:
    ticks = list(Axis(length_s).ticks())
    assert ticks[0].percent == "0%"
    assert len(ticks) <= 2 * 8 * 64 + 1
