"""One line of a manifest -> Row."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ...errors import RecordError
from ...records import Reference, Turn
from ...records.convert import from_json, parse_json
from ...records.jsonl import MAX_LINE_BYTES
from .row import Row

#: The clip's file, in this order of preference.
CLIP_COLUMNS: Final = ("path", "file", "video", "audio", "clip")
CUES_COLUMN: Final = "cues"
_REFERENCE_COLUMNS: Final = (
    "reference",
    "labels",
    "emotion",
    "distribution",
    "valence",
    "arousal",
    "action_units",
)
_ABOUT: Final = ("id", "transcript", "context", "sex", "cueset")
#: What is taken from a table.
READ_COLUMNS: Final = frozenset((*CLIP_COLUMNS, CUES_COLUMN, *_ABOUT, *_REFERENCE_COLUMNS))

_SEXES: Final = {"female": "female", "f": "female", "male": "male", "m": "male"}
_SPEAKER: Final = re.compile(r"\s*([^:\n]{1,60}):\s+(.*)", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|data:", re.ASCII)
_MOST_REMARKS: Final = 20


@dataclass(slots=True)
class Reading:
    """How one manifest is read, and what was passed over in it.

    ``references``: read what is known about the right answers; ``spool``: where media that stand in the manifest go.
    """

    manifest: Path
    references: bool = False
    spool: Path | None = None
    passed_over: dict[str, None] = field(default_factory=dict)
    folder: str = field(init=False)

    def __post_init__(self) -> None:
        """Find where relative paths begin; nothing stands for the current folder."""
        self.folder = "" if self.manifest.parent == Path() else str(self.manifest.parent)

    def pass_over(self, name: str) -> None:
        """Remember a column or key that means nothing here."""
        if len(self.passed_over) <= _MOST_REMARKS:
            self.passed_over[valid_text(name)[:40]] = None

    def remarks(self) -> list[str]:
        """Say what the user is to know when it is read."""
        names = list(self.passed_over)
        if not names:
            return []
        more = " and more" if len(names) > _MOST_REMARKS else ""
        return [f"passed over: {', '.join(names[:_MOST_REMARKS])}{more}"]


def row_of(place: str, line: Mapping[str, Any] | RecordError, reading: Reading) -> Row:
    """Make a row of a line; one that cannot be worked on has its problem (and its own id where that can be read)."""
    row_id = place
    try:
        if isinstance(line, RecordError):
            raise line
        if "custom_id" in line or "body" in line:
            from .openai_lines import row_of_request

            row_id = _text(line.get("custom_id"), "custom_id") or place
            return row_of_request(row_id, line, reading)
        if isinstance(line.get(CUES_COLUMN), list):  # a CueSet, as `emoreason cues` writes it
            return Row(id=_clip_id(line), unchecked=line)
        row_id = _id(line) or place
        return _row(row_id, {name: value for name, value in line.items() if not _nothing(value)}, reading)
    except RecordError as error:
        return Row(id=valid_text(row_id), problem=f"{place}: {error}")


def _id(line: Mapping[str, Any]) -> str | None:
    """Id of the line: its own, else ``clip`` beside another column with the file, else the path as it is written."""
    for name in ("id", *(("clip",) if any(line.get(other) for other in CLIP_COLUMNS[:-1]) else ())):
        value = line.get(name)
        if not _nothing(value):
            return valid_text(_text(value, name) or "") or None
    for name in (*CLIP_COLUMNS, CUES_COLUMN):
        value = line.get(name)
        if isinstance(value, str) and value:
            return valid_text(value)
    return None


def _row(row_id: str, line: Mapping[str, Any], reading: Reading) -> Row:
    for name in line:
        if name not in READ_COLUMNS or (name in _REFERENCE_COLUMNS and not reading.references):
            reading.pass_over(name)
    named = next((name for name in CLIP_COLUMNS if line.get(name)), None)
    for name in CLIP_COLUMNS[:-1]:
        if name != named and name in line:
            reading.pass_over(f"{name} (where {named} names the file)")
    path = None if named is None else local_path(line[named], named, reading.folder)
    cues = _cues(line, reading.folder)
    if path is None and cues is None:
        raise RecordError(f"names no clip; expected {CLIP_COLUMNS[0]} or {CUES_COLUMN}")
    if cues is None and path is not None and (problem := missing(path)):
        raise RecordError(problem)
    return Row(
        id=row_id,
        path=path,
        unchecked=cues,
        transcript=_text(line.get("transcript"), "transcript"),
        context=_context(line.get("context")),
        sex=_sex(line.get("sex")),
        reference=_reference(line) if reading.references else None,
    )


def local_path(value: object, name: str, folder: str) -> str:
    """Path of a local file, as seen from a folder.

    Raises
    ------
    RecordError
        It is a URL, or no path.
    """
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"{name} is {type(value).__name__}; expected the path of a file")
    written = value
    if found := _SCHEME.match(written):
        if found[0].lower() != "file://":
            shown = valid_text(written[:60])
            raise RecordError(f"{name} is {shown!r}: no URL is fetched; give the path of a local file")
        try:
            parts = urlsplit(written)
            host = parts.hostname
        except ValueError as error:
            raise RecordError(f"{name} is no address of a file: {error}") from error
        if host not in (None, "", "localhost"):
            raise RecordError(f"{name} names a file on {host!r}; expected a local one (file:///path)")
        written = unquote(parts.path, errors="surrogateescape")
    if "\0" in written:
        raise RecordError(f"{name} holds a NUL character, which no path does")
    return os.path.join(folder, written)


def missing(path: str) -> str | None:
    """Say that there is no such file, if so; other mistakes are found when it is opened."""
    return None if os.path.lexists(path) else f"{valid_text(path)}: there is no such file"


def valid_text(path: str) -> str:
    r"""Path as text that every file can hold (a file name may be no Unicode).

    Examples
    --------
    >>> valid_text("caf\udce9.mp4")
    'caf\\udce9.mp4'
    """
    return path.encode("utf-8", "backslashreplace").decode()


def _clip_id(cueset: Mapping[str, Any]) -> str:
    clip = cueset.get("clip")
    found = clip.get("id") if isinstance(clip, Mapping) else clip
    if not isinstance(found, str) or not found:
        raise RecordError("its clip has no id")
    return valid_text(found)


def _cues(line: Mapping[str, Any], folder: str) -> Mapping[str, Any] | None:
    """Cues in the line, or in the file that it names, as they stand there."""
    value = line.get("cueset", line.get(CUES_COLUMN))
    if value is None or isinstance(value, Mapping):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = parse_json(value.encode("utf-8", "surrogateescape"))
    else:
        value = parse_json(_content(local_path(value, CUES_COLUMN, folder)))
    if not isinstance(value, Mapping):
        raise RecordError(f"{CUES_COLUMN} is {type(value).__name__}; expected one CueSet")
    return value


def _content(path: str) -> bytes:
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise RecordError(f"{valid_text(path)}: is no regular file; expected one CueSet")
        with open(path, "rb") as file:
            data = file.read(MAX_LINE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise RecordError(f"{valid_text(path)}: cannot be read: {reason}") from error
    if len(data) > MAX_LINE_BYTES:
        raise RecordError(f"{valid_text(path)}: longer than {MAX_LINE_BYTES >> 20} MiB")
    return data


def _nothing(value: object) -> bool:
    return value is None or value == "" or value != value  # NaN, as pandas has it


def _text(value: object, name: str) -> str | None:
    """Text of a cell; numbers are written out."""
    if _nothing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected text")
    text = str(value)
    if name not in ("id", "clip", "custom_id") and not _is_unicode(text):
        raise RecordError(f"{name} is not UTF-8 text; convert the manifest first")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sex(value: object) -> str | None:
    text = _text(value, "sex")
    if text is None:
        return None
    if text.strip().lower() not in _SEXES:
        raise RecordError(f"sex is {text[:40]!r}; expected female or male, or nothing")
    return _SEXES[text.strip().lower()]


def _context(value: object) -> tuple[Turn, ...]:
    """Earlier turns: a list of ``{"speaker", "text"}`` or of texts, the JSON of one, or text with a turn a line."""
    if _nothing(value):
        return ()
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return tuple(_spoken(turn) for turn in value.splitlines() if turn.strip())
        value = parse_json(value.encode("utf-8", "surrogateescape"))
    if not isinstance(value, list):
        raise RecordError(f"context is of type {type(value).__name__}; expected a list of turns, or text")
    return tuple(_turn(item) for item in value)


def _turn(item: object) -> Turn:
    if isinstance(item, str):
        return _spoken(item)
    if isinstance(item, Mapping):
        text = _text(item.get("text"), "the text of a turn")
        return Turn(_text(item.get("speaker"), "the speaker of a turn") or "", text or "")
    raise RecordError(f"a turn of context is of type {type(item).__name__}; expected speaker and text")


def _spoken(line: str) -> Turn:
    """Turn of one line, as ``Anna: You missed the train again?``."""
    if not _is_unicode(line):
        raise RecordError("context is not UTF-8 text; convert the manifest first")
    found = _SPEAKER.fullmatch(line)
    return Turn(found[1].strip(), found[2].strip()) if found else Turn("", line.strip())


def _reference(line: Mapping[str, Any]) -> Reference | None:
    known = {name: line[name] for name in _REFERENCE_COLUMNS if not _nothing(line.get(name))}
    if not known:
        return None
    whole = known.pop("reference", {})
    if isinstance(whole, str):
        whole = parse_json(whole.encode("utf-8", "surrogateescape"))
    if not isinstance(whole, Mapping):
        raise RecordError(f"reference is of type {type(whole).__name__}; expected an object")
    try:
        return from_json({**whole, **{name: _known(name, value) for name, value in known.items()}}, Reference)
    except RecordError as error:
        raise RecordError(f"what is known about the right answer cannot be used: {error}") from error


def _known(name: str, value: object) -> object:
    """One column about the right answer, as :class:`Reference` has it."""
    if name == "labels":
        from ...rewards.labels import parse_labels

        try:
            return parse_labels(value)
        except TypeError as error:
            raise RecordError(str(error)) from error
    if not isinstance(value, str):
        return value
    if name in ("valence", "arousal"):
        try:
            return float(value)
        except ValueError:
            raise RecordError(f"{name} is {value[:40]!r}; expected a number from -1 to 1") from None
    if name == "action_units":
        return re.findall(r"[A-Za-z]*\d+[A-Za-z]?", value)
    return json.loads(value) if name == "distribution" else value
