"""Voice measured by openSMILE, instead of the voice extractor.

Values stay openSMILE's. A level word is given only against a baseline that openSMILE measured too
(``Settings.voice_baseline``); without one a stretch may be higher or lower than the recording as a whole, and that is
all. No norm of ours is ever applied.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ...formats.opensmile import FEATURES, VoiceTable, read_opensmile
from ...records import Clip, Cue, CueSet, Curve, Gap
from ..container import StrPath, one_line
from ..extractor import Audio, Extraction, Frame, Job, Stream
from ..gathered import Gathered
from ..voice.extractor import MAX_CURVE_POINTS, MAX_PHRASES
from ..voice.levels import LOW_SD, MIN_STRETCHES, VERY_LOW_SD, Level, Norm
from .gaps import allowed_s, check_that_they_match, said, uncovered
from .place import ImportedFileError, of_another_clip, read_table, table_for

Array = npt.NDArray[np.float64]
Baseline = Mapping[str, tuple[float, float]]

SOURCE: Final = "opensmile"
SUFFIXES: Final = (".csv", ".arff", ".txt")
_TOOL: Final = "openSMILE"
_UNITS: Final = {feature.code: feature.unit for feature in FEATURES}


class VoiceImporter:
    """Takes the place of the voice extractor when ``Settings.voice_csv`` names a table.

    Examples
    --------
    >>> VoiceImporter().name, sorted(VoiceImporter().needs)
    ('voice', [])
    """

    name = "voice"
    version = "1"
    needs: frozenset[Stream] = frozenset()

    def __init__(self) -> None:
        self._table: VoiceTable | None = None
        self._baseline: Baseline = {}
        self._file = ""

    def begin(self, job: Job) -> None:
        """Read the table and the baseline. Raises ImportedFileError, which ends the clip."""
        if job.settings.voice_csv is None:
            raise ImportedFileError("no voice table is given; expected Settings(voice_csv=FILE)")
        place = table_for(job.settings.voice_csv, job.clip.path, SUFFIXES)
        stem = Path(job.clip.path).stem if job.clip.path is not None else None
        table = read_table(place, lambda file: read_opensmile(file, stem))
        self._table = _within(table, job.clip.duration_s, place)
        self._file = place.name
        if job.settings.voice_baseline is not None:
            self._baseline = read_voice_baseline(job.settings.voice_baseline)

    def hear(self, audio: Audio) -> None:
        """Take no sound."""

    def see(self, frame: Frame) -> None:
        """Take no picture."""

    def finish(self, job: Job) -> Extraction:
        """Cues, gaps and curves of the voice."""
        if self._table is None:
            raise RuntimeError("VoiceImporter.begin() must be called first")
        return voice_extraction(self._table, self._file, self._baseline, job.clip.duration_s)


def _within(table: VoiceTable, duration_s: float | None, place: Path) -> VoiceTable:
    """Table without the stretches after the end of the clip; none reaches beyond it."""
    ends = [span for span in table.spans_s if span is not None]
    if duration_s is None or not ends or max(end for _, end in ends) <= duration_s:
        return table
    inside = np.array([span is None or span[0] < duration_s for span in table.spans_s])
    covered = min(start for start, _ in ends), max(end for _, end in ends)
    if not inside.any():
        raise of_another_clip(place, covered[0], duration_s)
    long = covered[1] > duration_s + allowed_s(duration_s)
    heard = table.times_s <= duration_s
    return replace(
        table,
        spans_s=tuple(
            span and (span[0], min(span[1], duration_s)) for span in table.spans_s if not span or span[0] < duration_s
        ),
        values={code: column[inside] for code, column in table.values.items()},
        times_s=table.times_s[heard],
        f0_hz=table.f0_hz[heard],
        loudness=table.loudness[heard],
        notes=(*table.notes, check_that_they_match(covered, duration_s)) if long else table.notes,
    )


def read_voice_baseline(path: StrPath) -> Baseline:
    """Mean and standard deviation of each measure over the stretches of one speaker's calm recording.

    Raises
    ------
    ImportedFileError
        It is no openSMILE table, or has fewer than ``MIN_STRETCHES`` rows.
    """
    table = read_table(Path(path), read_opensmile)
    found: dict[str, tuple[float, float]] = {}
    for code, column in table.values.items():
        known = column[~np.isnan(column)]
        if len(known) >= MIN_STRETCHES:
            found[code] = (float(known.mean()), float(known.std(ddof=1)))
    if not found:
        raise ImportedFileError(
            one_line(
                f"{path}: a baseline needs openSMILE functionals of at least {MIN_STRETCHES} stretches of calm speech, "
                f"one row each; it has {len(table.spans_s)}"
            )
        )
    return found


def import_voice(path: StrPath) -> Gathered:
    """Read cues and curves from an openSMILE table alone, without its clip.

    Raises
    ------
    ImportedFileError
        It cannot be read or is no openSMILE table.
    """
    place = Path(path)
    table = read_table(place, lambda file: read_opensmile(file, place.stem))
    found = voice_extraction(table, place.name, {}, None)
    ends = [span[1] for span in table.spans_s if span is not None]
    clip = Clip(id=one_line(place.stem), duration_s=round(max(ends), 6) if ends else None)
    return Gathered(cueset=CueSet(clip=clip, cues=found.cues, gaps=found.gaps), curves=found.curves)


def voice_extraction(table: VoiceTable, file: str, baseline: Baseline, duration_s: float | None) -> Extraction:
    """Cues, gaps and curves of a table.

    The first cue of each code is of the whole recording; of several stretches the mean, weighted by their length.
    """
    spans = [span or (None if duration_s is None else (0.0, duration_s)) for span in table.spans_s]
    notes = list(table.notes)
    if len(spans) > 1:
        notes.append(f"the values of the whole are means of {len(spans)} stretches, weighted by their length")
    if not baseline:
        notes.append("no level words: they need a baseline that openSMILE measured (--speaker-baseline TABLE)")
    covered = _joined(spans)
    cues: list[Cue] = []
    silent: list[str] = []
    for code, column in table.values.items():
        whole = _weighted(code, column, spans)
        if whole is None:
            silent.append(code)
            continue
        cues.append(_cue(code, 1, whole, covered, baseline))
        cues += _stretches(code, column, spans, baseline)
    gaps: list[Gap] = [said("voice", one_line(file), _TOOL, notes), *uncovered("voice", covered, duration_s)]
    if "f0_mean" in silent:
        gaps.append(Gap(modality="voice", reason="no_speech", detail=f"{_TOOL} found no voiced sound"))
    order = [feature.code for feature in FEATURES]
    return Extraction(tuple(sorted(cues, key=lambda cue: order.index(cue.code))), tuple(gaps), _curves(table))


def _joined(spans: list[tuple[float, float] | None]) -> tuple[float, float] | None:
    known = [span for span in spans if span is not None]
    return (min(start for start, _ in known), max(end for _, end in known)) if known else None


def _weighted(code: str, column: Array, spans: list[tuple[float, float] | None]) -> float | None:
    lengths = np.array([1.0 if span is None else max(span[1] - span[0], 1e-6) for span in spans])
    known = ~np.isnan(column)
    if not known.any():
        return None
    if code == "sound_level":  # of energies: a level of -120 dB is silence, not a weight on the mean
        energies = 10.0 ** (np.clip(column[known], -200.0, 200.0) / 10.0)
        return 10.0 * float(np.log10(np.average(energies, weights=lengths[known])))
    return float(np.average(column[known], weights=lengths[known]))


def _stretches(code: str, column: Array, spans: list[tuple[float, float] | None], baseline: Baseline) -> list[Cue]:
    """Cues of the stretches that differ most from the recording as a whole."""
    known = np.flatnonzero(~np.isnan(column))
    if len(known) < 2:
        return []
    mean, sd = float(column[known].mean()), float(column[known].std(ddof=1))
    chosen = sorted(sorted(known.tolist(), key=lambda row: -abs(column[row] - mean))[:MAX_PHRASES])
    cues = []
    for number, row in enumerate(chosen, start=2):
        apart = float(column[row]) - mean
        telling = len(known) >= MIN_STRETCHES and sd > 0 and abs(apart) > sd
        direction = ("higher" if apart > 0 else "lower") if telling else None
        cues.append(_cue(code, number, float(column[row]), spans[row], baseline, direction))
    return cues


def _cue(
    code: str, number: int, value: float, span: tuple[float, float] | None, baseline: Baseline,
    direction: str | None = None,
) -> Cue:  # fmt: skip
    level = _level(code, value, baseline)
    return Cue(
        id=f"voice.{code}.{number}", modality="voice", code=code, value=round(value, 4), unit=_UNITS[code],
        level=level, direction=direction, start_s=None if span is None else round(span[0], 3),
        end_s=None if span is None else round(span[1], 3),
        source=SOURCE if level is None else f"{SOURCE}+baseline", marks=("other_scale",),
    )  # fmt: skip


def _level(code: str, value: float, baseline: Baseline) -> Level | None:
    mean, sd = baseline.get(code, (0.0, 0.0))
    if sd <= 0:
        return None
    far, near = VERY_LOW_SD * sd, LOW_SD * sd
    return Norm("baseline", mean - far, mean - near, mean + near, mean + far, source=_TOOL).level(value)


def _curves(table: VoiceTable) -> tuple[Curve, ...]:
    step = max(-(-len(table.times_s) // MAX_CURVE_POINTS), 1)
    times = tuple(round(time, 4) for time in table.times_s[::step].tolist())
    found = []
    for code, unit, column in (("f0", "Hz", table.f0_hz), ("loudness", "openSMILE loudness", table.loudness)):
        values = tuple(None if np.isnan(value) else round(value, 4) for value in column[::step].tolist())
        if any(value is not None for value in values):
            found.append(Curve(modality="voice", code=code, unit=unit, times_s=times, values=values))
    return tuple(found)
