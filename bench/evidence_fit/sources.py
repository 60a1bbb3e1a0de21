"""Tables made from published sources alone: the FACS tables and the voice weights (no annotation is fitted)."""

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from emoreason.reasoning.evidence.tables import SIX

REFERENCE = Path(__file__).parents[1] / "reference"

#: Tables with a published origin in measurement or in the FACS authors' own work; rules found in the code of other
#: tools are left out. Their names for the six:
_FACS_TABLES = ("DTM14", "FACS-T11-1", "openDBM")
_EMOTION_NAMES = {
    **dict.fromkeys(("happy", "happiness", "joy"), "happiness"),
    **dict.fromkeys(("sad", "sadness"), "sadness"),
    **dict.fromkeys(("angry", "anger"), "anger"),
    **dict.fromkeys(("fearful", "fear"), "fear"),
    **dict.fromkeys(("surprised", "surprise"), "surprise"),
    **dict.fromkeys(("disgusted", "disgust"), "disgust"),
}
# An action that no table lists still occurs now and then, one that all list is not always seen.
_RATE_UNLISTED, _RATE_LISTED = 0.08, 0.80
_VARIANT_VOTE = 0.5
# The actions of one expression come together, about four in a row of these tables: as evidence they count like the
# square root of their number, hence each one half.
_DEPENDENCE_FACTOR = 0.5
# No expression shows all its actions: what is missing says half of what the rates would have it say.
_ABSENCE_FACTOR = 0.5
LITERATURE_SOURCE = "Du, Tao & Martinez 2014 Table 1; Ekman & Friesen 1978 Table 11-1; openDBM 2.0 (EMFACS style)"

Rows = list[dict[str, str]]


def literature_rows() -> list[tuple[str, str, tuple[float, ...], str]]:
    """Naive-Bayes log-odds from how many FACS tables list an action for an emotion: (kind, code, log-odds, source)."""
    votes: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    tables: dict[str, set[str]] = defaultdict(set)
    for row in _read("emotion_au_prototypes.csv"):
        emotion = _EMOTION_NAMES.get(row["emotion"])
        if row["table"] not in _FACS_TABLES or row["kind"] != "basic" or emotion is None:
            continue
        tables[emotion].add(row["table"])
        for column, vote in (("core_aus", 1.0), ("variant_aus", _VARIANT_VOTE)):
            for number in row[column].split():
                votes[f"AU{int(number)}"][emotion] += vote
    found = []
    for code in sorted(votes, key=lambda code: int(code[2:])):
        share = np.array([votes[code][emotion] / len(tables[emotion]) for emotion in SIX])
        rate = _RATE_UNLISTED + (_RATE_LISTED - _RATE_UNLISTED) * share
        for kind, values in (("present", np.log(rate)), ("absent", _ABSENCE_FACTOR * np.log(1 - rate))):
            values = _DEPENDENCE_FACTOR * values
            found.append((kind, code, tuple(values - values.mean()), LITERATURE_SOURCE))
    return found


#: Our measure -> (family, measure of the corpus table, measure of the literature table, sign of the latter).
_VOICE = {
    "f0_mean": ("pitch", "F0_mean_st", "f0_mean", 1),
    "f0_range": ("pitch", "F0_range_p20_80", "f0_range", 1),
    "f0_sd": ("pitch", "F0_sd_norm", "f0_var", 1),
    "loudness": ("energy", "loudness_mean", "intensity_mean", 1),
    "alpha_ratio": ("energy", "alpha_ratio_V", "hf_energy", 1),
    "hammarberg": ("energy", "hammarberg_V", "hf_energy", -1),
    "spectral_flux": ("energy", "spectral_flux", "intensity_mean", 1),
    "jitter": ("roughness", "jitter", "jitter", 1),
    "shimmer": ("roughness", "shimmer_dB", "shimmer", 1),
    "hnr": ("roughness", "HNR_dB", None, 1),
    "speech_rate": ("tempo", "syllable_rate_proxy", "speech_rate", 1),
    "pause_ratio": ("tempo", "mean_unvoiced_len", None, 1),
}
_VOICE_EMOTIONS = {
    "anger": "anger", "hot anger": "anger", "fear": "fear", "fear/panic": "fear", "happiness": "happiness",
    "joy/elation": "happiness", "joy": "happiness", "sadness": "sadness", "disgust": "disgust",
    "surprise": "surprise", "neutral": "neutral",
}  # fmt: skip
_DIRECTION_SIGN = {"high": 1, "very high": 1, "rising": 1, "low": -1, "very low": -1, "falling": -1}
#: Rising or falling has no measured strength: that of a typical measured direction.
_CONTOUR_STRENGTH = 0.15
_CORPUS = "direction and relative strength: speaker-normalised means of MELD dev (declare-lab/MELD)"
_LITERATURE = "directions: Juslin & Laukka 2003, Scherer 1986 and others (secondary tabulations)"


def voice_rows() -> list[tuple[str, str, tuple[float, ...], float, str]]:
    """Log-odds per standard deviation of each voice measure: (code, family, six log-odds, neutral, source).

    For two unit-variance normal densities the log-odds per standard deviation are the difference of their means.
    Each mean is shrunk by its own uncertainty, and set to 0 where the literature's direction contradicts it. The
    corpus's scale is another tool's: only the weight's direction and relative strength mean anything.
    """
    signs = _literature_signs()
    means: dict[tuple[str, str], float] = {}
    for row in _read("prosody_emotion_z_meld.csv"):
        mean, error = float(row["mean_z_speaker_norm"]), float(row["ci95_halfwidth"]) / 1.96
        means[row["descriptor"], _VOICE_EMOTIONS[row["emotion"]]] = mean * mean**2 / (mean**2 + error**2)
    found = []
    for code, (family, measured, told, sign) in _VOICE.items():
        agreed = {}
        for emotion in (*SIX, "neutral"):
            direction = sign * signs.get((told or "", emotion), 0)
            mean = means[measured, emotion]
            agreed[emotion] = 0.0 if direction * mean < 0 else mean
        found.append(_voice_row(code, family, agreed, f"{_CORPUS}; {_LITERATURE}" if told else _CORPUS))
    contour = {emotion: _CONTOUR_STRENGTH * signs.get(("f0_contour", emotion), 0) for emotion in (*SIX, "neutral")}
    found.append(_voice_row("f0_contour", "pitch", contour, "directions: Juslin & Laukka 2003 Table 11"))
    return found


def _voice_row(
    code: str, family: str, means: dict[str, float], source: str
) -> tuple[str, str, tuple[float, ...], float, str]:
    six = np.array([means[emotion] for emotion in SIX])
    return code, family, tuple(six - six.mean()), means["neutral"] - float(six.mean()), source


def _literature_signs() -> dict[tuple[str, str], int]:
    """Direction on which the literature's statements agree in sum: +1, -1 or 0."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in _read("prosody_emotion_directions.csv"):
        emotion = _VOICE_EMOTIONS.get(row["emotion"])
        if emotion is not None:
            sums[row["descriptor"], emotion] += _DIRECTION_SIGN.get(row["direction"], 0)
    return {key: int(math.copysign(1, value)) if value else 0 for key, value in sums.items()}


def _read(name: str) -> Rows:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
