"""Cue rewards compared: which tells the right clip's text from another clip's, and what a constant list earns.

``EMOREASON_RESEARCH_DATA=… python bench/rewards_cue_match.py [--speed]`` reads ``emer_explanations.jsonl`` and
``emer_system_texts.jsonl`` there. Thresholds are tuned on one half of the clips; figures come from the other half, with
95 % intervals by clip. MiniLM is used where it is installed. ``--speed`` needs no data.
"""

import argparse
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "support"), str(HERE.parents[1])]

import numpy as np  # noqa: E402
from cue_study import (  # noqa: E402
    Study,
    auc_difference,
    auc_of,
    auc_with_interval,
    central_clauses,
    part_matrices,
    rank_of_right,
    read_study,
    score_matrices,
    scores_of_list,
    tuned_threshold,
    with_floor,
)

from emoreason.eval.stats import bootstrap_by_clip  # noqa: E402
from emoreason.rewards.cue_match import CueMatch, EmoCue360  # noqa: E402
from emoreason.rewards.embedders import Cached, Embedder, HashedEmbedder, default_embedder  # noqa: E402

GRIDS = {"all-MiniLM-L6-v2": (0.2, 0.25, 0.3, 0.35, 0.4, 0.5), "hashed-2048": (0.05, 0.1, 0.15, 0.2, 0.3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", action="store_true", help="measure embedders and the reward only")
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    embedders: list[Embedder] = [Cached(HashedEmbedder())]
    if default_embedder().name != embedders[0].name:
        embedders.insert(0, default_embedder())
    else:
        print("MiniLM is not on this machine: hashed vectors only")
    for embedder in embedders:
        speed(embedder)
    folder = os.environ.get("EMOREASON_RESEARCH_DATA")
    if arguments.speed or not folder:
        return print("" if arguments.speed else "skipped the study: set EMOREASON_RESEARCH_DATA")
    first, second = read_study(Path(folder))
    with_speech = read_study(Path(folder), speech=True)[1]
    for embedder in embedders:
        study(embedder, first, second, with_speech, arguments.resamples)
    return None


def study(embedder: Embedder, first: Study, second: Study, with_speech: Study, resamples: int) -> None:
    """Print the table of one embedder."""
    print(f"\n## {embedder.name}: {len(second.references)} clips held out, systems: {', '.join(second.texts)}")
    tuned = tuned_threshold(
        first, lambda t, background: CueMatch(embedder, threshold=t, background=background), GRIDS[embedder.name]
    )
    print("AUC by threshold on the first half:", {t: round(value, 3) for t, value in tuned.items()})
    print(f"threshold used: {embedder.threshold}")
    background = [reference.clues for reference in first.references]
    robust, soft = CueMatch(embedder, background=background), EmoCue360(embedder)
    parts = part_matrices(second, robust, ("value", "f1", "margin"))
    scores = {"emocue360": score_matrices(second, soft), "robust": parts["value"]}
    scores["emocue360 minus floor"] = with_floor(second, first, embedder, scores["emocue360"])
    scores["robust without floor"] = parts["f1"]
    scores["robust, margin"] = parts["margin"]
    scores["robust, built-in floor"] = score_matrices(second, CueMatch(embedder, background=_built_in()))
    theirs = list(scores["emocue360"].values())
    speech_auc = auc_with_interval(list(score_matrices(with_speech, soft).values()), resamples)
    print(f"{'emocue360, subtitles kept':28s} AUC {speech_auc}")
    for name, matrices in scores.items():
        ours = list(matrices.values())
        by_system = " ".join(f"{system.split('/')[0]} {auc_of([m]):.3f}" for system, m in matrices.items())
        line = f"{name:28s} AUC {auc_with_interval(ours, resamples)}  rank {rank_of_right(ours):.3f}  {by_system}"
        print(line, "" if name == "emocue360" else f" difference {auc_difference(ours, theirs, resamples)}")
    for system, matrix in scores["robust"].items():
        right, wrong = np.diag(matrix).mean(), matrix[~np.eye(len(matrix), dtype=bool)].mean()
        soft_right = np.diag(scores["emocue360"][system]).mean()
        print(f"{system:28s} robust right {right:.3f} wrong {wrong:.3f}; emocue360 right {soft_right:.3f}")
    constant_lists(embedder, first, second, robust, soft)


def constant_lists(embedder: Embedder, first: Study, second: Study, robust: CueMatch, soft: EmoCue360) -> None:
    """Print what the clauses most central to the first half earn on the second."""
    in_batch = CueMatch(embedder)
    for n in (5, 10, 20, 40):
        clauses = central_clauses(first, embedder, n)
        margin = bootstrap_by_clip(np.mean, scores_of_list(second, clauses, robust, "margin"))
        batch = bootstrap_by_clip(np.mean, scores_of_list(second, clauses, in_batch, "margin"))
        print(
            f"constant list of {n:2d}: robust {scores_of_list(second, clauses, robust).mean():.4f}, "
            f"margin over the floor {margin} (first half), {batch} (batch); "
            f"emocue360 {scores_of_list(second, clauses, soft).mean():.3f}"
        )


def _built_in() -> list[tuple[str, ...]]:
    from emoreason.rewards.cue_match.robust import _built_in as clues_of

    return list(clues_of(False))


def speed(embedder: Embedder) -> None:
    """Print phrases per second, cold and from the cache, and the reward for 64 completions of 12 clauses."""
    from emoreason.records import Reference
    from emoreason.rewards.reward import Case

    parts = ("brow", "jaw", "lip", "voice", "gaze", "chin", "tone", "head", "lid", "cheek", "pace", "hand")
    texts = [f"The {part} moves in take {n} while she talks." for n in range(64) for part in parts]
    clocked = []
    for _ in range(6):
        begin = time.perf_counter()
        embedder(texts)
        clocked.append(time.perf_counter() - begin)
    print(
        f"{embedder.name}: {len(texts) / clocked[0]:.0f} phrases/s cold, 64 x 12 cached {min(clocked[1:]) * 1e3:.2f} ms"
    )
    cases = [
        Case.of(
            "<think>" + " ".join(texts[n * 12 : n * 12 + 12]) + "</think>", Reference(clues=tuple(texts[n::64][:7]))
        )
        for n in range(64)
    ]
    for name, reward in (("emocue360", EmoCue360(embedder)), ("robust", CueMatch(embedder))):
        reward.score_many(cases)
        begin = time.perf_counter()
        reward.score_many(cases)
        print(f"{name}: 64 completions of 12 clauses, warm {(time.perf_counter() - begin) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
