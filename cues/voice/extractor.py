"""VoiceExtractor: the voice measures of a clip as cues with their times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Cue, Curve, Gap
from ...records.labels import GapReason, Mark
from ..extractor import Audio, Extraction, Job, Settings, Stream
from ..sound import HOP_S, Waveform
from ..speech.activity import MIN_SPEECH_S, Span
from .contour import Shape, contour_shape
from .levels import Judgement, judge
from .measures import MEASURES, MIN_VOICED_HOPS, Analysis, analyse, summarise
from .voiced import find_voiced

NAME = "emoreason.voice"
VERSION = "1"
SOURCE = f"{NAME}/{VERSION}"

#: At most so many phrases of a clip get cues of their own: those that differ most from the clip as a whole.
MAX_PHRASES: Final = 20

#: A phrase that differs less from the clip as a whole is not called higher or lower.
PHRASE_SEMITONES: Final = 2.0
PHRASE_DB: Final = 3.0

#: A shorter talk may be one sentence: that it has no pause says nothing about the speaker.
PAUSES_FROM_S: Final = 6.0

#: Curves of clips so long that they would have more points than this are thinned evenly.
MAX_CURVE_POINTS: Final = 60_000

#: Noise nearer to the speech than this (dB) spoils the fine measures; a recording that reaches less than this above
#: 4 kHz (5-7.5 kHz against 1-3.2 kHz) is a telephone's, whose spectral balance is not the voice's.
_NOISY_BELOW_DB: Final = 15.0
_NARROW_BELOW_DB: Final = -50.0
_FINE: Final = frozenset({"jitter", "shimmer", "hnr"})
_BALANCE: Final = frozenset({"alpha_ratio", "hammarberg", "spectral_flux"})

Floats = npt.NDArray[np.float64]


class VoiceExtractor:
    """Measures the voice in the spans of speech that SpeechExtractor found.

    Cues: ``voice.CODE.1`` for every measure of :mod:`.measures` over the whole speech of the clip (its span runs from
    the first to the last word); where there are several phrases, ``voice.f0_mean.n``, ``voice.loudness.n`` and
    ``voice.f0_contour.n`` (n from 2) for single phrases, with ``direction`` ``higher`` or ``lower`` where a phrase
    differs from the clip as a whole; and ``voice.pause.n``. Level words: see :mod:`.levels`; ``source`` names the norm
    they come from. Without the voice-activity network the stretches of voiced sound are measured and every cue is
    marked ``low_confidence``.
    """

    name = NAME
    version = VERSION
    needs: frozenset[Stream] = frozenset({"audio"})

    def __init__(self) -> None:
        self._waveform: Waveform | None = None

    def begin(self, job: Job) -> None:
        """Nothing to load."""
        self._waveform = None

    def hear(self, audio: Audio) -> None:
        """Keep the waveform until the speech in it is known."""
        self._waveform = Waveform.of(audio)

    def see(self, frame: object) -> None:
        """Frames say nothing about the voice."""

    def finish(self, job: Job) -> Extraction:
        """Measure the speech found."""
        waveform, self._waveform = self._waveform, None
        if waveform is None:
            return Extraction()
        reason = _why_nothing(job, waveform)
        if reason is not None:
            return Extraction(gaps=(Gap(modality="voice", reason=reason),))
        spans = _speech_spans(job, waveform)
        heard = bool(spans)
        if not spans:
            spans = find_voiced(waveform)
        analysis = analyse(waveform, spans)
        if np.count_nonzero(~np.isnan(analysis.f0)) < MIN_VOICED_HOPS:
            reason = "too_short" if heard else "no_speech"
            return Extraction(gaps=(Gap(modality="voice", reason=reason, detail="no voiced sound of 0.1 s or more"),))
        doubtful = _doubtful(waveform, analysis) if heard else frozenset((*MEASURES, "f0_contour", "pause"))
        writer = _Writer(analysis, job.settings, doubtful)
        return Extraction(cues=tuple(writer.cues()), curves=_curves(analysis))


def _why_nothing(job: Job, waveform: Waveform) -> GapReason | None:
    """Reason why there is no voice to measure, as far as the speech extractor knows it."""
    if waveform.duration_s < MIN_SPEECH_S:
        return "too_short"
    for gap in job.found.gaps:
        if gap.modality == "speech" and gap.reason in ("silent", "no_speech", "too_short"):
            return gap.reason
    return None


def _speech_spans(job: Job, waveform: Waveform) -> list[Span]:
    """Spans of speech found earlier, within the waveform, overlaps joined (several speakers, other extractors)."""
    found = [
        Span(max(cue.start_s, 0.0), min(cue.end_s, waveform.duration_s), cue.confidence or 0.0)
        for cue in job.found.cues
        if cue.modality == "speech" and cue.code == "segment" and cue.start_s is not None and cue.end_s is not None
    ]
    spans: list[Span] = []
    for span in sorted(found, key=lambda span: span.start_s):
        if span.duration_s <= HOP_S:
            continue
        if spans and span.start_s <= spans[-1].end_s:
            spans[-1] = replace(spans[-1], end_s=max(spans[-1].end_s, span.end_s))
        else:
            spans.append(span)
    return spans


def _doubtful(waveform: Waveform, analysis: Analysis) -> frozenset[str]:
    """Measures that this recording does not allow: noise near the speech, or nothing above 4 kHz."""
    doubtful: frozenset[str] = frozenset()
    levels = waveform.hop_levels()
    outside = levels[np.isnan(analysis.level_db)]
    if len(outside) >= 2 * MIN_VOICED_HOPS:
        noise_db = float(np.percentile(outside, 50))
        if 20 * np.log10(max(analysis.rms, 1e-6)) - noise_db < _NOISY_BELOW_DB:
            doubtful |= _FINE | _BALANCE
    return doubtful | _BALANCE if analysis.reach_db < _NARROW_BELOW_DB else doubtful


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the cues of one analysed clip."""

    analysis: Analysis
    settings: Settings
    doubtful: frozenset[str]

    def cues(self) -> list[Cue]:
        """Whole clip, phrases, pauses."""
        analysis = self.analysis
        clip = summarise(analysis)
        start_s, end_s = analysis.spans[0].start_s, analysis.spans[-1].end_s
        cues = [self._measured(code, 1, value, start_s, end_s) for code, value in clip.items()]
        shapes = [(span, contour_shape(_f0(analysis, span))) for span in analysis.spans]
        shape = _main_shape(shapes)
        if shape is not None:
            cues.append(self._contour(1, shape, start_s, end_s))
        if len(analysis.spans) > 1:
            cues += self._phrases(clip)
            cues += self._phrase_contours(shapes)
        return cues + self._pauses()

    def _measured(
        self, code: str, number: int, value: float, start_s: float, end_s: float, direction: str | None = None
    ) -> Cue:
        judgement = judge(code, value, self.settings.speaker_baseline, self.settings.speaker_sex)
        if code.startswith("pause") and end_s - start_s < PAUSES_FROM_S:
            judgement = Judgement()
        compared = "" if judgement.compared_with is None else f"+{judgement.compared_with}"
        return Cue(
            id=f"voice.{code}.{number}",
            modality="voice",
            code=code,
            value=round(value, 4),
            unit=MEASURES[code].unit,
            level=judgement.level,
            direction=direction,
            start_s=start_s,
            end_s=end_s,
            confidence=self._confidence(code, start_s, end_s),
            source=SOURCE + compared,
            marks=self._marks(code) + judgement.marks,
        )

    def _marks(self, code: str) -> tuple[Mark, ...]:
        return ("low_confidence",) if code in self.doubtful else ()

    def _confidence(self, code: str, start_s: float, end_s: float) -> float:
        """Grows with the voiced time measured: .5 at half a second, .8 at two; halved where the recording is poor."""
        hops = self.analysis.f0[self.analysis.hops(start_s, end_s)]
        voiced_s = np.count_nonzero(~np.isnan(hops)) * HOP_S
        return round(float(voiced_s / (voiced_s + 0.5)) * (0.5 if code in self.doubtful else 1.0), 3)

    def _phrases(self, clip: dict[str, float]) -> list[Cue]:
        """F0 mean and loudness of the phrases that differ most from the clip."""
        rows = [(span, summarise(self.analysis, [span])) for span in self.analysis.spans]
        cues: list[Cue] = []
        for code, threshold, difference in (
            ("f0_mean", PHRASE_SEMITONES, _semitones_apart),
            ("loudness", PHRASE_DB, _apart),
        ):
            known = [
                (span, row[code], difference(row[code], clip[code]))
                for span, row in rows
                if code in row and code in clip
            ]
            chosen = sorted(known, key=lambda row: -abs(row[2]))[:MAX_PHRASES]
            for number, (span, value, apart) in enumerate(sorted(chosen, key=lambda row: row[0].start_s), start=2):
                direction = None if abs(apart) < threshold else "higher" if apart > 0 else "lower"
                cues.append(self._measured(code, number, value, span.start_s, span.end_s, direction))
        return cues

    def _phrase_contours(self, shapes: Sequence[tuple[Span, Shape | None]]) -> list[Cue]:
        known = [(span, shape) for span, shape in shapes if shape is not None]
        chosen = sorted(known, key=lambda row: -row[0].duration_s)[:MAX_PHRASES]
        in_order = sorted(chosen, key=lambda row: row[0].start_s)
        return [self._contour(n, shape, span.start_s, span.end_s) for n, (span, shape) in enumerate(in_order, start=2)]

    def _contour(self, number: int, shape: Shape, start_s: float, end_s: float) -> Cue:
        return Cue(
            id=f"voice.f0_contour.{number}",
            modality="voice",
            code="f0_contour",
            direction=shape,
            start_s=start_s,
            end_s=end_s,
            confidence=self._confidence("f0_contour", start_s, end_s),
            source=SOURCE,
            marks=self._marks("f0_contour"),
        )

    def _pauses(self) -> list[Cue]:
        """Write the longest pauses in order of time; one absent cue where there is none."""
        spans = self.analysis.spans
        pauses = [(before.end_s, after.start_s) for before, after in pairwise(spans)]
        chosen = sorted(sorted(pauses, key=lambda pause: pause[0] - pause[1])[:MAX_PHRASES])
        if not chosen:
            return [self._pause(1, spans[0].start_s, spans[-1].end_s, None)]
        return [self._pause(n, start, end, end - start) for n, (start, end) in enumerate(chosen, start=1)]

    def _pause(self, number: int, start_s: float, end_s: float, length_s: float | None) -> Cue:
        return Cue(
            id=f"voice.pause.{number}",
            modality="voice",
            code="pause",
            state="absent" if length_s is None else "present",
            value=None if length_s is None else round(length_s, 3),
            unit=None if length_s is None else "s",
            start_s=start_s,
            end_s=end_s,
            source=SOURCE,
            marks=self._marks("pause"),
        )


