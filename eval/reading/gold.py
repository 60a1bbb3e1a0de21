"""Gold files: what people, or a controlled set-up, say about clips, read from tables of any layout the field uses.

Rows hold a clip and any of labels, class, distribution, valence, arousal, action units, clues, a text, a speaker, a
transcript and cues; the names of the columns are those of :mod:`emoreason.eval.reading.cells`, and a ``reference``
object as in training rows is read as well. All other columns are kept for subgroups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ...cues.imports.annotations import facs_cues, peak_cues, prose_cues, said_cue
from ...errors import ConfigError, RecordError
from ...records import Clip, Cue, CueSet, Reference
from ...records.convert import from_json, parse_json
from ...records.labels import Modality
from ..sample import Gold
from .au_columns import AuColumns, action_units_of
from .cells import (
    ACTION_UNIT_COLUMNS,
    DISTRIBUTION_COLUMNS,
    EMOTION_COLUMNS,
    INTENSITY_COLUMNS,
    LABEL_COLUMNS,
    distribution_of,
    intensities_from,
    labels_from,
)
from .clip_names import ClipNames
from .rows import CLIP_COLUMNS, Row, clip_of, first_of, is_nothing, number_of, read_rows, text_of

_SPEAKERS: Final = ("speaker", "speaker_id")
_CUE_COLUMNS: Final = ("cueset", "cues")
_TEXTS: Final = ("text", "explanation", "description", "reasoning")
_SPOKEN: Final = ("transcript", "subtitle", "utterance", "sentence")
_LANGUAGES: Final = ("", "_en", "_zh")
#: OpenFace intensities at one frame: a measurement to reason from, not what a coder says.
_MEASURED: Final = "au_intensity"
#: Longer cells are prose: nothing to make subgroups of.
_LONGEST_COLUMN: Final = 80
_DESCRIBED: Final[tuple[Modality, ...]] = ("scene", "voice")
#: Columns that are read for what they say; all others are kept as they are.
_READ: Final = frozenset(
    (
        *(*CLIP_COLUMNS, *LABEL_COLUMNS, *EMOTION_COLUMNS, *DISTRIBUTION_COLUMNS, *ACTION_UNIT_COLUMNS),
        *(*INTENSITY_COLUMNS, *_CUE_COLUMNS, _MEASURED, "peak_s"),
        *("valence", "arousal", "clues", "reference", "gaps"),
        *(f"{name}{ending}" for name in (*_TEXTS, *_SPOKEN) for ending in _LANGUAGES),
    )
)
#: Valence of MER2023 and MER2024 goes from -5 to 5; these two published layouts are known by their columns.
_MER_SCALE: Final = 5.0
_MER_LAYOUTS: Final = ("explanation_en", "au_words")


@dataclass(slots=True)
class GoldFile:
    """What was read of one gold file.

    Attributes
    ----------
    golds : list of Gold
        In the order of the file.
    problems : list of (place, why)
        Rows that could not be used.
    notes : list of str
        What was decided on the way.
    """

    golds: list[Gold] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Layout:
    """How the rows of one file are read."""

    language: str
    speaker: str | None
    scale: float | None
    au_columns: AuColumns
    #: Descriptions in which a language model refused.
    refused: int = 0


def read_gold(
    path: str | Path,
    *,
    speaker: str | None = None,
    valence_scale: float | None = None,
    language: str = "en",
    cues: Mapping[str, CueSet] | None = None,
) -> GoldFile:
    """Read a gold file; rows that cannot be used are told, the rest is taken.

    Parameters
    ----------
    path : path
        ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet``.
    speaker : str, optional
        Column of the speaker. Default: ``speaker`` or ``speaker_id``, where there is one.
    valence_scale : float, optional
        Valence and arousal go from minus this to this (MOSI 3, MER 5); they are divided by it. Default: 1, or 5 in the
        layouts of MER; values that do not fit are not used, and the notes say so.
    language : str
        Of texts that the file has in several languages: ``en`` or ``zh``.
    cues : mapping of str to CueSet, optional
        Cues of clips by id, for rows that hold none.

    Raises
    ------
    ConfigError
        The file cannot be read, no row can be used, or no row has the speaker's column.
    """
    found = GoldFile()
    rows: list[tuple[str, Row]] = []
    for place, row in read_rows(path):
        if isinstance(row, RecordError):
            found.problems.append((place, str(row)))
        else:
            rows.append((place, row))
    speaker = speaker.strip().lower() if speaker else None
    if speaker and not any(speaker in row for _, row in rows):
        raise ConfigError(f"{path}: no row has the speaker's column {speaker!r}; it has {_columns(rows)}")
    known_scale = _MER_SCALE if any(name in row for _, row in rows[:1] for name in _MER_LAYOUTS) else None
    layout = _Layout(language, speaker, valence_scale or known_scale, AuColumns(row for _, row in rows))
    if valence_scale is None and known_scale and any("valence" in row for _, row in rows):
        found.notes.append(f"valence is read on its data set's scale, from -{known_scale:g} to {known_scale:g}")
    _take(rows, layout, found)
    if not found.golds:
        first = f": {found.problems[0][0]}: {found.problems[0][1]}" if found.problems else ": it holds no row"
        raise ConfigError(f"{path}: no row can be used as gold{first}")
    _add_cues(found, cues or {})
    return found


def _take(rows: Sequence[tuple[str, Row]], layout: _Layout, found: GoldFile) -> None:
    taken: set[str] = set()
    unscaled = _unscaled(rows) if layout.scale is None else {}
    for place, row in rows:
        try:
            gold = _gold({name: cell for name, cell in row.items() if name not in unscaled}, layout)
            if gold.clip in taken:
                raise RecordError(f"clip {gold.clip!r:.80} has a row already; the first one counts")
        except RecordError as error:
            found.problems.append((place, str(error)))
            continue
        taken.add(gold.clip)
        found.golds.append(gold)
    if layout.refused:
        found.notes.append(f"{layout.refused} descriptions in which a language model refused are no cues")
    found.notes += [
        f"{name} goes up to {largest:g} in size and is not used; say its scale (--valence-scale 3 for MOSI, 5 for MER)"
        for name, largest in unscaled.items()
    ]


def _unscaled(rows: Iterable[tuple[str, Row]]) -> dict[str, float]:
    """Columns of valence and arousal whose values are beyond -1 and 1, and the largest of each."""
    found: dict[str, float] = {}
    for _, row in rows:
        for name in ("valence", "arousal"):
            try:
                size = abs(number_of(row[name], name)) if name in row else 0.0
            except RecordError:
                continue  # that row will be told of
            if size > 1:
                found[name] = max(size, found.get(name, 0.0))
    return found


def _gold(row: Row, layout: _Layout) -> Gold:
    clip = clip_of(row)
    said = _texts(row, layout.language)
    codes, intensities = action_units_of(row, layout.au_columns)
    reference = replace(_stored_reference(row), **_answer(row, layout, codes))
    if reference.cueset is None:
        own = (*(reference.labels or ()), *([reference.emotion] if reference.emotion else ()))
        cueset, refused = _cueset(row, clip, said["transcript"], own)
        layout.refused += refused
        reference = replace(reference, cueset=cueset)
    speaker = row.get(layout.speaker) if layout.speaker else (first_of(row, _SPEAKERS) or ("", None))[1]
    return Gold(
        clip=clip,
        reference=reference,
        text=said["text"],
        intensities=intensities,
        speaker=None if speaker is None else str(speaker).strip() or None,
        transcript=said["transcript"],
        columns=_other_columns(row, layout),
    )


def _texts(row: Row, language: str) -> dict[str, str | None]:
    endings = (f"_{language}", "")
    return {
        "text": text_of(row, [f"{name}{ending}" for ending in endings for name in _TEXTS]),
        "transcript": text_of(row, [f"{name}{ending}" for ending in endings for name in _SPOKEN]),
    }


def _answer(row: Row, layout: _Layout, codes: tuple[str, ...] | None) -> dict[str, Any]:
    """Fields of the reference that the row's own columns say."""
    scale = layout.scale or 1.0
    found: dict[str, Any] = {
        name: number_of(row[name], name, -scale, scale) / scale for name in ("valence", "arousal") if name in row
    }
    if (cell := first_of(row, LABEL_COLUMNS)) is not None:
        found["labels"] = labels_from(cell[1], cell[0])
    if (emotion := text_of(row, EMOTION_COLUMNS)) is not None:
        found["emotion"] = emotion.strip()
    found["distribution"] = distribution_of(row)
    found["action_units"] = codes
    if (clues := row.get("clues")) is not None:
        found["clues"] = _clues(clues)
    return {name: value for name, value in found.items() if value is not None}


