"""Prediction files: what systems said of clips, from any layout; one file may hold several systems.

Read are explanations (the folder of ``explain --out`` or ``batch --out``, or its ``explanations.jsonl``) and rows with
a clip and any of labels, one class, a distribution, valence, arousal, action units and a text. A text in the answer
form of this package or in tags (``<answer>``) is taken apart where the row says nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...records import CueSet, Explanation
from ...records.convert import from_json
from ...records.jsonl import read_rows as read_records
from ...rewards.completion import read_completion
from ..sample import Gold, Prediction
from .au_columns import AuColumns, action_units_of
from .cells import (
    EMOTION_COLUMNS,
    LABEL_COLUMNS,
    distribution_of,
    labels_from,
)
from .clip_names import ClipNames
from .rows import Row, clip_of, first_of, number_of, read_rows, text_of

#: Keys that no row of another kind has: the line is an Explanation.
_OF_EXPLANATIONS: Final = ("claims", "label_cues", "prompt_version", "abstain_reason")
_TEXTS: Final = ("text", "completion", "response", "reasoning", "explanation", "description", "answer")
_TRUE: Final = frozenset(("true", "1", "yes"))


@dataclass(slots=True)
class PredictionFile:
    """What was read of predictions.

    Attributes
    ----------
    systems : dict of str to list of Prediction
        System -> its predictions, in the order of the file; a clip occurs once in each.
    problems : list of (place, why)
        Rows that could not be used.
    notes : list of str
        What was decided on the way.
    files : list of Path
        What was read.
    cues : Path or None
        The cues that lie beside explanations.
    """

    systems: dict[str, list[Prediction]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    cues: Path | None = None


def read_predictions(path: str | Path, *, system: str | None = None, name: str | None = None) -> PredictionFile:
    """Read predictions; rows that cannot be used are told, the rest is taken.

    Parameters
    ----------
    path : path
        A folder with ``explanations.jsonl``, or a ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet`` file.
    system : str, optional
        Of a file with a ``system`` column: this one only.
    name : str, optional
        What to call a system whose rows do not say. Default: the name of the file or folder.

    Raises
    ------
    ConfigError
        Nothing there can be read, or no row is of that system.
    """
    source = Path(path)
    found = PredictionFile()
    called = name or (source.resolve().name if source.is_dir() else source.stem)
    if source.is_dir():
        _read_folder(source, called, found)
    else:
        _read_file(source, called, found)
    if system is not None:
        if system not in found.systems:
            raise ConfigError(f"{path}: no row is of the system {system!r}; there are {', '.join(found.systems)}")
        found.systems = {system: found.systems[system]}
    if not found.systems:
        first = f": {found.problems[0][0]}: {found.problems[0][1]}" if found.problems else ": it holds no row"
        raise ConfigError(f"{path}: no row can be used as a prediction{first}")
    if name and len(found.systems) == 1:
        found.systems = {name: next(iter(found.systems.values()))}
    return found


def _read_folder(folder: Path, called: str, found: PredictionFile) -> None:
    explanations, errors, cues = (folder / name for name in ("explanations.jsonl", "errors.jsonl", "cues.jsonl"))
    if not explanations.is_file():
        raise ConfigError(
            f"{folder}: has no explanations.jsonl; expected a folder that `emoreason explain --out` or "
            "`emoreason batch --out` has written, or a file"
        )
    _read_file(explanations, called, found)
    if errors.is_file():
        answered = {prediction.clip for made in found.systems.values() for prediction in made}
        found.files.append(errors)
        for place, row in read_rows(errors):
            if isinstance(row, RecordError):
                found.problems.append((place, str(row)))
            elif (clip := clip_of(row)) not in answered:
                answered.add(clip)
                failed = Prediction(clip=clip, error=str(row.get("message", "failed"))[:500])
                found.systems.setdefault(called, []).append(failed)
    found.cues = cues if cues.is_file() else None


def _read_file(path: Path, called: str, found: PredictionFile) -> None:
    found.files.append(path)
    rows: list[tuple[str, Row]] = []
    for place, row in read_rows(path):
        if isinstance(row, RecordError):
            found.problems.append((place, str(row)))
        else:
            rows.append((place, row))
    au_columns = AuColumns(row for _, row in rows)
    taken: set[tuple[str, str]] = set()
    for place, row in rows:
        try:
            of = str(row.get("system", called)).strip() or called
            prediction = prediction_of(row, au_columns)
            if (of, prediction.clip) in taken:
                raise RecordError(f"clip {prediction.clip!r:.80} has a prediction already; the first one counts")
        except RecordError as error:
            found.problems.append((place, str(error)))
            continue
        taken.add((of, prediction.clip))
        found.systems.setdefault(of, []).append(prediction)


def prediction_of(row: Row, au_columns: AuColumns | None = None) -> Prediction:
    """Prediction of one row.

    Raises
    ------
    RecordError
        It cannot be used.
    """
    if any(name in row for name in _OF_EXPLANATIONS):
        return of_explanation(from_json(dict(row), Explanation))
    clip = clip_of(row)
    text = text_of(row, _TEXTS)
    said = _said(row, au_columns)
    abstained = str(row.get("abstained", "")).strip().lower() in _TRUE
    if "error" in row and not said and text is None:
        return Prediction(clip=clip, error=str(row.get("message", row["error"]))[:500])
    if text is not None and not said:
        said = _taken_apart(text)
    return Prediction(clip=clip, text=text, abstained=abstained, **said)


def _said(row: Row, au_columns: AuColumns | None) -> dict[str, Any]:
    codes, intensities = action_units_of(row, au_columns)
    found: dict[str, Any] = {
        "labels": None if (cell := first_of(row, LABEL_COLUMNS)) is None else labels_from(cell[1], cell[0]),
        "emotion": text_of(row, EMOTION_COLUMNS),
        "distribution": distribution_of(row),
        "action_units": codes,
        "intensities": intensities or None,
    }
    found |= {name: number_of(row[name], name, -1, 1) for name in ("valence", "arousal") if name in row}
    return {name: value for name, value in found.items() if value is not None}


def _taken_apart(text: str) -> dict[str, Any]:
    """Return what a completion answers; nothing where it is prose alone."""
    read = read_completion(text)
    if not read.answered:
        return {}
    return {
        "labels": read.labels,
        "distribution": read.distribution,
        "valence": read.valence,
        "arousal": read.arousal,
        "action_units": read.action_units,
    }


def of_explanation(explanation: Explanation) -> Prediction:
    """Return the prediction that an explanation makes.

    Examples
    --------
    >>> of_explanation(Explanation(clip="a", labels=("happy",), reasoning="A smile.")).labels
    ('happy',)
    """
    shares = {one.label: one.probability for one in explanation.emotions}
    return Prediction(
        clip=explanation.clip,
        labels=explanation.labels,
        distribution=shares or None,
        valence=explanation.valence,
        arousal=explanation.arousal,
        action_units=explanation.action_units or None,
        text=explanation.reasoning,
        explanation=explanation,
        abstained=explanation.abstained,
    )


def matched(golds: Sequence[Gold], predictions: Iterable[Prediction]) -> tuple[list[Prediction], int]:
    """Give predictions the clip ids of the gold: as they are, else by the file's name where only one clip has it.

    Returns
    -------
    tuple of (list of Prediction, int)
        Those whose clip is in the gold, one for each clip, and how many others there were.
    """
    names = ClipNames(gold.clip for gold in golds)
    ids = {gold.clip for gold in golds}
    exact: dict[str, Prediction] = {}
    by_name: dict[str, Prediction] = {}
    others = 0
    for prediction in predictions:
        known = names.find(prediction.clip)
        if known is None:
            others += 1
        elif prediction.clip in ids:
            exact[known] = prediction
        elif known in by_name:
            others += 1
        else:
            by_name[known] = replace(prediction, clip=known)
    others += sum(clip in exact for clip in by_name)
    return list({**by_name, **exact}.values()), others


def read_cuesets(path: str | Path) -> Iterator[tuple[str, CueSet | RecordError]]:
    """Yield ``("FILE:LINE", CueSet)`` of a file that ``emoreason cues`` wrote; a bad line gives its RecordError.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            yield from read_records(file, CueSet, Path(path).name)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def by_clip(
    cuesets: Iterable[tuple[str, CueSet | RecordError]], problems: list[tuple[str, str]]
) -> Mapping[str, CueSet]:
    """Cues by clip id; lines that cannot be read are added to the problems."""
    found: dict[str, CueSet] = {}
    for place, cueset in cuesets:
        if isinstance(cueset, RecordError):
            problems.append((place, str(cueset).removeprefix(f"{place}: ")))
        else:
            found.setdefault(cueset.clip.id, cueset)
    return found
