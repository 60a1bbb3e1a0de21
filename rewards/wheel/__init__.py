"""Emotion-wheel metrics of the open-vocabulary benchmarks (AffectGPT, OV-MER, MER2025, MER2026), exact and fast.

A label is read as a surface form, taken to its base words, from there to wheel words and to a class of one of five
wheels; sets of classes are compared. Every word is looked up in a table built once (:mod:`.tables`).

Twelve metrics: ``case1`` (base words), ``case2`` (wheel words) and ``case3_wheel{1..5}_level{1,2}``. The papers report
the mean over the five wheels: level 1 (OV-MERD+, MER2026 track 2), levels 1 and 2 (MER2025 track 2), or the mean of all
twelve (OV-MER: ``m_avg``).

Three table families: ``v2025`` (AffectGPT, OV-MER, MER2025) and ``v2026`` (MER2026) are the published definitions with
all their quirks; ``mended`` repairs these (the rule: :mod:`.mended`). Scores of different families must not be
compared, so every report names its family. The benchmark's published results take, for each data set, the checkpoint
that scored best on the test set; a score of one checkpoint chosen beforehand is not comparable with them.

Source: MERTools (zeroQiaoba/MERTools, commit 89120b780ab1).
"""

from ..labels import parse_labels
from .corpus import map_label, score_corpus, score_pair
from .report import WheelMetric, WheelReport
from .reward import score_wheel, score_wheel_official, wheel_f, wheel_f_strict
from .tables import METRICS, TABLES

__all__ = [
    "METRICS",
    "TABLES",
    "WheelMetric",
    "WheelReport",
    "map_label",
    "parse_labels",
    "score_corpus",
    "score_pair",
    "score_wheel",
    "score_wheel_official",
    "wheel_f",
    "wheel_f_strict",
]
