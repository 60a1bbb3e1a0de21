"""Reports of evaluations and probes as ``report.json`` holds them: invented systems, clips and numbers, by seed."""

import random
from typing import Any

EMOTIONS = ("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
CONTROLS = ("majority", "constant-list", "shuffled", "transcript")


def interval(value: float, width: float = 0.05, n_clips: int = 120) -> dict[str, Any]:
    """One value as a report holds it."""
    return {"value": value, "low": value - width, "high": value + width, "level": 0.95, "n_clips": n_clips}


def difference(ours: str, theirs: str, value: float, p: float | None = 0.0005) -> dict[str, Any]:
    """Ours minus theirs with a corrected p-value."""
    return {"ours": ours, "theirs": theirs, "p": p, "p_holm": None if p is None else min(1.0, 4 * p)} | interval(value)


def measure(name: str, values: dict[str, float], *, higher_is_better: bool | None = True) -> dict[str, Any]:
    """One measure: the first system against every other name; not clear where the two are close."""
    ours = next(iter(values))
    gaps = [
        difference(ours, name_, values[ours] - value, 0.0005 if abs(values[ours] - value) > 0.05 else 0.4)
        for name_, value in values.items()
        if name_ != ours
    ]
    return {
        "name": name,
        "higher_is_better": higher_is_better,
        "values": {name_: interval(value) for name_, value in values.items()},
        "differences": gaps,
    }


def confusion() -> dict[str, Any]:
    rng = random.Random(3)
    values = [[rng.randint(0, 9) + (30 if row == column else 0) for column in range(7)] for row in range(7)]
    return {
        "kind": "matrix",
        "title": "Confusion of classes",
        "rows": EMOTIONS,
        "columns": EMOTIONS,
        "values": values,
        "row_title": "gold",
        "column_title": "predicted",
        "of": "clips",
    }


def reliability() -> dict[str, Any]:
    points = [((number + 0.5) / 10, min(1.0, (number + 0.5) / 12)) for number in range(10)]
    return {
        "kind": "lines",
        "title": "Reliability",
        "x_title": "confidence",
        "y_title": "share right",
        "series": {"all classes": points},
        "bands": {"all classes": [(x, y - 0.06, y + 0.06) for x, y in points]},
        "diagonal": True,
    }


def risk_coverage() -> dict[str, Any]:
    curves = {
        name: [((n + 1) / 900, top * (n + 1) / 900) for n in range(900)]
        for name, top in (("ours", 0.4), ("by chance", 0.7))
    }
    return {
        "kind": "lines",
        "title": "Risk over coverage",
        "x_title": "coverage",
        "y_title": "risk",
        "series": curves,
        "bands": {},
        "diagonal": False,
    }


def ablation() -> dict[str, Any]:
    bars = [
        ["AU12 lip corner puller", 0.31, 0.24, 0.38],
        ["voice: pitch rises", 0.05, -0.02, 0.12],
        ["AU4", None, None, None],
    ]
    return {
        "kind": "bars",
        "title": "Change when a cue is dropped",
        "value_title": "total variation",
        "bars": bars,
        "zero": True,
    }


def suites(systems: tuple[str, ...] = ("ours",)) -> list[dict[str, Any]]:
    """Two suites over some systems and the controls; the second is not clearly better than one control."""
    accuracies = {name: 0.62 - 0.08 * number for number, name in enumerate(systems)}
    accuracies |= dict(zip(CONTROLS, (0.30, 0.22, 0.18, 0.41), strict=True))
    divergences = {name: 0.43 + 0.1 * number for number, name in enumerate(systems)}
    divergences |= dict(zip(CONTROLS, (0.9, 1.4, 1.1, 0.44), strict=True))
    shared = {"unscored": {}, "settings": {"tables": "v2026", "seed": 0}}
    return [
        shared
        | {
            "suite": "closed-set",
            "about": "One class a clip.",
            "counts": {name: {"clips": 120, "scored": 118, "no_gold": 2, "missing": 1} for name in accuracies},
            "notes": {name: ["Labels are mapped to the classes of the gold."] for name in accuracies}
            | {systems[0]: ["Labels are mapped to the classes of the gold.", "One clip has no prediction."]},
            "measures": [
                measure("accuracy (WAR)", accuracies),
                measure("UAR", accuracies),
                measure("words per clip", accuracies, higher_is_better=None),
            ],
            "pictures": {name: [confusion(), ablation()] for name in (*systems, "majority")},
        },
        shared
        | {
            "suite": "distribution",
            "about": "Shares of classes against a crowd's.",
            "counts": {},
            "notes": {},
            "unscored": {"constant-list": "it gives no shares"},
            "measures": [
                measure(
                    "KL",
                    {name: value for name, value in divergences.items() if name != "constant-list"},
                    higher_is_better=False,
                )
            ],
            "pictures": {name: [reliability(), risk_coverage()] for name in systems},
        },
    ]


def clip(number: int, systems: tuple[str, ...] = ("ours",)) -> dict[str, Any]:
    """One clip with gold, answers, claims with verdicts and scores."""
    rng = random.Random(number)
    gold = EMOTIONS[number % len(EMOTIONS)]
    said = {name: gold if rng.random() < 0.6 else rng.choice(EMOTIONS) for name in systems}
    missing = number % 11 == 10
    predicted: dict[str, Any] = {
        name: {
            "emotion": answer,
            "labels": [answer, "calm"],
            "distribution": {answer: 0.7, "neutral": 0.3},
            "text": f"AU12 is seen,\nso {answer}. " * (40 if number == 2 else 1),
        }
        for name, answer in said.items()
    }
    if missing:
        predicted = {name: {"missing": True} for name in systems}
    verdicts = ("supported", "contradicted", "unverifiable")
    claims = [
        {
            "sentence": f"Sentence {n} of clip {number}.",
            "verdict": verdicts[(number + n) % 3],
            "cue_ids": [f"face1.AU12.{n}"],
        }
        for n in range(number % 4)
    ]
    return {
        "clip": f"session {number % 3}/take-{number}.mp4",
        "columns": {"corpus": "first" if number % 2 else "second", "speaker": f"s{number % 5}"},
        "gold": {"emotion": gold, "labels": [gold], "transcript": f"What is said in clip {number}."},
        "predicted": predicted,
        "claims": {name: [] if missing else claims for name in systems},
        "of_suites": {
            "closed-set": {
                name: {"gold": gold, "predicted": said[name], "right": not missing and said[name] == gold}
                for name in systems
            },
            "ov-mer": {name: {"wheel F": round(rng.random(), 3)} for name in systems},
        },
    }


def report(n_clips: int = 24, systems: tuple[str, ...] = ("ours",), **changes: Any) -> dict[str, Any]:
    """Whole report of an evaluation; ``changes`` replace its entries."""
    win = {
        "kind": "matrix",
        "title": "Share of draws in which the row wins",
        "rows": systems,
        "columns": systems,
        "values": [[None if one == other else 0.5 for other in systems] for one in systems],
        "row_title": "",
        "column_title": "",
        "of": "share of draws",
    }
    groups = [
        {"group": name, "n_clips": n, "values": {one: interval(value) for one in (*systems, "majority")}}
        for name, n, value in (("first", 60, 0.7), ("second", 58, 0.52))
    ]
    return {
        "format": "emoreason-eval/1",
        "title": "Invented systems on invented clips",
        "made": "2026-01-31T12:00:00+00:00",
        "notice": "People must be informed of it.",
        "notes": ["Every number here is invented."],
        "not_measured": [{"what": "judge–human agreement", "why": "not measured: the gold holds no human scores"}],
        "manifest": {
            "command": "emoreason eval pred.jsonl --gold gold.jsonl",
            "seed": 0,
            "inputs": {"gold.jsonl": "0f" * 32, "pred.jsonl": "a1" * 32},
        },
        "systems": [{"name": name, "kind": "system", "about": "What is evaluated."} for name in systems]
        + [{"name": name, "kind": "control", "about": f"The control {name}."} for name in CONTROLS],
        "suites": suites(systems),
        "subgroups": [
            {
                "column": "corpus",
                "suite": "closed-set",
                "measure": "accuracy (WAR)",
                "higher_is_better": True,
                "groups": groups,
                "spread": dict.fromkeys(systems, 0.18),
                "notes": ["The intervals do not overlap."],
            }
        ],
        "comparisons": [{"suite": "closed-set", "measure": "accuracy (WAR)", "picture": win, "ranking": list(systems)}]
        if len(systems) > 1
        else [],
        "clips": [clip(number, systems) for number in range(n_clips)],
    } | changes


def probe_report() -> dict[str, Any]:
    """Report of two probes, one of which measured nothing."""
    effects = [
        {
            "name": "cited minus uncited",
            "value": 0.31,
            "low": 0.24,
            "high": 0.38,
            "level": 0.95,
            "n_clips": 40,
            "of": "share of the probability",
        },
        {"name": "cited", "value": 0.36, "low": 0.3, "high": 0.42, "level": 0.95, "n_clips": 40, "of": "nats"},
    ]
    return {
        "format": "emoreason-probe/1",
        "title": "Probes of the evidence engine",
        "probes": [
            {
                "probe": "cited",
                "engine": "evidence",
                "about": "Drops each cited and each uncited cue.",
                "effects": effects,
                "sentence": "Dropping a cited cue moves the answer more than dropping another.",
                "notes": ["Two clips cite nothing."],
                "pictures": [ablation()],
            },
            {
                "probe": "subgroups",
                "engine": "evidence",
                "about": "By a column.",
                "effects": [],
                "sentence": "Not measured: no column was named.",
                "notes": [],
                "pictures": [],
            },
        ],
        "manifest": {"seed": 0},
    }
