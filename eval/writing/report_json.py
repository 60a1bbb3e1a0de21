"""``report.json``: an evaluation as one JSON value, checked against ``records/schemas/eval_report.json``.

The page is made of it and of nothing else, so another program can make its own.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ...records.convert import check
from ...records.notice import NOTICE
from ..outcome import EvalReport, MeasureOutcome, Subgroups, SuiteOutcome
from ..sample import Gold, Prediction, Sample
from .values import interval_value, json_value

#: What the file says it is; the number goes up when a reader would have to change.
FORMAT: Final = "emoreason-eval/1"
_CHECKED_CLIPS: Final = 20


def report_value(report: EvalReport, *, made: datetime | None = None) -> dict[str, Any]:
    """JSON value of a report.

    Parameters
    ----------
    report : EvalReport
        What was found.
    made : datetime, optional
        When, in the file alone: no number depends on it. Default: now.

    Raises
    ------
    RecordError
        It does not fit its schema: a suite of somebody else's gave what no report can hold.
    """
    value: dict[str, Any] = {
        "format": FORMAT,
        "title": report.title,
        "made": (made or datetime.now(UTC)).isoformat(timespec="seconds"),
        "manifest": json_value(report.manifest),
        "notice": NOTICE,
        "notes": list(report.notes),
        "not_measured": [{"what": what, "why": why} for what, why in report.not_measured.items()],
        "systems": [{"name": one.name, "kind": one.kind, "about": one.about, "of": one.of} for one in report.systems],
        "suites": [_suite(outcome) for outcome in report.suites],
        "subgroups": [_subgroups(found) for found in report.subgroups],
        "comparisons": [json_value(found) for found in report.comparisons],
        "clips": list(clip_values(report)),
    }
    # All clips are made alike, and checking ten thousand of them takes longer than scoring them.
    check(value | {"clips": value["clips"][:_CHECKED_CLIPS]}, "eval_report")
    return value


def report_text(report: EvalReport, *, made: datetime | None = None) -> str:
    """Text of ``report.json``, one line."""
    return json.dumps(report_value(report, made=made), ensure_ascii=False, allow_nan=False)


def _suite(outcome: SuiteOutcome) -> dict[str, Any]:
    return {
        "suite": outcome.suite,
        "about": outcome.about,
        "settings": json_value(outcome.settings),
        "counts": json_value(outcome.counts),
        "notes": json_value(outcome.notes),
        "unscored": json_value(outcome.unscored),
        "measures": [_measure(measure) for measure in outcome.measures],
        "pictures": json_value(outcome.pictures),
    }


def _measure(measure: MeasureOutcome) -> dict[str, Any]:
    return {
        "name": measure.name,
        "higher_is_better": measure.higher_is_better,
        "values": {name: interval_value(interval) for name, interval in measure.values.items()},
        "differences": [
            {"ours": one.ours, "theirs": one.theirs}
            | interval_value(one.interval)
            | {"p": json_value(one.p), "p_holm": json_value(one.p_holm)}
            for one in measure.differences
        ],
    }


def _subgroups(found: Subgroups) -> dict[str, Any]:
    return {
        "column": found.column,
        "suite": found.suite,
        "measure": found.measure,
        "higher_is_better": found.higher_is_better,
        "groups": [
            {
                "group": group.name,
                "n_clips": group.n_clips,
                "values": {name: interval_value(interval) for name, interval in group.values.items()},
            }
            for group in found.groups
        ],
        "spread": json_value(found.spread),
        "notes": list(found.notes),
    }


def clip_values(report: EvalReport) -> Iterator[dict[str, Any]]:
    """Yield what the browser of clips shows of each: the gold beside what every system (no control) said."""
    names = [one.name for one in report.systems if one.kind == "system" and one.name in report.samples]
    if not names:
        return
    for samples in zip(*(report.samples[name] for name in names), strict=True):
        of_systems = dict(zip(names, samples, strict=True))
        gold = samples[0].gold
        yield {
            "clip": gold.clip,
            "columns": dict(gold.columns) | ({"speaker": gold.speaker} if gold.speaker else {}),
            "gold": _gold(gold),
            "predicted": {name: _predicted(sample.prediction) for name, sample in of_systems.items()},
            "claims": {name: _claims(report, name, sample) for name, sample in of_systems.items()},
            "of_suites": _of_suites(report, names, gold.clip),
        }


def _of_suites(report: EvalReport, names: Sequence[str], clip: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for outcome in report.suites:
        for name in names:
            shown = outcome.clips.get(name, {}).get(clip)
            if shown:
                rest = {key: item for key, item in shown.items() if key != "claims"}
                found.setdefault(outcome.suite, {})[name] = json_value(rest)
    return found


def _claims(report: EvalReport, name: str, sample: Sample) -> list[dict[str, Any]]:
    """Return claims with verdicts, from the first suite that judged them; else as they were made, verdict null."""
    for outcome in report.suites:
        judged = outcome.clips.get(name, {}).get(sample.clip, {}).get("claims")
        if isinstance(judged, list | tuple):
            return [_claim(json_value(claim)) for claim in judged]
    explanation = sample.prediction.explanation if sample.prediction else None
    made = explanation.claims if explanation else ()
    return [{"sentence": claim.sentence, "verdict": None, "cue_ids": list(claim.cue_ids)} for claim in made]


def _claim(value: Any) -> dict[str, Any]:
    known: Mapping[str, Any] = value if isinstance(value, Mapping) else {"sentence": str(value)}
    return {"sentence": "", "verdict": None, "cue_ids": []} | dict(known)


def _gold(gold: Gold) -> dict[str, Any]:
    reference = gold.reference
    return _known(
        labels=reference.labels,
        emotion=reference.emotion,
        distribution=reference.distribution,
        valence=reference.valence,
        arousal=reference.arousal,
        action_units=reference.action_units,
        intensities=gold.intensities or None,
        clues=reference.clues or None,
        text=gold.text,
        transcript=gold.transcript,
    )


def _predicted(prediction: Prediction | None) -> dict[str, Any]:
    if prediction is None:
        return {"missing": True}
    return _known(
        labels=prediction.labels,
        emotion=prediction.emotion,
        distribution=prediction.distribution,
        valence=prediction.valence,
        arousal=prediction.arousal,
        action_units=prediction.action_units,
        intensities=prediction.intensities or None,
        text=prediction.text,
        abstained=prediction.abstained or None,
        error=prediction.error,
    )


def _known(**values: object) -> dict[str, Any]:
    """Leave out what is not known, and numbers that are none; the rest as JSON values."""
    return {
        name: json_value(value)
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    }
