"""Tables of records: which columns there are, and the rows that cues, gaps, claims, results and curves become.

Every table but that of the curves begins with ``file``, ``start`` and ``end``: the index that openSMILE and audformat
users know, and that :meth:`CueSet.to_dataframe` has. CSV (``spreadsheet.py``) and Parquet (``parquet.py``) write the
same rows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from ..errors import RecordError
from ..records import Clip, Cue, CueSet, Curve, Explanation
from ..records.convert import from_json, to_json
from ..records.labels import EMOTIONS
from .loss import Say

if TYPE_CHECKING:
    import pandas as pd

#: ``time`` is seconds here and a time span in files; ``list`` a tuple of texts.
Kind = Literal["text", "time", "number", "flag", "list"]
Row = tuple[Any, ...]

_SPAN: Final[tuple[tuple[str, Kind], ...]] = (("file", "text"), ("start", "time"), ("end", "time"))


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a table with their kinds, in order; the first ``n_index`` are its index."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    n_index: int = 3

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(name for name, _ in self.columns)


_CUE_KINDS: Final[Mapping[str, Kind]] = {"value": "number", "apex_s": "number", "confidence": "number", "marks": "list"}
_CUE_FIELDS: Final = tuple(field.name for field in fields(Cue) if field.name not in ("start_s", "end_s"))

CUES: Final = Table("cues", (*_SPAN, *((name, _CUE_KINDS.get(name, "text")) for name in _CUE_FIELDS)))
GAPS: Final = Table("gaps", (*_SPAN, ("modality", "text"), ("reason", "text"), ("subject", "text"), ("detail", "text")))
CLAIMS: Final = Table("claims", (*_SPAN, ("sentence", "text"), ("polarity", "text"), ("cue_ids", "list")))
_RESULT: Final[tuple[tuple[str, Kind], ...]] = (
    ("labels", "list"),
    *((label, "number") for label in EMOTIONS),
    ("valence", "number"),
    ("arousal", "number"),
    ("compounds", "list"),
    ("action_units", "list"),
    ("abstained", "flag"),
    ("abstain_reason", "text"),
    ("interpretation", "text"),
    ("gaps", "list"),
    ("notes", "list"),
    ("engine", "text"),
    ("model", "text"),
    ("prompt_version", "text"),
)
EXPLANATIONS: Final = Table("explanations", (*_SPAN, *_RESULT))
CURVES: Final = Table(
    "curves",
    (
        ("file", "text"),
        ("time_s", "number"),
        ("modality", "text"),
        ("subject", "text"),
        ("code", "text"),
        ("unit", "text"),
        ("value", "number"),
    ),
    n_index=2,
)
TABLES: Final = {table.name: table for table in (CUES, GAPS, CLAIMS, EXPLANATIONS, CURVES)}


def cue_rows(cueset: CueSet) -> Iterator[Row]:
    """One row per cue."""
    for cue in cueset.cues:
        yield (cueset.clip.id, cue.start_s, cue.end_s, *(getattr(cue, name) for name in _CUE_FIELDS))


def gap_rows(cueset: CueSet) -> Iterator[Row]:
    """One row per gap."""
    for gap in cueset.gaps:
        yield (cueset.clip.id, gap.start_s, gap.end_s, gap.modality, gap.reason, gap.subject, gap.detail)


def claim_rows(explanation: Explanation) -> Iterator[Row]:
    """One row per claim."""
    for claim in explanation.claims:
        yield (explanation.clip, claim.start_s, claim.end_s, claim.sentence, claim.polarity, claim.cue_ids)


def explanation_rows(explanation: Explanation, duration_s: float | None = None) -> Iterator[Row]:
    """One row for the clip: labels, a column per emotion with its probability, valence, arousal, whether abstained."""
    shares = {emotion.label: emotion.probability for emotion in explanation.emotions}
    result = {
        "compounds": tuple(f"{one.label} {one.probability:g}" for one in explanation.compounds),
        "gaps": tuple(f"{gap.modality}: {gap.reason}" for gap in explanation.gaps),
        **{label: shares.get(label) for label in EMOTIONS},
    }
    values = (result[name] if name in result else getattr(explanation, name) for name, _ in _RESULT)
    yield (explanation.clip, 0.0, duration_s, *values)


def curve_rows(clip_id: str, curves: Iterable[Curve]) -> Iterator[Row]:
    """One row per sample of each curve; the value is None where it could not be measured."""
    for curve in curves:
        about = (curve.modality, curve.subject, curve.code, curve.unit)
        for time_s, value in zip(curve.times_s, curve.values, strict=True):
            yield (clip_id, time_s, *about, value)


def wide_curves(clip_id: str, curves: Sequence[Curve]) -> tuple[Table, list[Row]]:
    """One row per time and one column per curve (``face1.AU12``, ``voice.f0``): its table and rows.

    Curves that are not sampled at a time have nothing in that row.
    """
    names: list[str] = []
    samples: dict[float, dict[str, float | None]] = {}
    for curve in curves:
        stem = name = f"{curve.subject or curve.modality}.{curve.code}"
        number = 1
        while name in names:
            number += 1
            name = f"{stem} ({number})"
        names.append(name)
        for time_s, value in zip(curve.times_s, curve.values, strict=True):
            samples.setdefault(time_s, {})[name] = value
    table = Table("curves", (("file", "text"), ("time_s", "number"), *((name, "number") for name in names)), n_index=2)
    rows = [(clip_id, time_s, *map(samples[time_s].get, names)) for time_s in sorted(samples)]
    return table, rows


def curves_to_dataframe(clip_id: str, curves: Sequence[Curve], *, wide: bool = False) -> "pd.DataFrame":
    """Curves of a clip as a pandas table.

    Parameters
    ----------
    clip_id : str
        The clip's id, the first level of the index.
    curves : sequence of Curve
        What ``curves.jsonl`` or ``emoreason.cues.extract_with_curves`` hold.
    wide : bool
        False: one row per sample, indexed by ``(file, time_s)``, with the columns ``modality``, ``subject``, ``code``,
        ``unit``, ``value``. True: one row per time and one column per curve (``face1.AU12``, ``voice.f0``).

    Returns
    -------
    pandas.DataFrame
        NaN where a curve could not be measured or has no sample.
    """
    if wide:
        return dataframe(*wide_curves(clip_id, curves))
    return dataframe(CURVES, curve_rows(clip_id, curves))


def dataframe(table: Table, rows: Iterable[Row]) -> "pd.DataFrame":
    """Rows as a pandas table with the table's index; ``start`` and ``end`` are timedeltas."""
    import pandas as pd

    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    data: dict[str, Any] = {}
    for (name, kind), values in zip(table.columns, columns, strict=True):
        if kind == "time":
            data[name] = pd.to_timedelta([nanoseconds(value) for value in values], unit="ns")
        elif kind == "number":
            data[name] = pd.Series(values, dtype=float)
        else:
            data[name] = pd.Series(values, dtype=bool if kind == "flag" else object)
    return pd.DataFrame(data).set_index(list(table.names[: table.n_index]))


