"""Evaluate on the research data: ``EMOREASON_RESEARCH_DATA=DIR python bench/evaluation_results.py [--resamples N]``.

Writes ``docs/evaluation_results.md``: three released systems by their labels and by their texts, the evidence engine on
clips of three corpora and on coded faces, probes of it, and planted engines, all beside controls and with intervals.
The page holds no word of a clip. ``--print`` writes it to the terminal instead. MiniLM comes with the extra
``reference``; without it the script stops, since hashed vectors are another measure.
"""

# ruff: noqa: E501 - sentences of the page

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "support")]

from evaluated import page, runs  # noqa: E402

from emoreason.eval.manifest import tables_sha256, versions  # noqa: E402
from emoreason.eval.outcome import EvalReport  # noqa: E402
from emoreason.rewards.embedders import default_embedder  # noqa: E402

PAGE = HERE.parent / "docs" / "evaluation_results.md"


def by_labels(report: EvalReport) -> list[str]:
    """Section on the labels of released systems."""
    return [
        "## Three released systems, by their labels",
        "169 clips with people's open labels and one class of five; the systems' published labels. Constant controls are "
        "made of the very gold they are scored on, which flatters them.",
        page.values(report, "ov-mer"),
        f"Main measure M-avg (v2025). {page.tally(report, 'ov-mer', 'constant-list')} "
        f"{page.tally(report, 'ov-mer', 'transcript')} {page.tally(report, 'ov-mer', 'shuffled')}",
        page.differences(report, "ov-mer"),
        page.values(report, "closed-set"),
        f"Accuracy. {page.tally(report, 'closed-set', 'majority')} {page.tally(report, 'closed-set', 'transcript')}",
    ]


def by_texts(report: EvalReport) -> list[str]:
    """Section on the texts of released systems."""
    return [
        "## Three released systems, by their texts",
        "The same clips; reference explanations that people checked; sentences are the cues (no judge splits them, so these "
        "are not the published EmoCue-360 numbers); embeddings of MiniLM-L6-v2.",
        page.values(report, "emocue-360"),
        f"EmoCue-360 F1. {page.tally(report, 'emocue-360', 'constant-list')} "
        f"{page.tally(report, 'emocue-360', 'longer-wins')} The constant list never looked at a clip.",
        page.values(report, "cue-robust"),
        f"Cue match, 0 being chance. {page.tally(report, 'cue-robust', 'constant-list')} "
        f"{page.tally(report, 'cue-robust', 'longer-wins')} {page.tally(report, 'cue-robust', 'shuffled')} Its F1 alone would "
        "not do: the constant list has as high an F1 as the best system, and as high a floor.",
        page.differences(report, "cue-robust"),
    ]


def on_clips(reports: tuple[EvalReport, EvalReport, EvalReport]) -> list[str]:
    """Section on clips of three corpora."""
    fitting, worded, in_sets = reports
    rows = [
        (group.name, str(group.n_clips), *(page.said(group.values[name]) for name in group.values))
        for found in fitting.subgroups
        if found.suite == "closed-set"
        for group in found.groups
    ]
    return [
        "## The evidence engine on clips of MER, MELD and IEMOCAP",
        "182 clips with OpenFace intensities at one frame, text about scene and voice, a transcript and one class of ten. "
        "The engine reads the action units alone; its weights never saw these clips. Clips of one speaker (IEMOCAP) or one "
        "dialogue (MELD) are drawn together.",
        page.values(fitting, "closed-set"),
        f"Accuracy. {page.tally(fitting, 'closed-set', 'majority')} {page.tally(fitting, 'closed-set', 'shuffled')} A quarter of "
        "these clips are neutral; one measured action speaks against neutral (docs/evidence.md), so the engine hardly ever "
        "says it, and three of the ten classes it cannot say at all.",
        page.table(("corpus", "clips", "evidence, fitted", "evidence, literature"), rows),
        page.values(worded, "ov-mer"),
        f"The class word is the only gold label; neutral, the majority, has no class on the wheels. {page.tally(worded, 'ov-mer', 'constant-list')} "
        f"{page.tally(worded, 'ov-mer', 'shuffled')}",
        page.values(in_sets, "mer-unibench"),
        "Hit rate by the rule of MER-UniBench, on these clips and not the benchmark's: a list of all classes, given for every "
        f"clip, has {page.said(page.value(in_sets, 'mer-unibench', 'constant-list', 'MELD hit rate'))}. mscore divides by the "
        "number of classes named.",
        page.values(fitting, "grounding"),
        "Claims of its reasons against the clip's cues. The engine writes what it read, so almost nothing is contradicted; what "
        "is unverifiable are its sums and base rates, which no cue bears out. Reasons of other clips (`shuffled`) are the "
        "floor: what is absent in one clip is absent in most.",
        page.values(fitting, "valence-arousal"),
        "Valence is known of the 37 clips of MER alone.",
        page.values(fitting, "distribution"),
        "Here the gold is one class a clip, so there is no KL, and calibration is against being right.",
    ]


def on_faces(report: EvalReport) -> list[str]:
    """Section on coded faces."""
    return [
        "## The evidence engine on coded faces",
        "3,454 web photographs with human FACS codes and a crowd's distribution over six emotions. **The weights that are "
        "shipped were fitted on these very faces**; the row that counts is *held out*: five folds, each answered by weights "
        "fitted on the four others. Present codes only.",
        page.values(report, "distribution"),
        f"KL. {page.tally(report, 'distribution', 'majority')} (`majority`: the mean distribution.)",
        page.values(report, "closed-set"),
        "The class is what most raters chose; ties are left out. An abstention counts as wrong here, unlike in "
        "[evidence_figures.md](evidence_figures.md). The literature's prototypes, unfitted, say hardly more about the crowd than its "
        "mean does.",
    ]


