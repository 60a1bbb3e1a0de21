"""The evaluations themselves: gold and systems of the research data through the suites, controls and probes."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evidence_fit.faces import read_faces, vocabulary_of
from evidence_fit.measure import folds
from evidence_fit.model import amounts_of, fit, table_of, write_down

from emoreason.eval.controls.systems import control_systems
from emoreason.eval.outcome import EvalReport, System
from emoreason.eval.probes import ProbeSettings, Trial, run_probes
from emoreason.eval.probing.asking import Asker
from emoreason.eval.probing.result import ProbeReport
from emoreason.eval.reading.gold import read_gold
from emoreason.eval.reading.predictions import matched, of_explanation, read_predictions
from emoreason.eval.run import RunOptions, run_suites
from emoreason.eval.sample import Gold, Prediction
from emoreason.eval.suite import SuiteSettings
from emoreason.reasoning.engines import Engine, load_engine
from emoreason.reasoning.engines.evidence import EvidenceEngine
from emoreason.reasoning.evidence.tables import Table
from emoreason.reasoning.explain import explain_cues

#: Files of the research data that the page rests on.
FILES = (
    "emer_explanations.jsonl",
    "emer_predictions.jsonl",
    "emer_system_texts.jsonl",
    "cue_bundles.jsonl",
    "raf_facs_crowd.jsonl",
)
#: Corpus -> the set of MER-UniBench whose rule its words are scored by.
_SET_OF = {"MELD": "meld", "IEMOCAP": "iemocap", "MER": "mer2023"}
_FOLDS = 5
#: Probes that the coded faces can say something about: one still face each, no words, no voice.
OF_FACES = ("cited", "proxy", "ambiguity", "abstention")
_PROBED_FACES = 300


def released_by_labels(folder: Path, resamples: int) -> EvalReport:
    """Three released systems by the labels they gave."""
    return _released(folder, "emer_predictions.jsonl", ["ov-mer", "closed-set"], resamples)


def released_by_texts(folder: Path, resamples: int) -> EvalReport:
    """Three released systems by what they wrote."""
    return _released(folder, "emer_system_texts.jsonl", ["emocue-360", "cue-robust"], resamples)


def _released(folder: Path, name: str, suites: Sequence[str], resamples: int) -> EvalReport:
    golds = read_gold(folder / "emer_explanations.jsonl").golds
    read = read_predictions(folder / name)
    systems = [System(name=said, predictions=matched(golds, made)[0]) for said, made in read.systems.items()]
    return _scored(golds, systems, suites, RunOptions(resamples=resamples, compare=True))


def evidence_on_clips(folder: Path, resamples: int) -> tuple[EvalReport, EvalReport, EvalReport]:
    """Return three reports on clips of three corpora: suites that fit; the class as a label; hit rates by corpus."""
    golds = [_with_speaker(gold) for gold in read_gold(folder / "cue_bundles.jsonl").golds]
    systems = [_evidence(golds, weights) for weights in ("fitted", "literature")]
    worded = [
        replace(gold, reference=replace(gold.reference, labels=(gold.reference.emotion or "",))) for gold in golds
    ]
    in_sets = [replace(gold, columns={"set": _SET_OF[gold.columns["corpus"]]}) for gold in golds]
    options = RunOptions(resamples=resamples)
    suites = ("closed-set", "grounding", "valence-arousal", "distribution")
    return (
        _scored(golds, systems, suites, replace(options, by=("corpus",))),
        _scored(worded, systems, ["ov-mer"], options),
        _scored(in_sets, systems, ["mer-unibench"], options),
    )


def _with_speaker(gold: Gold) -> Gold:
    """Say who speaks, as far as the clip's name tells: IEMOCAP's speaker, MELD's dialogue; MER's clips stand alone."""
    if found := re.match(r"(Ses\d+)\w*_([FM])\d+", gold.clip):
        return replace(gold, speaker="".join(found.groups()))
    found = re.match(r"dia\d+", gold.clip)
    return replace(gold, speaker=found.group() if found else None)


def evidence_on_faces(folder: Path, resamples: int) -> EvalReport:
    """Return the report on coded faces: weights that saw them, weights that did not, and weights without a fit."""
    golds = _coded_faces(folder)
    held_out = [
        prediction
        for table, part in _fits(folder)
        for prediction in _answers([golds[row] for row in part], EvidenceEngine(table=table))
    ]
    systems = [
        System(name="fitted, held out", predictions=held_out),
        System(name="fitted, as shipped (saw these faces)", predictions=_answers(golds, load_engine("evidence"))),
        replace(_evidence(golds, "literature"), name="literature"),
    ]
    return _scored(golds, systems, ["distribution", "closed-set"], RunOptions(resamples=resamples))


def _coded_faces(folder: Path) -> list[Gold]:
    """Faces with FACS codes, as the fit reads them."""
    names = {face.name for face in read_faces(folder / "raf_facs_crowd.jsonl")}
    return [gold for gold in read_gold(folder / "raf_facs_crowd.jsonl").golds if gold.clip in names]


def _fits(folder: Path, only: int = _FOLDS) -> list[tuple[Table, list[int]]]:
    """Weights fitted on all folds but one, and the faces of that one."""
    faces = read_faces(folder / "raf_facs_crowd.jsonl")
    written = write_down(faces, vocabulary_of(faces), seed=0)
    amounts = {convention: amounts_of(cuesets) for convention, cuesets in written.items()}
    made = []
    for training, held_out in list(folds(len(faces), _FOLDS, seed=0))[:only]:
        chosen = [int(row) for row in training]
        fitted = fit(
            [faces[row] for row in chosen], {name: [rows[row] for row in chosen] for name, rows in amounts.items()}
        )
        made.append((table_of(fitted), [int(row) for row in held_out]))
    return made


def _evidence(golds: Sequence[Gold], weights: str) -> System:
    return System(name=f"evidence, {weights}", predictions=_answers(golds, load_engine("evidence", weights=weights)))


def _answers(golds: Sequence[Gold], engine: Engine) -> list[Prediction]:
    return [
        of_explanation(explain_cues(gold.reference.cueset, engine))
        for gold in golds
        if gold.reference.cueset is not None
    ]


def _scored(golds: Sequence[Gold], systems: Sequence[System], suites: Sequence[str], options: RunOptions) -> EvalReport:
    settings = SuiteSettings(seed=options.seed)
    every = [*systems, *control_systems(golds, systems, settings)]
    return run_suites(golds, every, suites, settings, options)


def probes_on_clips(folder: Path, resamples: int) -> dict[str, Any]:
    """All probes of the evidence engine on clips of three corpora, by the command itself."""
    command = [
        *(sys.executable, "-m", "emoreason", "probe", "--gold", str(folder / "cue_bundles.jsonl"), "--json"),
        *("--resamples", str(resamples), "--purpose", "research"),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def probes_on_faces(folder: Path, resamples: int) -> dict[str, Any]:
    """Probes of the evidence engine on coded faces that its weights did not see: some of one fold of five."""
    golds = _coded_faces(folder)
    table, part = _fits(folder, only=1)[0]
    chosen = [golds[row] for row in part[:_PROBED_FACES]]
    cuesets = [gold.reference.cueset for gold in chosen if gold.reference.cueset is not None]
    with Asker(EvidenceEngine(table=table)) as asker:
        trial = Trial(cuesets, {gold.clip: gold for gold in chosen}, asker, ProbeSettings(resamples=resamples))
        return run_probes(trial, OF_FACES).to_dict()


def probes_of_planted(resamples: int) -> dict[str, ProbeReport]:
    """Engines whose faults are known (``tests/support/planted_engines.py``), on clips that are drawn."""
    from planted_engines import Honest, Leaning, Unfaithful, planted_clips

    cuesets, golds = planted_clips(36)
    found = {}
    for name, engine in (("honest", Honest()), ("unfaithful", Unfaithful()), ("leaning on AU12", Leaning())):
        with Asker(engine) as asker:
            trial = Trial(cuesets, golds, asker, ProbeSettings(resamples=resamples))
            found[name] = run_probes(trial, ("cited", "proxy", "swap"))
    return found
