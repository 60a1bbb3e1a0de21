"""ov-mer, mer2025 and mer2026 against the published rule as rewards/wheel and a slow definition have it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wheel_definition import Definition

from emoreason.errors import ConfigError
from emoreason.eval.measure import differences, intervals
from emoreason.eval.open_vocab import mer2025, mer2026, ov_mer
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings, suite_named
from emoreason.records import Reference
from emoreason.rewards.wheel import METRICS, TABLES, score_corpus
from emoreason.rewards.wheel.tables import classes_by_word

WORDS = [*sorted(classes_by_word("v2025"))[::97], "angry", "happy", "worried", "fear", "neutral", "xyzzy", "愤怒"]
LABELS = st.lists(st.sampled_from(WORDS), max_size=4)


def samples_of(gold: list[list[str] | None], predicted: list[list[str] | None]) -> list[Sample]:
    return [
        Sample(
            Gold(clip=str(at), reference=Reference(labels=None if ours is None else tuple(ours))),
            None if theirs is None else Prediction(clip=str(at), labels=tuple(theirs)),
        )
        for at, (ours, theirs) in enumerate(zip(gold, predicted, strict=True))
    ]


def values_of(result) -> dict[str, float]:
    return {measure.name: measure.value for measure in result.measures}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=8), st.sampled_from(TABLES))
def test_every_metric_is_that_of_score_corpus(pairs: list[tuple[list[str], list[str]]], tables: str) -> None:
    gold, predicted = zip(*pairs, strict=True)
    report = score_corpus(
        {str(at): labels for at, labels in enumerate(gold)},
        {str(at): labels for at, labels in enumerate(predicted)},
        tables,
    )
    found = values_of(ov_mer(samples_of(list(gold), list(predicted)), SuiteSettings(tables=tables)))
    for metric in METRICS:
        theirs = report.metrics[metric]
        # Where nothing was hit, the v2025 code gives NaN and this suite 0.
        expected = 0.0 if theirs.n_scored and math.isnan(theirs.fscore) else theirs.fscore
        assert found[f"{metric} F"] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    if all(metric.n_scored and metric.precision for metric in report.metrics.values()):
        assert found["M-avg"] == pytest.approx(report.m_avg)
        assert found["level 1 precision"] == pytest.approx(report.level1.precision)
        assert found["level 1 recall"] == pytest.approx(report.level1.recall)


def test_the_suites_average_what_their_benchmarks_average() -> None:
    gold = [["angry", "sad"], ["happy"], ["worried", "surprised"], ["grateful"]]
    predicted = [["furious"], ["happy", "excited"], ["anxious", "sad"], ["thankful", "xyzzy"]]
    samples = samples_of(gold, predicted)
    for year in ("v2025", "v2026"):
        slow = Definition(year)
        clips = {str(at): labels for at, labels in enumerate(gold)}
        answers = {str(at): labels for at, labels in enumerate(predicted)}
        f = [slow.fscore(clips, answers, metric)[0] for metric in METRICS]
        chosen = SuiteSettings(tables=year)
        assert ov_mer(samples, chosen).measures[0].value == pytest.approx(np.mean(f))
        assert mer2025(samples, chosen).measures[0].value == pytest.approx((np.mean(f[2:7]) + np.mean(f[7:])) / 2)
        assert mer2026(samples, chosen).measures[0].value == pytest.approx(np.mean(f[2:7]))


def test_a_hand_worked_case() -> None:
    """Wheel 1: precision (1 + 0) / 2, recall (1/2 + 0) / 2, so F = 2 * .5 * .25 / .75 = 1/3."""
    found = values_of(ov_mer(samples_of([["angry", "sad"], ["happy"]], [["mad"], ["sad"]]), SuiteSettings()))
    assert found["case3_wheel1_level1 F"] == pytest.approx(1 / 3)
    assert found["labels per clip"] == 1.0
    assert found["unknown labels"] == 0.0


def test_each_suite_is_published_with_its_own_tables() -> None:
    samples = samples_of([["fear"]], [["scared"]])
    results = [suite_named(name)(samples, SuiteSettings()) for name in ("ov-mer", "mer2025", "mer2026")]
    assert {result.suite: result.settings["tables"] for result in results} == {
        "ov-mer": "v2025",
        "mer2025": "v2025",
        "mer2026": "v2026",
    }
    # In the v2025 tables fear is an enthusiastic word, one of the quirks that were repaired.
    assert values_of(mer2026(samples, SuiteSettings()))["level 1 F"] == 1.0
    assert values_of(mer2025(samples, SuiteSettings()))["level 1 F"] < 1.0


def test_missing_clips_score_0_and_clips_without_gold_are_left_out() -> None:
    all_there = ov_mer(samples_of([["sad"], ["sad"]], [["sad"], ["sad"]]), SuiteSettings())
    gold = [["sad"], ["sad"], None, ["neutral"]]
    result = ov_mer(samples_of(gold, [["sad"], None, ["sad"], ["sad"]]), SuiteSettings())
    assert all_there.measures[0].value == 1.0
    assert result.measures[0].value == pytest.approx(0.5)
    assert result.counts == {
        "clips": 4,
        "scored": 2,
        "no_gold": 1,
        "gold_without_class": 1,
        "missing": 1,
        "abstained": 0,
    }
    assert "2" not in result.clips
    assert list(result.measures[0].applies) == [True, True, False, False]


def test_a_class_counts_as_a_label_where_there_are_no_labels() -> None:
    reference = Reference(labels=("angry",))
    made = [
        Prediction(clip="0", emotion="anger"),
        Prediction(clip="1", distribution={"anger": 0.6, "sadness": 0.4}),
        Prediction(clip="2", abstained=True, distribution={"anger": 1.0}),
        Prediction(clip="3", error="timed out"),
    ]
    result = ov_mer([Sample(Gold(clip=p.clip, reference=reference), p) for p in made], SuiteSettings())
    assert [result.clips[p.clip]["predicted"] for p in made] == [["anger"], ["anger"], [], []]
    assert result.counts["abstained"] == 1
    assert any("hold no open labels" in note for note in result.notes)


def test_chinese_labels_have_classes_in_the_mended_tables_only() -> None:
    samples = samples_of([["angry"]], [["愤怒"]])
    assert mer2026(samples, SuiteSettings()).measures[0].value == 0.0
    assert mer2026(samples, SuiteSettings(tables="mended")).measures[0].value == 1.0


def test_the_heat_map_counts_clips_of_each_class() -> None:
    result = ov_mer(samples_of([["sad"], ["sad"], ["angry"]], [["sad", "angry"], [], ["angry"]]), SuiteSettings())
    matrix = result.pictures[0]
    row = matrix.rows.index("sad (2)")
    cells = dict(zip(matrix.columns, matrix.values[row], strict=True))
    assert (cells["sad"], cells["mad"], cells["(no class)"]) == (0.5, 0.5, 0.5)
    assert matrix.values[matrix.rows.index("scared (0)")][0] is None


def test_intervals_and_differences_come_of_the_measures() -> None:
    rng = np.random.default_rng(1)
    gold = [[word] for word in rng.choice(["sad", "angry", "happy", "worried"], 60)]
    good = [labels if at % 5 else ["happy"] for at, labels in enumerate(gold)]
    poor = [labels if at % 2 else ["grateful"] for at, labels in enumerate(gold)]
    ours, theirs = (ov_mer(samples_of(gold, made), SuiteSettings()).measures for made in (good, poor))
    interval = intervals(ours[:1])[0]
    assert interval.low < interval.value < interval.high
    difference = differences(ours, theirs)[0]
    assert difference.interval.low > 0
    assert difference.p_value < 0.01


def test_gold_without_labels_and_unknown_tables_are_refused() -> None:
    samples = [Sample(Gold(clip="a", reference=Reference(emotion="sad")))]
    with pytest.raises(ConfigError, match="closed-set"):
        ov_mer(samples, SuiteSettings())
    with pytest.raises(ConfigError, match="v2027"):
        ov_mer(samples_of([["sad"]], [["sad"]]), SuiteSettings(tables="v2027"))
