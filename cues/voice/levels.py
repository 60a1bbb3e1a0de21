"""Level words: a measure compared with the speaker's own baseline, else with a named norm.

With a baseline, a value more than one standard deviation from the speaker's mean is low or high, more than two very
low or very high. Without one only measures with a norm on *our* scale get a word: F0 mean and F0 standard deviation
(``cues/data/voice_norms.csv``). Jitter, shimmer, harmonicity, the spectral measures and loudness depend on the tool
or on the recording; norms of another tool are never applied to them, so they stay without a word.
"""

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from ...errors import ConfigError, MediaError
from ...records.labels import Mark
from ..extractor import Audio
from ..sound import Waveform
from ..speech.activity import Span
from .measures import MEASURES, analyse, summarise

Level = Literal["very_low", "low", "normal", "high", "very_high"]

#: Deviations from the speaker's mean, in standard deviations, at which the words change.
LOW_SD, VERY_LOW_SD = 1.0, 2.0

#: A baseline is made of stretches of at least this much speech, and of at least this many of them.
STRETCH_S = 2.5
MIN_STRETCHES = 3

#: Depends on the length of the recording, so it has no baseline.
_NO_BASELINE: Final = frozenset({"pause_count"})

Baseline = dict[str, tuple[float, float]]

_FORMAT = "emoreason voice baseline 1"


