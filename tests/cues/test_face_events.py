import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.cues.face.events import find_events

TIMES = np.arange(0, 6, 0.04)


def hill(start: float, apex: float, end: float, height: float = 1.0) -> np.ndarray:
    way = np.clip(np.minimum((TIMES - start) / (apex - start), (end - TIMES) / (end - apex)), 0, 1)
    return height * (0.5 - 0.5 * np.cos(np.pi * way))


@given(st.floats(0.5, 2.0), st.floats(0.25, 1.0), st.floats(0.25, 1.0), st.floats(0.2, 5.0))
def test_one_hill_is_one_event_in_its_place(start: float, rise: float, fall: float, height: float) -> None:
    (event,) = find_events(TIMES, hill(start, start + rise, start + rise + fall, height), floor=0.15)
    assert event.apex_s == pytest.approx(start + rise, abs=0.1)
    assert event.peak == pytest.approx(height, rel=0.05)
    assert start - 0.05 <= event.onset_s < event.apex_s < event.offset_s <= start + rise + fall + 0.05


@given(st.lists(st.floats(0, 0.99), min_size=3, max_size=60))
def test_nothing_below_the_floor_is_an_event(values: list[float]) -> None:
    assert find_events(np.arange(len(values)) / 25, values, floor=1.0) == []


def test_the_apex_of_a_plateau_is_its_middle() -> None:
    curve = np.where((TIMES > 2.0) & (TIMES < 4.0), 1.0, hill(1.4, 2.0, 2.6) + hill(3.0, 4.0, 5.0))
    curve = np.minimum(curve, 1.0) + 0.02 * np.sin(40 * TIMES)
    (event,) = find_events(TIMES, curve, floor=0.3)
    assert event.apex_s == pytest.approx(3.0, abs=0.2)


def test_two_hills_with_a_deep_valley_are_two_events() -> None:
    curve = hill(0.5, 1.0, 1.6) + hill(1.4, 2.0, 2.8)
    assert [round(e.apex_s, 1) for e in find_events(TIMES, curve, floor=0.3)] == [1.0, 2.0]


def test_a_shallow_valley_does_not_split() -> None:
    curve = hill(0.5, 1.5, 3.5) * (1 - 0.2 * hill(1.7, 2.0, 2.3))
    assert len(find_events(TIMES, curve, floor=0.3)) == 1


def test_no_event_reaches_across_a_gap() -> None:
    curve = hill(0.5, 1.5, 2.5)
    curve[(TIMES > 1.4) & (TIMES < 1.6)] = np.nan
    first, second = find_events(TIMES, curve, floor=0.3)
    assert first.offset_s <= 1.41
    assert second.onset_s >= 1.59


def test_a_single_wild_sample_is_no_event() -> None:
    curve = np.full(len(TIMES), np.nan)
    curve[10] = 3.0
    assert find_events(TIMES, curve, floor=0.3) == []