def short(labels: EvalReport, texts: EvalReport, clips: tuple[EvalReport, ...], faces: EvalReport) -> list[str]:
    """Bad news first."""
    fitting, _, in_sets = clips
    cues = page.against(texts, "emocue-360", "constant-list")
    constant = page.against(labels, "ov-mer", "constant-list")
    higher = [
        name
        for name in constant
        if page.value(labels, "ov-mer", name).value < page.value(labels, "ov-mer", "constant-list").value
    ]
    lines = [
        f"Under ov-mer a constant list of labels ({page.said(page.value(labels, 'ov-mer', 'constant-list'))}) has a higher score "
        f"than {len(higher)} of {len(constant)} released systems ({', '.join(higher)}); after correction for all tests, {page.sure(labels, 'ov-mer', 'constant-list')}.",
        f"Under EmoCue-360 a constant list of sentences ({page.said(page.value(texts, 'emocue-360', 'constant-list'))}) beats "
        f"{page.counted(cues, 'worse than')} systems; adding generic sentences to a system's text raises "
        f"{page.counted(page.against(texts, 'emocue-360', 'longer-wins'), 'worse than')} scores. Under cue-robust the same list is "
        f"at {page.said(page.value(texts, 'cue-robust', 'constant-list'))}, "
        f"{page.counted(page.against(texts, 'cue-robust', 'constant-list'), 'better than')} systems are above it, and the added "
        f"sentences cost {page.counted(page.against(texts, 'cue-robust', 'longer-wins'), 'better than')} of them.",
        "The hit rate of a list that names every class is "
        f"{page.value(in_sets, 'mer-unibench', 'constant-list', 'MELD hit rate').value:.1f}: it takes nothing off.",
        f"The evidence engine is below the majority class on clips of MER, MELD and IEMOCAP ("
        f"{page.said(page.value(fitting, 'closed-set', 'evidence, fitted'))} against "
        f"{page.said(page.value(fitting, 'closed-set', 'majority'))}): it hardly ever says neutral, and its answers are {page.against(fitting, 'closed-set', 'shuffled')['evidence, fitted']} the same answers given to other clips. There its answers also lean on "
        "AU12 more than on other units (probe `proxy`).",
        f"On coded faces its held-out KL to the crowd is {page.said(page.value(faces, 'distribution', 'fitted, held out'))} nats, the "
        f"mean distribution's {page.said(page.value(faces, 'distribution', 'majority'))}.",
        "No judge and no language model of useful size was run: `mme-emotion`, `emer-overlap` and `filler` are not measured here.",
    ]
    return ["## In short", "\n".join(f"- {line}" for line in lines)]


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--print", action="store_true", dest="to_terminal", help="write nothing")
    options = parser.parse_args()
    data = os.environ.get("EMOREASON_RESEARCH_DATA")
    if not data:
        print("skipped: set EMOREASON_RESEARCH_DATA to the folder with", ", ".join(runs.FILES))
        return 0
    if "MiniLM" not in default_embedder().name:
        print("stopped: MiniLM is not on this machine (pip install 'emoreason[reference,train]')")
        return 1
    text = whole(Path(data), options.resamples)
    if options.to_terminal:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def whole(folder: Path, resamples: int) -> str:
    """Measure everything and return the page."""
    labels, texts = runs.released_by_labels(folder, resamples), runs.released_by_texts(folder, resamples)
    clips, faces = runs.evidence_on_clips(folder, resamples), runs.evidence_on_faces(folder, resamples)
    used = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts = [
        "# Evaluation: results",
        f"Made by `python bench/evaluation_results.py --resamples {resamples}`; values with 95 % bootstrap intervals, p-values of paired "
        "permutation tests, corrected by Holm's method within a section; controls in italics never looked at a clip, at most at its "
        "words. *Better*, *worse*: the interval of the paired difference excludes 0. How to read this: [evaluation.md](evaluation.md), "
        "[probes.md](probes.md).",
        *short(labels, texts, clips, faces),
        *by_labels(labels),
        *by_texts(texts),
        *on_clips(clips),
        *on_faces(faces),
        "## Probes of the evidence engine",
        "On the 182 clips of three corpora (each with OpenFace intensities, a scene, a voice and words in prose):",
        page.probes(runs.probes_on_clips(folder, resamples)),
        "On 300 coded faces that its weights did not see:",
        page.probes(runs.probes_on_faces(folder, resamples)),
        "`visible teeth` is AU25 to this engine: it reads action units only.",
        "## Planted engines",
        "Engines whose faults are known (`tests/support/planted_engines.py`), on 36 drawn clips: *honest* adds up what each cue says, "
        "*unfaithful* answers by the brightness of the scene and cites action units, *leaning* says happiness wherever AU12 is. "
        "`tests/eval/test_planted.py` asserts that the intervals do not overlap.",
        page.planted(runs.probes_of_planted(resamples)),
        "## Made from",
        page.inputs(folder, runs.FILES),
        f"Tables {tables_sha256()[:16]}; {used}; seed 0.",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