@dataclass(frozen=True, slots=True)
class Norm:
    """Edges of the five words for one measure; an edge may be -inf (that word is never given)."""

    name: str
    very_low_below: float
    low_below: float
    high_from: float
    very_high_from: float
    source: str

    def level(self, value: float) -> Level:
        """Word for a value."""
        if value < self.low_below:
            return "very_low" if value < self.very_low_below else "low"
        if value >= self.high_from:
            return "very_high" if value >= self.very_high_from else "high"
        return "normal"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A level word, what it was compared with (``baseline``, ``dataspeech_pooled`` …), and the caveats it carries."""

    level: Level | None = None
    compared_with: str | None = None
    marks: tuple[Mark, ...] = ()


@cache
def load_norms() -> Mapping[tuple[str, str], Norm]:
    """Norms shipped with the package by (name, measure)."""
    text = (resources.files(__package__.rpartition(".")[0]) / "data" / "voice_norms.csv").read_text(encoding="utf-8")
    return {
        (row["norm"], row["measure"]): Norm(
            name=row["norm"],
            very_low_below=float(row["very_low_below"] or "-inf"),
            low_below=float(row["low_below"]),
            high_from=float(row["high_from"]),
            very_high_from=float(row["very_high_from"]),
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def judge(code: str, value: float, baseline: Mapping[str, tuple[float, float]] | None, sex: str | None) -> Judgement:
    """Word for one measure.

    Parameters
    ----------
    code : str
        A key of ``MEASURES``.
    value : float
        In that measure's unit.
    baseline : mapping or None
        The speaker's own (mean, standard deviation) by code.
    sex : str or None
        ``female`` or ``male`` if the user stated it; never inferred.

    Examples
    --------
    >>> judge("f0_mean", 260.0, None, None)
    Judgement(level='very_high', compared_with='dataspeech_pooled', marks=('pooled_norm',))
    >>> judge("f0_mean", 260.0, {"f0_mean": (240.0, 15.0)}, None).level
    'high'
    >>> judge("jitter", 2.0, None, None).level is None
    True
    """
    if baseline is not None and code in baseline and code not in _NO_BASELINE:
        mean, sd = baseline[code]
        # No difference smaller than the measuring error counts, however steady the neutral recording was.
        sd = max(sd, MEASURES[code].resolution)
        far, near = VERY_LOW_SD * sd, LOW_SD * sd
        own = Norm("baseline", mean - far, mean - near, mean + near, mean + far, source="the speaker's own recording")
        return Judgement(own.level(value), own.name)
    norms = load_norms()
    by_sex = norms.get((f"dataspeech_{sex}", code))
    if by_sex is not None:
        return Judgement(by_sex.level(value), by_sex.name)
    pooled = norms.get(("dataspeech_pooled", code))
    if pooled is not None:
        return Judgement(pooled.level(value), pooled.name, ("pooled_norm",))
    return Judgement()


def measure_baseline(audio: Audio) -> Baseline:
    """Baseline of a speaker from a neutral recording of that speaker alone.

    The speech is cut into stretches of at least ``STRETCH_S`` seconds at its pauses; the mean and standard deviation
    of each measure over the stretches are the baseline.

    Raises
    ------
    MediaError
        There is too little speech.
    ModelFileError
        The voice-activity model is missing.
    """
    from ..models import model_path
    from ..speech.activity import SileroVad, find_speech

    waveform = Waveform.of(audio)
    spans = find_speech(waveform, SileroVad(model_path("silero_vad")).probabilities(waveform))
    stretches = _stretches(spans)
    if len(stretches) < MIN_STRETCHES:
        speech_s = sum(span.duration_s for span in spans)
        raise MediaError(
            f"{speech_s:.1f} s of speech found; a speaker baseline needs at least {MIN_STRETCHES} phrases of "
            f"{STRETCH_S} s: record the speaker talking calmly for 20 s or more"
        )
    analysis = analyse(waveform, spans)
    rows = [summarise(analysis, stretch) for stretch in stretches]
    baseline: Baseline = {}
    for code in MEASURES:
        values = [row[code] for row in rows if code in row]
        if code not in _NO_BASELINE and len(values) >= MIN_STRETCHES:
            mean = math.fsum(values) / len(values)
            baseline[code] = (mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)))
    return baseline


def _stretches(spans: list[Span]) -> list[list[Span]]:
    """Consecutive spans grouped into stretches of at least ``STRETCH_S``; a long span is cut into several."""
    stretches: list[list[Span]] = []
    current: list[Span] = []
    for span in spans:
        n = max(int(span.duration_s / STRETCH_S), 1)
        step_s = span.duration_s / n
        for i in range(n):
            current.append(Span(span.start_s + i * step_s, span.start_s + (i + 1) * step_s, span.probability))
            if sum(part.duration_s for part in current) >= STRETCH_S - 1e-9:
                stretches.append(current)
                current = []
    return stretches


def write_baseline(path: str | Path, baseline: Baseline) -> None:
    """Write a baseline as JSON.

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    measures = {code: {"mean": mean, "sd": sd, "unit": MEASURES[code].unit} for code, (mean, sd) in baseline.items()}
    text = json.dumps({"format": _FORMAT, "measures": measures}, indent=2, allow_nan=False) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"speaker baseline {path} cannot be written: {error.strerror or error}") from error


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline that :func:`write_baseline` wrote.

    Raises
    ------
    ConfigError
        The file cannot be read, or is no baseline; the message says what is wrong and how to make one.
    """
    remedy = "make one with `emoreason cues RECORDING --write-baseline FILE`"
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"speaker baseline {path} cannot be read: {error.strerror or error}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"speaker baseline {path} is not JSON ({error}); {remedy}") from error
    if not isinstance(value, dict) or value.get("format") != _FORMAT or not isinstance(value.get("measures"), dict):
        raise ConfigError(f'speaker baseline {path} is not a file with "format": "{_FORMAT}"; {remedy}')
    return {code: _mean_and_sd(path, code, entry, remedy) for code, entry in value["measures"].items()}


def _mean_and_sd(path: str | Path, code: str, entry: Any, remedy: str) -> tuple[float, float]:
    place = f"speaker baseline {path}: measure {str(code)[:50]!r}"
    if code not in MEASURES:
        raise ConfigError(f"{place} is not known; expected one of {', '.join(MEASURES)}; {remedy}")
    if not isinstance(entry, dict) or not (_is_finite(entry.get("mean")) and _is_finite(entry.get("sd"))):
        raise ConfigError(f"{place} needs a finite mean and sd; {remedy}")
    if entry["sd"] < 0:
        raise ConfigError(f"{place} has an sd below 0; {remedy}")
    if entry.get("unit") not in (None, MEASURES[code].unit):
        raise ConfigError(f"{place} is in {entry['unit']!r}; expected {MEASURES[code].unit!r}; {remedy}")
    return float(entry["mean"]), float(entry["sd"])


def _is_finite(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 1e300
