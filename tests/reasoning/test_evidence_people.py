"""Which cues count for whom, and how strongly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.reasoning.evidence.people import Action, event_strength, intensity, read_people
from emoreason.records import Clip, Cue, CueSet


def au(code: str, **fields: object) -> Cue:
    fields.setdefault("id", f"{fields.get('subject') or 'face'}.{code}.{fields.get('start_s', 1)}")
    return Cue(modality="face", code=code, **fields)  # type: ignore[arg-type]


def clip(*cues: Cue) -> CueSet:
    return CueSet(clip=Clip(id="c"), cues=cues)


def strength_of(*cues: Cue) -> float:
    return read_people(clip(*cues))[0].present[0].strength


def test_bare_presence_counts_like_the_middle_of_the_scale() -> None:
    assert event_strength(au("AU12")) == event_strength(au("AU12", value=2.5, unit="0-5")) == 1.0


def test_strength_grows_with_intensity_and_saturates() -> None:
    values = [event_strength(au("AU12", value=value, unit="0-5")) for value in (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)]
    assert values == sorted(values)
    assert values[0] == 0.0
    assert values[-1] == 1.25


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"value": -0.3, "unit": "0-5"}, 0.0),
        ({"value": 9.0}, 5.0),
        ({"value": 0.5, "unit": "0-1"}, 2.5),
        ({"value": 0.5, "unit": "probability"}, 2.5),
        ({"value": 40.0, "unit": "px"}, None),
        ({"value": math.nan}, None),
        ({"level": "slightly"}, 0.6),
        ({"value": 3.0, "unit": "0-5", "marks": ("presence_only",)}, None),
    ],
)
def test_intensity_is_read_from_value_unit_level_and_marks(fields: dict[str, object], expected: float | None) -> None:
    assert intensity(au("AU12", **fields)) == expected


def test_confidence_and_low_confidence_scale_the_strength() -> None:
    assert event_strength(au("AU4", confidence=0.6)) == pytest.approx(0.6)
    assert event_strength(au("AU4", confidence=0.6, marks=("low_confidence",))) == pytest.approx(0.3)


def test_speech_discounts_the_mouth_most_the_lower_face_a_little_the_brows_not() -> None:
    talking = ("during_speech",)
    assert event_strength(au("AU26", marks=talking)) == pytest.approx(0.35)
    assert event_strength(au("AU12", marks=talking)) == pytest.approx(0.8)
    assert event_strength(au("AU4", marks=talking)) == 1.0


def test_repeated_events_saturate() -> None:
    events = [au("AU12", start_s=float(second), end_s=second + 0.5, value=2.5) for second in range(20)]
    assert strength_of(events[0]) == 1.0
    assert strength_of(*events[:2]) == 1.25
    assert 1.25 < strength_of(*events) <= 1.5


def test_both_sides_coded_apart_are_one_action() -> None:
    left, right = au("L12", id="a"), au("R12", id="b")
    both = read_people(clip(left, right))[0].present[0]
    assert (both.code, both.strength, both.one_sided) == ("AU12", 1.0, False)
    assert read_people(clip(left))[0].present[0].one_sided
    assert not read_people(clip(au("T23", id="c")))[0].present[0].one_sided


def test_unknown_is_no_evidence_and_seen_once_is_seen() -> None:
    assert read_people(clip(au("AU12", state="unknown"))) == ()
    person = read_people(clip(au("AU12", id="a"), au("AU12", id="b", state="absent")))[0]
    assert [action.code for action in person.present] == ["AU12"]
    assert person.absent == ()


def test_actions_at_different_times_do_not_overlap() -> None:
    early, late = au("AU1", start_s=0.0, end_s=1.0), au("AU4", start_s=2.0, end_s=3.0)
    first, second = read_people(clip(early, late))[0].present
    assert first.meets(second) is None
    first, second = read_people(clip(early, au("AU4")))[0].present
    assert first.meets(second) == ("face.AU1.0.0", "face.AU4.1")


def test_people_are_apart_and_sorted() -> None:
    people = read_people(clip(au("AU4", subject="face2"), au("AU12", subject="face1"), au("AU1")))
    assert [person.name for person in people] == ["face1", "face2", None]


def voice(code: str, level: str | None = "high", **fields: object) -> Cue:
    fields.setdefault("id", f"voice.{code}.1")
    return Cue(modality="voice", code=code, level=level, **fields)  # type: ignore[arg-type]


def test_the_voice_belongs_to_the_only_face_or_to_everybody() -> None:
    alone = read_people(clip(au("AU12", subject="face1"), voice("f0_mean", subject="speaker1")))
    assert [(person.name, len(person.voice)) for person in alone] == [("face1", 1)]
    two = read_people(clip(au("AU12", subject="face1"), au("AU12", subject="face2"), voice("f0_mean")))
    assert [len(person.voice) for person in two] == [1, 1]
    named = read_people(
        clip(au("AU12", subject="face1"), au("AU1", subject="face2"), voice("f0_mean", subject="face2"))
    )
    assert [len(person.voice) for person in named] == [0, 1]
    unseen = read_people(clip(voice("f0_mean")))
    assert [(person.name, len(person.voice)) for person in unseen] == [(None, 1)]


@pytest.mark.parametrize(
    ("cue", "z"),
    [
        (voice("f0_mean", "very_low"), -2.0),
        (voice("f0_mean", "high", marks=("pooled_norm",)), 0.5),
        (voice("f0_mean", None, value=1.4, unit="z"), 1.4),
        (voice("f0_mean", None, value=210.0, unit="Hz"), None),
        (voice("f0_contour", None, direction="falling"), -1.0),
    ],
)
def test_voice_measures_count_by_level_word_or_z(cue: Cue, z: float | None) -> None:
    people = read_people(clip(cue))
    assert (people[0].voice[0].z if people else None) == z


@pytest.mark.parametrize("value", [0.0, -0.04])
def test_an_intensity_of_zero_or_below_is_an_absent_action(value: float) -> None:
    still = read_people(clip(au("AU12", value=value, unit="0-5"), au("AU4", value=0.4, unit="0-5")))[0]
    assert [action.code for action in still.absent] == ["AU12"]
    assert [action.code for action in still.present] == ["AU4"]


spans = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 20), st.integers(0, 20))), min_size=1, max_size=8)


@given(mine=spans, theirs=spans)
def test_events_meet_as_if_every_pair_was_compared(mine: list[object], theirs: list[object]) -> None:
    def action(name: str, found: list[object]) -> Action:
        return Action("AU1", 1.0, tuple(f"{name}.{i}" for i in range(len(found))), spans=tuple(found))  # type: ignore[arg-type]

    met = next(
        (
            (f"a.{i}", f"b.{k}")
            for i, one in enumerate(mine)
            for k, two in enumerate(theirs)
            if one is None or two is None or (one[0] <= two[1] and two[0] <= one[1])  # type: ignore[index]
        ),
        None,
    )
    assert action("a", mine).meets(action("b", theirs)) == met
