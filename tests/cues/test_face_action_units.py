import numpy as np
import pytest

from emoreason.cues.face.action_units import (
    find_departures,
    find_movements,
    measure_features,
    population_neutral,
    smooth,
    track_neutral,
    true_spans,
)
from emoreason.cues.face.pose import canonical_face
from emoreason.cues.face.tables import action_units, crosstalk, features, neutral

RATE_HZ = 25.0
NAMES = [feature.name for feature in features()]
REQUIRED = [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 23, 24, 25, 26, 43, 45]


def clip(n: int = 100, start: np.ndarray | None = None, noise: float = 0.0005, **moves: np.ndarray) -> np.ndarray:
    """Features of a clip: a face at rest that moves some features."""
    rest = population_neutral() if start is None else start
    values = rest + np.random.default_rng(1).normal(0, noise, (n, len(NAMES)))
    for name, curve in moves.items():
        values[:, NAMES.index(name)] += curve
    return values


def bump(n: int = 100, first: int = 40, last: int = 60, height: float = 1.0) -> np.ndarray:
    curve = np.zeros(n)
    curve[first:last] = height * np.sin(np.linspace(0, np.pi, last - first)) ** 2
    return curve


def movements(values: np.ndarray, turns: np.ndarray | None = None):
    return find_movements(values, np.zeros((len(values), 2)) if turns is None else turns, RATE_HZ)


def test_every_required_action_unit_is_read() -> None:
    assert list(action_units()) == [f"AU{number}" for number in REQUIRED]


def test_tables_only_name_features_and_action_units_that_exist() -> None:
    assert set(neutral()) == set(NAMES)
    for unit in action_units().values():
        assert set(unit.measure) <= set(NAMES)
        assert 0 < unit.floor_iod < unit.full_scale_iod
        assert unit.still_floor_iod >= unit.floor_iod
    for kind in ("leak", "gate"):
        assert {code for moving, reads_as, _ in crosstalk(kind) for code in (moving, reads_as)} <= set(action_units())


def test_features_are_symmetric_and_in_iod() -> None:
    face = canonical_face()
    values = measure_features(face)
    assert values == pytest.approx(measure_features(face + np.array([0.3, 0.2, 0.1])))
    assert values[NAMES.index("mouth_width")] == pytest.approx(0.78, abs=0.01)
    assert values[NAMES.index("brow_inner")] > 0 > values[NAMES.index("chin_tip")]


def test_a_smile_is_followed_from_rest_whatever_the_resting_mouth() -> None:
    odd = population_neutral()
    odd[NAMES.index("corner_height")] += 0.12  # mouth corners that always stand high
    found = movements(clip(start=odd, corner_height=bump(height=0.08), mouth_width=bump(height=0.1)))
    assert np.argmax(found.iod["AU12"]) == pytest.approx(50, abs=1)
    assert np.abs(found.iod["AU12"][:30]).max() < 0.01
    assert found.held_iod["AU12"] > action_units()["AU12"].still_floor_iod


def test_neutral_is_neither_the_first_frames_nor_the_median() -> None:
    smiling = np.zeros(100)
    smiling[:60] = 0.12
    base = track_neutral(clip(corner_height=smiling))
    assert base[NAMES.index("corner_height")] == pytest.approx(neutral()["corner_height"].mean_iod, abs=0.005)


def test_a_blink_moves_nothing_else() -> None:
    values = clip(
        lid_upper=bump(first=45, last=55, height=-0.09), chin_tip=bump(first=45, last=55, height=-0.04),
        brow_inner=bump(first=45, last=55, height=0.02), nose_base=bump(first=45, last=55, height=0.04),
    )  # fmt: skip
    found = movements(values)
    assert found.intensity("AU45").max() > 2
    for code in ("AU26", "AU1", "AU9", "AU7"):
        assert np.nanmax(found.iod[code]) < action_units()[code].floor_iod


def test_what_a_smile_fakes_is_taken_off() -> None:
    smile = bump(height=0.1)
    values = clip(corner_height=0.7 * smile, mouth_width=smile, lip_upper_outer=0.4 * smile, cheek=0.2 * smile)
    found = movements(values)
    assert found.iod["AU12"].max() > 0.05
    for code in ("AU10", "AU6", "AU9"):
        assert np.nanmax(found.iod[code]) < action_units()[code].floor_iod


def test_a_real_upper_lip_raise_survives_a_smile() -> None:
    smile = bump(height=0.1)
    values = clip(corner_height=0.7 * smile, mouth_width=smile, lip_upper_outer=1.2 * smile)
    assert movements(values).iod["AU10"].max() > action_units()["AU10"].floor_iod


def test_parting_lips_alone_are_no_jaw_drop() -> None:
    lips = bump(height=-0.1)
    parted = movements(clip(lip_lower_inner=lips, chin_boss=0.4 * lips, chin_tip=0.2 * lips))
    dropped = movements(clip(lip_lower_inner=lips, chin_boss=0.9 * lips, chin_tip=0.8 * lips))
    assert parted.is_fake("AU26", 50)
    assert not dropped.is_fake("AU26", 50)


def test_a_turned_head_is_allowed_for() -> None:
    turns = np.zeros((100, 2))
    turns[40:60, 0] = 25.0
    values = clip(brow_inner=bump(height=0.03))
    assert movements(values).iod["AU1"].max() > 0.02
    assert movements(values, turns).iod["AU1"].max() < action_units()["AU1"].floor_iod


def test_holes_stay_holes() -> None:
    values = clip(corner_height=bump(height=0.1))
    values[20:30] = np.nan
    found = movements(values)
    assert np.isnan(found.iod["AU12"][20:30]).all()
    assert not np.isnan(found.iod["AU12"][30:]).any()


def test_a_picture_is_compared_with_the_population() -> None:
    face = population_neutral()
    assert max(abs(float(curve[0])) for curve in find_departures(face).iod.values()) == pytest.approx(0, abs=1e-9)
    face[NAMES.index("corner_height")] += 0.2
    assert find_departures(face).intensity("AU12")[0] > 2.5


def test_smoothing_delays_nothing() -> None:
    curve = bump(height=1.0)
    assert np.argmax(smooth(curve, RATE_HZ)) == np.argmax(curve)
    assert smooth(curve, 8.0).tolist() == curve.tolist()


def test_true_spans_of_nothing_and_everything() -> None:
    assert true_spans(np.zeros(3, bool)) == []
    assert true_spans(np.ones(3, bool)) == [(0, 3)]
