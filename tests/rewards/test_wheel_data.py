"""Released predictions of three systems against the labels people gave (research data, not carried)."""

import json
import os
from pathlib import Path

import pytest
from wheel_definition import Definition, field_of

from emoreason.rewards.wheel import METRICS, TABLES, score_corpus, wheel_f_strict

DATA = os.environ.get("EMOREASON_RESEARCH_DATA")
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")]

#: F on level 1 and level 2 (means over five wheels) and of all twelve metrics, in percent.
EXPECTED: dict[tuple[str, str], tuple[float, float, float]] = {
    ("Chat-UniVi/nosubtitle-addsub", "v2025"): (55.51, 43.76, 46.57),
    ("Chat-UniVi/nosubtitle-addsub", "v2026"): (55.74, 43.81, 46.68),
    ("Chat-UniVi/nosubtitle-addsub", "mended"): (55.22, 41.07, 42.97),
    ("SALMONN/subtitle", "v2025"): (43.95, 32.03, 34.62),
    ("SALMONN/subtitle", "v2026"): (44.23, 32.18, 34.81),
    ("SALMONN/subtitle", "mended"): (43.74, 26.84, 30.98),
    ("Otter/nosubtitle", "v2025"): (33.23, 20.36, 24.47),
    ("Otter/nosubtitle", "v2026"): (33.36, 20.38, 24.53),
    ("Otter/nosubtitle", "mended"): (33.80, 17.90, 23.12),
}


def rows(name):
    return [json.loads(line) for line in (Path(DATA) / name).read_text(encoding="utf-8").splitlines() if line]


@pytest.fixture(scope="module")
def gold():
    return {row["clip"]: row["open_vocab_labels"] for row in rows("emer_explanations.jsonl")}


@pytest.fixture(scope="module")
def systems():
    found = {}
    for row in rows("emer_predictions.jsonl"):
        found.setdefault(row["system"], {})[row["clip"]] = row["open_vocab_labels"]
    return found


def test_aggregate_scores(gold, systems):
    for (system, tables), expected in EXPECTED.items():
        report = score_corpus(gold, systems[system], tables)
        found = (report.level1.fscore, report.level2.fscore, report.m_avg)
        assert tuple(round(100 * value, 2) for value in found) == expected, (system, tables)
    assert len(EXPECTED) == len(systems) * len(TABLES)


@pytest.mark.parametrize("tables", ["v2025", "v2026"])
def test_the_second_implementation_agrees(tables, gold, systems):
    definition = Definition(tables)
    for predicted in systems.values():
        report = score_corpus(gold, predicted, tables)
        theirs = {clip: field_of(field) for clip, field in predicted.items()}
        ours = {clip: [word.lower().strip() for word in words] for clip, words in gold.items()}
        for metric in METRICS:
            row = report.metrics[metric]
            assert (row.fscore, row.precision, row.recall) == pytest.approx(
                definition.fscore(ours, theirs, metric), abs=1e-9
            )


def test_a_constant_list_gains_less_from_the_strict_form(gold, systems):
    """A fixed list of common labels outscores a released system by the published rule; not in the strict form."""
    everything = ["happy", "angry", "sad", "worried", "surprised", "excited", "disappointed", "nervous", "calm", "hurt"]
    predicted = dict.fromkeys(gold, everything)
    published = score_corpus(gold, predicted).level1.fscore
    assert any(published > score_corpus(gold, answers).level1.fscore for answers in systems.values())
    strict = sum(wheel_f_strict(labels, everything) for labels in gold.values()) / len(gold)
    for answers in systems.values():
        mean = sum(wheel_f_strict(labels, field_of(answers[clip])) for clip, labels in gold.items()) / len(gold)
        assert strict < mean


def test_what_people_wrote_scores_well_in_the_strict_form(gold):
    """Nobody is punished for writing as the raters did: their own labels score 1."""
    assert [wheel_f_strict(labels, labels) for labels in gold.values()] == [1.0] * len(gold)
