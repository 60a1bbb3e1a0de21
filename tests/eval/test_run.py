"""Suites over systems and controls: one report, the same numbers every time, nothing left out silently."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from emoreason.errors import ConfigError
from emoreason.eval.catalogue import CATALOGUE, about, fitting_suites
from emoreason.eval.controls.systems import control_systems
from emoreason.eval.manifest import manifest_of, tables_sha256
from emoreason.eval.measure import DrawnMeasure, Measure, mean_measure
from emoreason.eval.outcome import System
from emoreason.eval.run import RunOptions, run_suites
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.subgroups import NOT_GIVEN, OTHERS, column_of, restricted
from emoreason.eval.suite import SUITES, SuiteResult, SuiteSettings
from emoreason.eval.writing.report_json import report_value
from emoreason.records import Reference

FEW = RunOptions(resamples=200)


def world(n_clips: int = 40) -> tuple[list[Gold], System, System]:
    """Clips of anger and joy by seven speakers; one system is right on all but every fifth, one always says anger."""
    golds = [
        Gold(
            clip=f"c{number:02}",
            reference=Reference(emotion=("anger", "happiness")[number % 2]),
            speaker=f"s{number % 7}",
            columns={"half": "first" if number < n_clips // 2 else "second"},
        )
        for number in range(n_clips)
    ]
    right = [
        Prediction(clip=gold.clip, emotion="sadness" if number % 5 == 0 else gold.reference.emotion)
        for number, gold in enumerate(golds)
    ]
    return (
        golds,
        System(name="good", predictions=right),
        System(name="angry", predictions=[Prediction(clip=gold.clip, emotion="anger") for gold in golds]),
    )


def rated(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Count the clips whose gold holds what people gave to a text."""
    count = sum("human_rec" in sample.gold.columns for sample in samples)
    return SuiteResult(suite="rated", measures=(mean_measure("rated", [1.0] * len(samples)),), counts={"rated": count})