def _semitones_apart(value: float, reference: float) -> float:
    return float(12 * np.log2(value / reference))


def _apart(value: float, reference: float) -> float:
    return value - reference


def _f0(analysis: Analysis, span: Span) -> Floats:
    return analysis.f0[analysis.hops(span.start_s, span.end_s)]


def _main_shape(shapes: Sequence[tuple[Span, Shape | None]]) -> Shape | None:
    """Shape of most of the speaking time."""
    speaking_s: dict[Shape, float] = {}
    for span, shape in shapes:
        if shape is not None:
            speaking_s[shape] = speaking_s.get(shape, 0.0) + span.duration_s
    by_time = sorted(speaking_s, key=speaking_s.__getitem__)
    return by_time[-1] if by_time else None


def _curves(analysis: Analysis) -> tuple[Curve, ...]:
    """F0 and loudness over time, None outside speech (and F0 where unvoiced)."""
    step = max(-(-len(analysis.f0) // MAX_CURVE_POINTS), 1)
    times = tuple(round((hop + 0.5) * HOP_S, 4) for hop in range(0, len(analysis.f0), step))

    def curve(code: str, unit: str, column: Floats, digits: int) -> Curve:
        values = tuple(None if np.isnan(v) else round(float(v), digits) for v in column[::step])
        return Curve(modality="voice", code=code, unit=unit, times_s=times, values=values)

    return curve("f0", "Hz", analysis.f0, 2), curve("loudness", "dB", analysis.level_db, 2)
