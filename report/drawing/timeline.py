"""The timeline: one group of rows per modality and person, with events, curves and gaps, ready for its template."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...cues.wording import cue_name, plain_name, wording
from ...records import Cue, CueSet, Curve, Gap
from ...records.labels import Modality, parse_action_unit
from ..clip.illustration import Illustration
from .axis import Axis, Tick
from .choice import Choice
from .curves import Range, envelope, path, thinned
from .lanes import Lanes, stacked

#: Points of all curves together; more would make the page of a long clip too large.
_POINTS: Final = 110_000
_POINTS_PER_CURVE: Final = (300, 4_000)
_WAVE_COLUMNS: Final = 1_500
#: Gaps drawn per group; a clip with more is described by its longest.
_MOST_GAPS: Final = 150

_TITLES: Final[dict[Modality, str]] = {
    "face": "Face",
    "head": "Head",
    "gaze": "Gaze",
    "body": "Body",
    "voice": "Voice",
    "speech": "Speech",
    "scene": "Scene",
    "physiology": "Physiology",
}
_CURVE_NAMES: Final = {
    ("voice", "f0"): "pitch (F0)",
    ("face", "eye_opening"): "eye opening",
    ("face", "n_faces"): "faces in view",
    ("scene", "n_faces"): "faces in view",
}
#: Rows that every page shows open; others wait under "more measures" unless a claim cites them.
_ALWAYS: Final = frozenset(
    {"utterance", "segment", "pause", "shot", "n_faces", "nod", "shake", "blink", "eye_opening", "f0"}
    | {"loudness", "yaw", "pitch", "roll", "gaze", "away", "shift", "horizontal", "vertical"}
)
#: Modalities whose every row is open.
_OPEN: Final = frozenset({"face", "head", "gaze", "body", "speech", "physiology"})
_SHORT_UNITS: Final = {"deg": "°", "iod": "of eye distance", "count": "", "0-5": "", "0-1": "", "1": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A curve on the grid of its row: path data, whether it is filled, the level of zero if that lies inside."""

    path: str
    filled: bool
    zero: int | None
    scale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the timeline; ``scale`` is what its curve spans, unless the row above says the same."""

    code: str
    name: str
    drawing: Drawing | None
    lanes: Lanes
    scale: str = ""
    wave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMark:
    """Where a modality says nothing, and why."""

    x: str
    width: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of one modality and person.

    ``more`` are measures of less interest, ``gaps`` silent stretches, ``unclear`` what holds all the time although
    there are rows.
    """

    modality: Modality
    title: str
    subject: str | None
    rows: tuple[Row, ...]
    more: tuple[Row, ...]
    gaps: tuple[GapMark, ...]
    unclear: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything the template of the timeline draws."""

    axis: Axis
    ticks: tuple[Tick, ...]
    groups: tuple[Group, ...]
    wave: str


def timeline_of(
    cueset: CueSet, curves: Sequence[Curve], illustration: Illustration, choice: Choice, axis: Axis
) -> Timeline:
    """Lay the cues, curves and gaps of a clip out along the time axis."""
    wave = envelope(illustration.peaks, _WAVE_COLUMNS)
    builder = _Builder(cueset, curves, choice, axis, bool(wave))
    return Timeline(axis=axis, ticks=tuple(axis.ticks()), groups=tuple(builder.groups()), wave=wave)


class _Builder:
    def __init__(self, cueset: CueSet, curves: Sequence[Curve], choice: Choice, axis: Axis, has_wave: bool) -> None:
        self.axis = axis
        self.choice = choice
        self.has_wave = has_wave
        self.gaps = cueset.gaps
        self.cues: dict[tuple[Modality, str | None, str], list[Cue]] = {}
        for cue in cueset.cues:
            if cue.state == "present" and (cue.start_s is not None or cue.end_s is not None):
                self.cues.setdefault((cue.modality, cue.subject, _row_code(cue)), []).append(cue)
        shown = [curve for curve in curves if curve.times_s and self._is_shown(curve)]
        self.curves = {(_modality(curve), curve.subject, curve.code): curve for curve in shown}
        low, high = _POINTS_PER_CURVE
        self.columns = min(max(_POINTS // max(len(shown), 1), low), high) // 2
        self.ranges = _shared_ranges(shown)

    def groups(self) -> Iterator[Group]:
        keys = {(modality, subject) for modality, subject, _ in (*self.cues, *self.curves)}
        keys |= {(gap.modality, None) for gap in self.gaps if not any(key[0] == gap.modality for key in keys)}
        if self.has_wave:
            keys.add(("voice", None))
        for modality, title in _TITLES.items():
            subjects = sorted((subject for kind, subject in keys if kind == modality), key=_natural)
            for subject in subjects:
                yield self._group(modality, title, subject)

    def _group(self, modality: Modality, title: str, subject: str | None) -> Group:
        codes = {code: None for kind, whose, code in (*self.cues, *self.curves) if (kind, whose) == (modality, subject)}
        rows: list[Row] = []
        more: list[Row] = []
        if self.has_wave and modality == "voice" and subject is None:
            rows.append(
                Row(code="wave", name="sound", drawing=None, lanes=stacked((), self.axis, self.choice), wave=True)
            )
        scale = ""
        for code in sorted(codes, key=_row_order):
            row = self._row(modality, subject, code, scale)
            scale = row.scale or scale
            is_open = modality in _OPEN or code in _ALWAYS or any(event.claims for event in row.lanes.events)
            (rows if is_open else more).append(row)
        gaps = [gap for gap in self.gaps if gap.modality == modality and gap.subject in (None, subject)]
        partial = [gap for gap in gaps if not rows or gap.start_s is not None or gap.end_s is not None]
        return Group(
            modality=modality,
            title=title,
            subject=subject,
            rows=tuple(rows),
            more=tuple(more),
            gaps=tuple(self._gap_marks(partial)),
            unclear=tuple(dict.fromkeys(_reason(gap) for gap in gaps if gap not in partial)),
        )

    def _row(self, modality: Modality, subject: str | None, code: str, scale_above: str) -> Row:
        cues = self.cues.get((modality, subject, code), [])
        curve = self.curves.get((modality, subject, code))
        name = _CURVE_NAMES.get((modality, code))
        if name is None:
            name = cue_name(cues[0] if cues else Cue(id="_", modality=modality, code=code))
        if any(cue.side for cue in cues):
            name = cue_name(Cue(id="_", modality=modality, code=code))
        drawing = self._drawing(curve) if curve else None
        over_curve = curve is not None and _is_action_unit(modality, code)
        return Row(
            code=code,
            name=name.removeprefix(f"{code} "),
            drawing=drawing,
            scale=drawing.scale if drawing and drawing.scale != scale_above else "",
            lanes=stacked(cues, self.axis, self.choice, over_curve=over_curve, has_curve=curve is not None),
        )

    def _drawing(self, curve: Curve) -> Drawing:
        values = self.ranges.get(_family(curve)) or _own_range(curve)
        filled = _is_action_unit(curve.modality, curve.code) or curve.code in ("loudness", "motion")
        unit = _SHORT_UNITS.get(curve.unit or "", plain_name(curve.unit) if curve.unit else "")
        return Drawing(
            path=path(thinned(curve, self.axis.length_s, self.columns), self.axis.length_s, values, filled=filled),
            filled=filled,
            zero=values.level(0.0) if values.low < 0.0 < values.high else None,
            scale=_scale(values, unit) if curve.unit != "count" else "",
        )

    def _gap_marks(self, gaps: Sequence[Gap]) -> Iterator[GapMark]:
        length_s = self.axis.length_s
        spans = [(gap.start_s or 0.0, length_s if gap.end_s is None else gap.end_s, gap) for gap in gaps]
        longest = sorted(spans, key=lambda item: item[0] - item[1])[:_MOST_GAPS]
        for start_s, end_s, gap in sorted(longest, key=lambda item: item[0]):
            yield GapMark(x=self.axis.percent(start_s), width=self.axis.width(start_s, end_s), text=_reason(gap))

    def _is_shown(self, curve: Curve) -> bool:
        """Curves of action units are shown where an event of theirs is; others always, if they hold a value."""
        key = (curve.modality, curve.subject, curve.code)
        return (not _is_action_unit(curve.modality, curve.code) or key in self.cues) and any(
            value is not None for value in curve.values
        )


def _reason(gap: Gap) -> str:
    return str(wording("en")["gaps"][gap.reason])


def _modality(curve: Curve) -> Modality:
    """Modality of a curve's row; the number of faces is a fact of the scene, whoever counted."""
    return "scene" if curve.code == "n_faces" else curve.modality