def _clues(cell: object) -> tuple[str, ...]:
    if isinstance(cell, str):
        return tuple(line.strip() for line in cell.splitlines() if line.strip())
    if not isinstance(cell, list | tuple) or not all(isinstance(clue, str) for clue in cell):
        raise RecordError("clues are no list of sentences")
    return tuple(cell)


def _stored_reference(row: Row) -> Reference:
    """Return the row's ``reference`` object as it is."""
    stored = row.get("reference")
    if stored is None:
        return Reference()
    if isinstance(stored, str):
        stored = parse_json(stored.encode("utf-8", "surrogatepass"))
    if not isinstance(stored, Mapping):
        raise RecordError(f"reference is of type {type(stored).__name__}; expected an object")
    return from_json(dict(stored), Reference)


def _cueset(row: Row, clip: str, transcript: str | None, own: tuple[str, ...]) -> tuple[CueSet | None, int]:
    """Cues of a row: a CueSet as it stands there, else what its annotations say; and how many texts are refusals.

    The row's own labels are masked in descriptions: they are the answer.
    """
    stored = row.get("cueset")
    if isinstance(stored, Mapping):
        return from_json(dict(stored), CueSet), 0
    if isinstance(row.get("cues"), list):
        return from_json({"clip": row.get("clip"), "cues": row["cues"], "gaps": row.get("gaps") or []}, CueSet), 0
    cues: list[Cue] = []
    if isinstance(row.get(_MEASURED), Mapping):
        at_s = number_of(row["peak_s"], "peak_s", 0) if "peak_s" in row else None
        cues += peak_cues(intensities_from(row[_MEASURED], _MEASURED), at_s)
    elif isinstance(row.get("facs"), str):
        cues += facs_cues(row["facs"])
    if not cues:
        return None, 0
    refused = 0
    for name in _DESCRIBED:
        if isinstance(row.get(name), str):
            prose = prose_cues(row[name], name, f"column {name}", own=own)
            cues += prose.cues
            refused += prose.refused
    cues += [said_cue(transcript)] if transcript else []
    return CueSet(clip=Clip(id=clip, transcript=transcript), cues=tuple(cues)), refused


def _other_columns(row: Row, layout: _Layout) -> dict[str, str]:
    described = _DESCRIBED if _MEASURED in row else ()
    columns = {}
    for name, cell in row.items():
        plain = isinstance(cell, str | int | float) and not is_nothing(cell) and name not in layout.au_columns
        if plain and name not in _READ and name not in described and len(str(cell)) <= _LONGEST_COLUMN:
            columns[name] = str(cell).strip()
    return columns


def _columns(rows: Iterable[tuple[str, Row]]) -> str:
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    return ", ".join(name[:40] for name in names[:12]) or "none"


def _add_cues(found: GoldFile, cues: Mapping[str, CueSet]) -> None:
    """Give clips the cues of another file."""
    if not cues:
        return
    names = ClipNames(cues)
    given = 0
    for number, gold in enumerate(found.golds):
        known = names.find(gold.clip)
        if known is not None:
            given += 1
            found.golds[number] = replace(gold, reference=replace(gold.reference, cueset=cues[known]))
    found.notes.append(f"{given} of {len(found.golds)} clips have cues in the file of cues")