def nanoseconds(time_s: float | None) -> int | None:
    """Seconds as whole nanoseconds, the resolution of times in tables."""
    return None if time_s is None else round(time_s * 1e9)


#: One row of a cue table as a file has it: where it stands, and its cells by column name (or why it has none).
Cells = tuple[str, dict[str, Any] | RecordError]
_TIME: Final = re.compile(r"(?:(\d{1,6}) days?,? \+?)?(?:(\d{1,6}):(\d\d?):)(\d\d?)(?:\.(\d{1,12}))?")
_KNOWN: Final = frozenset(CUES.names) | {"clip", "start_s", "end_s"}
_NUMBERS: Final = frozenset(name for name, kind in CUES.columns if kind == "number")


def check_columns(names: Iterable[str], name: str) -> None:
    """Refuse what is no table of cues: RecordError naming the columns that are expected."""
    columns = set(names)
    if "time_s" in columns:
        raise RecordError(f"{name}: a table of curves; cues are read back from the table of the cues")
    if "code" not in columns or not {"file", "clip"} & columns:
        raise RecordError(f"{name}: no table of cues; expected the columns 'file', 'start', 'end', 'code'")


def cuesets_from(
    rows: Iterable[Cells], name: str, say: Say, clips: Iterable[CueSet] = ()
) -> Iterator[tuple[str, CueSet | RecordError]]:
    """CueSets of the rows of a cue table, in the order in which their clips first occur; bad rows as errors.

    Parameters
    ----------
    rows : iterable of (place, cells)
        ``file`` (or ``clip``) and ``code`` are needed, the rest may be missing; cells are text or of their own type.
    name : str
        What the user knows the file by.
    say : callable
        Told of columns that mean nothing here.
    clips : iterable of CueSet
        What is known of clips beside the rows: their facts and gaps.
    """
    found: dict[str, dict[str, Any]] = {about.clip.id: to_json(about) for about in clips}
    places: dict[str, list[str]] = {}
    strange: dict[str, None] = {}
    for place, cells in rows:
        try:
            if isinstance(cells, RecordError):
                raise cells
            strange |= dict.fromkeys(column for column in cells if column not in _KNOWN)
            clip, cue = _cue_value(cells)
        except RecordError as error:
            yield place, RecordError(f"{place}: {error}")
            continue
        found.setdefault(clip, {"clip": to_json(Clip(id=clip)), "cues": []})["cues"].append(cue)
        places.setdefault(clip, []).append(place)
    if strange:
        say(f"{name}: columns that are no part of a cue were left out: {', '.join(map(repr, strange))}")
    for clip, value in found.items():
        yield from _checked(value, places.get(clip, []), name)