def hits(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Count the clips whose emotion is named."""
    right = [
        float(sample.prediction is not None and sample.prediction.emotion == sample.gold.reference.emotion)
        for sample in samples
    ]
    values = np.array(right)
    drawn = DrawnMeasure(
        name="median", of=lambda clips: float(np.median(values[clips])), applies=np.ones(len(values), bool)
    )
    return SuiteResult(
        suite="hits",
        measures=(mean_measure("hits", right), drawn),
        counts={"clips": len(samples)},
        notes=("counted",),
        clips={sample.clip: {"right": value} for sample, value in zip(samples, right, strict=True)},
    )


def refuses(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    if any(sample.prediction and sample.prediction.emotion == "sadness" for sample in samples):
        raise ConfigError("it cannot be sad")
    return hits(samples, settings)


def short(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    return SuiteResult(suite="short", measures=(mean_measure("x", [1.0]),))


def nothing(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    return SuiteResult(suite="nothing", measures=())


HITS = f"{__file__}:hits"


def test_values_intervals_and_differences_against_what_each_control_was_made_from() -> None:
    golds, good, angry = world()
    own = System(name="own", predictions=angry.predictions, kind="control", of="good")
    other = System(name="other", predictions=[], kind="control", of="somebody")
    report = run_suites(golds, [good, own, other], [HITS], options=FEW)
    main, drawn = report.suite(HITS).measures
    assert main.values["good"].value == pytest.approx(0.8)
    assert main.values["good"].low < 0.8 < main.values["good"].high
    assert main.values["other"].value == 0.0  # no prediction: wrong
    assert [(one.ours, one.theirs) for one in main.differences] == [("good", "own")]
    difference = main.differences[0]
    assert difference.interval.value == pytest.approx(0.3)
    assert difference.p is not None
    assert difference.p_holm == difference.p  # the only test of a main measure
    assert drawn.differences[0].p is None
    assert set(report.suite(HITS).clips) == {"good"}
    assert report.suite(HITS).about == "Count the clips whose emotion is named."


def test_the_same_command_gives_the_same_numbers() -> None:
    golds, good, angry = world()
    first, second = (run_suites(golds, [good, angry], [HITS, "closed-set"], options=FEW) for _ in range(2))
    one, two = (report_value(report) | {"made": ""} for report in (first, second))
    assert one == two
    other = run_suites(golds, [good], [HITS], options=RunOptions(resamples=200, seed=1))
    assert other.suites[0].measures[0].values["good"].low != first.suites[0].measures[0].values["good"].low


def test_clips_of_one_speaker_are_drawn_together() -> None:
    golds, good, _ = world()
    by_speaker = run_suites(golds, [good], [HITS], options=FEW)
    assert "7 speakers" in by_speaker.notes[0]
    alone = [Gold(clip=gold.clip, reference=gold.reference) for gold in golds]
    by_clip = run_suites(alone, [good], [HITS], options=FEW)
    assert "no speakers" in by_clip.notes[0]
    assert by_speaker.suites[0].measures[0].values["good"].high != by_clip.suites[0].measures[0].values["good"].high


def test_a_suite_that_fits_no_system_ends_the_run_or_is_said_not_to_be_measured() -> None:
    golds, good, angry = world()
    with pytest.raises(ConfigError, match=r"refuses: it cannot be sad"):
        run_suites(golds, [good], [f"{__file__}:refuses", HITS], options=FEW)
    lenient = RunOptions(resamples=200, must_fit=False)
    report = run_suites(golds, [good], [f"{__file__}:refuses", HITS], options=lenient)
    assert report.not_measured[f"{__file__}:refuses"] == "it cannot be sad"
    both = run_suites(golds, [good, angry], [f"{__file__}:refuses"], options=lenient)
    assert both.suites[0].unscored == {"good": "it cannot be sad"}
    assert both.suites[0].sentences(["good", "angry"])[-1] == "good: not scored: it cannot be sad"
    with pytest.raises(ConfigError, match="cannot be sad"):
        run_suites(golds, [good], [f"{__file__}:refuses"], options=lenient)  # nothing at all was measured


def test_what_a_plug_in_suite_must_not_give() -> None:
    golds, good, _ = world()
    with pytest.raises(ConfigError, match=r"measure 'x' is of 1 clips; expected all 40"):
        run_suites(golds, [good], [f"{__file__}:short"], options=FEW)
    with pytest.raises(ConfigError, match="gave no measure"):
        run_suites(golds, [good], [f"{__file__}:nothing"], options=FEW)
    with pytest.raises(ConfigError, match="two systems are called 'good'"):
        run_suites(golds, [good, good], [HITS], options=FEW)
    with pytest.raises(ConfigError, match="no system"):
        run_suites(golds, [], [HITS], options=FEW)


def test_subgroups_by_a_column_with_what_chance_would_do() -> None:
    golds, _, _ = world()
    uneven = [
        Prediction(clip=gold.clip, emotion=gold.reference.emotion if gold.columns["half"] == "first" else "fear")
        for gold in golds
    ]
    lopsided = System(name="lopsided", predictions=uneven)
    clips = [Gold(clip=gold.clip, reference=gold.reference, columns=gold.columns) for gold in golds]
    report = run_suites(clips, [lopsided], [HITS], options=RunOptions(resamples=200, by=("Half",)))
    found = report.subgroups[0]
    assert [(group.name, group.n_clips, group.values["lopsided"].value) for group in found.groups] == [
        ("first", 20, 1.0), ("second", 20, 0.0)
    ]  # fmt: skip
    assert found.spread == {"lopsided": 1.0}
    assert "fewer than 1 % of random divisions of the clips" in found.notes[0]
    assert "subgroups" not in report.not_measured
    assert run_suites(clips, [lopsided], [HITS], options=FEW).not_measured["subgroups"].startswith("no column")
    with pytest.raises(ConfigError, match=r"--by age: no row of the gold has that column; there are half"):
        run_suites(clips, [lopsided], [HITS], options=RunOptions(by=("age",)))


def test_rare_and_missing_values_of_a_column() -> None:
    golds = [Gold(clip=str(n), reference=Reference(), columns={"who": str(n)} if n else {}) for n in range(30)]
    values = column_of(golds, "who")
    assert (values[0], values[-1], len(set(values))) == (NOT_GIVEN, OTHERS, 21)


def test_a_restricted_measure_is_that_of_its_clips() -> None:
    golds, good, _ = world()
    samples = [Sample(gold, made) for gold, made in zip(golds, good.predictions, strict=True)]
    whole = hits(samples, SuiteSettings())
    some = np.arange(0, 40, 5)
    for measure in whole.measures:
        assert restricted(measure, some).value == 0.0
        assert restricted(measure, np.arange(40)).value == measure.value
    assert isinstance(restricted(whole.measures[0], some), Measure)


def test_suites_that_fit_and_why_others_do_not() -> None:
    assert set(CATALOGUE) == set(SUITES)
    assert all(about(name) for name in SUITES)
    golds, good, _ = world()
    choice = fitting_suites(golds, good.predictions, judge=False)
    assert choice.fitting == ("closed-set",)
    assert choice.left_out["ov-mer"] == "no row of the gold has labels"
    told = [Gold(clip="a", reference=Reference(emotion="anger"), text="He frowns.")]
    texts = [Prediction(clip="a", text="He frowns.")]
    assert "no judge was given" in fitting_suites(told, texts, judge=False).left_out["emer-overlap"]
    assert set(fitting_suites(told, texts, judge=True).fitting) >= {"cue-robust", "emer-overlap", "mme-emotion"}
    assert about("no-such-suite") == ""


def test_controls_are_systems_of_the_report() -> None:
    golds, good, angry = world()
    one = control_systems(golds, [good], SuiteSettings())
    assert {"majority", "shuffled"} <= {system.name for system in one}
    assert {system.kind for system in one} == {"control"}
    two = control_systems(golds, [good, angry], SuiteSettings())
    assert {system.of for system in two if system.name.startswith("shuffled")} == {"good", "angry"}
    report = run_suites(golds, [good, *one], ["closed-set"], options=FEW)
    gaps = {one.theirs: one for one in report.suites[0].measures[0].differences}
    assert gaps["majority"].interval.low > 0
    assert gaps["shuffled"].p_holm is not None
    assert "controls" not in report.not_measured


def test_the_manifest_says_what_the_numbers_depend_on(tmp_path) -> None:
    path = tmp_path / "gold.csv"
    path.write_bytes(b"clip\n")
    found = manifest_of([("gold", path)], seed=3, resamples=7, level=0.9, settings={"tables": None})
    assert found["inputs"] == [{"role": "gold", "file": "gold.csv", "bytes": 5, "sha256": found["inputs"][0]["sha256"]}]
    assert (found["seed"], found["tables_sha256"], found["versions"]["numpy"]) == (3, tables_sha256(), np.__version__)
    with pytest.raises(ConfigError, match="cannot be read"):
        manifest_of([("gold", tmp_path / "none")], seed=0, resamples=1, level=0.9, settings={})


def test_controls_that_say_or_change_nothing_are_not_scored() -> None:
    golds, good, _ = world()
    same = System(name="longer-wins", predictions=good.predictions, kind="control", of="good")
    silent = System(name="silent", predictions=[Prediction(clip="c00", text="Hm.")], kind="control")
    report = run_suites(golds, [good, same, silent], ["closed-set", HITS], options=FEW)
    assert set(report.suite("closed-set").measures[0].values) == {"good"}
    assert set(report.suite(HITS).measures[0].values) == {"good", "silent"}  # a plug-in may look at anything
    empty = System(name="empty", predictions=[])
    assert run_suites(golds, [empty], ["closed-set"], options=FEW).suites[0].measures[0].values["empty"].value == 0


def test_what_people_gave_is_of_one_system_and_of_no_control() -> None:
    golds, good, angry = world()
    golds = [replace(gold, columns={**gold.columns, "human_rec": "1"}) for gold in golds]
    control = System(name="majority", predictions=angry.predictions, kind="control")
    settings = SuiteSettings(ask=lambda messages: "", judge="judge-1")
    suite = f"{__file__}:rated"
    alone = run_suites(golds, [good, control], [suite], settings, FEW)
    assert {name: counts["rated"] for name, counts in alone.suites[0].counts.items()} == {"good": 40, "majority": 0}
    both = run_suites(golds, [good, angry], [suite], settings, FEW)
    assert {name: counts["rated"] for name, counts in both.suites[0].counts.items()} == {"good": 0, "angry": 0}
    assert "score that one alone" in both.not_measured["agreement of judge and people"]