def _row_code(cue: Cue) -> str:
    unit = parse_action_unit(cue.code) if cue.modality == "face" else None
    return unit[0] if unit else cue.code


def _is_action_unit(modality: Modality, code: str) -> bool:
    return modality == "face" and parse_action_unit(code) is not None


def _row_order(code: str) -> tuple[int, int, str]:
    """Sort action units by number, then the rows every clip has in a fixed order, then everything else by name."""
    unit = parse_action_unit(code)
    if unit is not None:
        return 0, int(unit[0][2:]), ""
    fixed = ("utterance", "segment", "f0", "loudness", "pause", "yaw", "pitch", "roll", "keyframe", "shot", "n_faces")
    return (1, fixed.index(code), "") if code in fixed else (2, 0, code)


def _natural(subject: str | None) -> tuple[int, str]:
    return (0, "") if subject is None else (len(subject), subject)


def _family(curve: Curve) -> str:
    """Curves of one family share one range, so that they can be compared."""
    return "AU" if _is_action_unit(curve.modality, curve.code) else f"{curve.modality}.{curve.unit}"


def _shared_ranges(curves: Sequence[Curve]) -> dict[str, Range]:
    ranges: dict[str, Range] = {}
    tops: dict[str, float] = {}
    for curve in curves:
        top = max((abs(value) for value in curve.values if value is not None), default=0.0)
        tops[_family(curve)] = max(tops.get(_family(curve), 0.0), top)
    for family, top in tops.items():
        if family == "AU":
            ranges[family] = Range(0.0, max(2.0, float(-int(-top // 1))))
        elif family in ("head.deg", "gaze.deg"):
            limit = max(10.0, 5.0 * -int(-top // 5))
            ranges[family] = Range(-limit, limit)
    return ranges


def _own_range(curve: Curve) -> Range:
    values = [value for value in curve.values if value is not None]
    low, high = min(values), max(values)
    if curve.unit == "count":
        return Range(0.0, max(high, 1.0) * 1.15)
    if curve.unit == "dB":
        low = max(low, high - 50.0)  # silence is far below speech and would flatten it
    margin = 0.08 * (high - low) or max(abs(high), 1.0) * 0.1
    return Range(low if low == 0.0 else low - margin, high + margin)


def _scale(values: Range, unit: str) -> str:
    return f"{_number(values.low)} to {_number(values.high)}{'' if unit == '°' else ' '}{unit}".strip()


def _number(value: float) -> str:
    text = f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
    return text.replace("-", "−")