def _checked(value: dict[str, Any], places: Sequence[str], name: str) -> Iterator[tuple[str, CueSet | RecordError]]:
    try:
        yield name, from_json(value, CueSet)
        return
    except RecordError as error:
        if not places:
            yield name, RecordError(f"{name}: {error}")
            return
    good: list[dict[str, Any]] = []
    taken: set[str] = set()
    for place, cue in zip(places, value["cues"], strict=True):
        try:
            from_json({"clip": value["clip"], "cues": [cue]}, CueSet)
            if (cue_id := cue.get("id")) in taken and cue_id is not None:
                raise RecordError(f"the id {cue_id!r:.80} occurs twice in this clip")
            taken.add(cue.get("id"))
            good.append(cue)
        except RecordError as error:
            yield place, RecordError(f"{place}: {error}")
    yield name, from_json(value | {"cues": good}, CueSet)


def _cue_value(cells: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    clip = cells.get("file") or cells.get("clip")
    if not clip:
        raise RecordError("names no clip; expected a column 'file'")
    value: dict[str, Any] = {}
    for column, cell in cells.items():
        if cell is None or column in ("file", "clip") or column not in _KNOWN:
            continue
        if column in ("start", "end", "start_s", "end_s"):
            value[column.removesuffix("_s") + "_s"] = _seconds(cell, column)
        elif column in _NUMBERS:
            value[column] = _number(cell, column)
        elif column == "marks":
            value[column] = cell.split(";") if isinstance(cell, str) else list(cell)
        else:
            value[column] = cell if isinstance(cell, str) else str(cell)
    if "code" not in value:
        raise RecordError("names no code (AU12, f0_mean …); expected a column 'code'")
    return str(clip), value


def _seconds(cell: object, column: str) -> float:
    """Time of a cell: ``00:00:01.240``, ``0 days 00:00:01.24`` or a number of seconds."""
    if isinstance(cell, str) and (match := _TIME.fullmatch(cell.strip())):
        days, hours, minutes, whole = (int(part or 0) for part in match.group(1, 2, 3, 4))
        whole_ns = int(((match[5] or "") + "0" * 9)[:9])  # in whole numbers: no time may change on the way
        return ((((days * 24 + hours) * 60 + minutes) * 60 + whole) * 1_000_000_000 + whole_ns) / 1e9
    return _number(cell, column)


def _number(cell: object, column: str) -> float:
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not abs(number) < float("inf"):
        raise RecordError(f"{column}: {cell!r:.40} is none; expected {_expected(cell, column)}")
    return number


def _expected(cell: object, column: str) -> str:
    if not column.startswith(("start", "end")):
        return "a number"
    if isinstance(cell, str) and re.fullmatch(r"\s*\d+:\d\d?(?:[.,]\d+)?\s*", cell):
        return (
            "00:00:01.240 or seconds: a spreadsheet saves times as it shows them, so give the column the format "
            "hh:mm:ss.000 before saving"
        )
    return "00:00:01.240 or seconds"
