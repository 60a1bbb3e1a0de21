"""Rows of official label files as golds, set by set.

Read are the files as their authors distribute them, and a table of any set with ``name`` and the answer (``emo``,
``discrete`` or ``emotion``; ``val``, ``valence`` or ``label``; ``openset`` or ``labels``). Clips are named as the
benchmark names them, behind the set's name: ``meld/test_dia0_utt3``.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import csv_lines
from ...records import Reference
from ...rewards.labels import parse_labels
from ..reading.rows import first_of, number_of
from ..sample import Gold
from .sets import BenchmarkSet

Row = Mapping[str, Any]
#: ``("FILE:LINE", gold)``, an error in its place, or None for a row of another part or class.
Read = Iterator[tuple[str, Gold | RecordError | None]]

_WORDS: Final = ("discrete", "emo", "emotion", "label")
_VALENCES: Final = ("val", "valence", "label", "sentiment")
_OPEN: Final = ("openset", "labels", "open_vocab_labels")
_SAID: Final = ("text", "utterance", "transcript", "english", "chinese", "sentence")
_PARTS: Final = ("mode", "split")
_NAMED_BY: Final = ("name", "clip", "dialogue_id", "video_id")

#: IEMOCAP's codes; ``exc`` is counted among ``happy``, as in all four-class work. Other codes are left out.
_CODES: Final = {"ang": "anger", "hap": "happy", "exc": "happy", "sad": "sad", "neu": "neutral"}
_TURN: Final = re.compile(r"\[[\d.]+\s*-\s*[\d.]+\]\s+(Ses05[FM]_\S+)\s+(\w+)\s+\[")
_SPOKEN: Final = re.compile(r"(Ses05[FM]_\S+)\s+\[[^\]]*\]:\s*(.*)")


def read_table(path: Path, one: BenchmarkSet) -> Read:
    """Yield what the rows of a table say; rows of other parts (``mode`` or ``split``) give None.

    Raises
    ------
    ConfigError
        It cannot be read, or is no such table.
    """
    chosen = _test_index(path)
    for number, (place, row) in enumerate(csv_lines(path, _NAMED_BY)):
        if isinstance(row, RecordError):
            yield place, row
        elif (chosen is not None and number not in chosen) or not _is_test(row, one):
            yield place, None
        else:
            try:
                yield place, _gold(row, one)
            except RecordError as error:
                yield place, error


def read_emo_evaluation(folder: Path, one: BenchmarkSet) -> Read:
    """Yield the turns of session 5 of IEMOCAP's ``EmoEvaluation/*.txt``, with what was said where it lies beside."""
    for path in sorted(folder.glob("*.txt")):
        said = _said(folder.parent / "transcriptions" / path.name)
        for number, line in enumerate(_lines(path), 1):
            turn = _TURN.match(line)
            if turn is None:
                continue
            name, code = turn[1], turn[2].lower()
            gold = None
            if code in _CODES:
                gold = Gold(
                    clip=f"{one.name}/{name}",
                    reference=Reference(emotion=_CODES[code]),
                    speaker=f"{name[:5]}{name.rsplit('_', 1)[-1][:1]}",
                    transcript=said.get(name),
                    columns={"set": one.name},
                )
            yield f"{path.name}:{number}", gold


def _is_test(row: Row, one: BenchmarkSet) -> bool:
    part = first_of(row, _PARTS)
    return part is None or str(part[1]).strip().lower() in (one.split, "test")


def _gold(row: Row, one: BenchmarkSet) -> Gold:
    said = first_of(row, _SAID)
    return Gold(
        clip=f"{one.name}/{_name(row, one)}",
        reference=_reference(row, one),
        speaker=_speaker(row, one),
        transcript=str(said[1]) if said else None,
        columns={"set": one.name},
    )


def _name(row: Row, one: BenchmarkSet) -> str:
    """Name of the clip as the benchmark has it."""
    found = first_of(row, ("name", "clip"))
    if found is not None:
        return str(found[1]).strip()
    if "dialogue_id" in row and "utterance_id" in row:
        return f"test_dia{row['dialogue_id'].strip()}_utt{row['utterance_id'].strip()}"
    if "video_id" in row and "clip_id" in row:
        clip = str(row["clip_id"]).strip()
        return f"{str(row['video_id']).strip()}_{clip.zfill(4) if one.name == 'sims' else clip}"
    raise RecordError("names no clip; expected a column name, or video_id and clip_id, or Dialogue_ID and Utterance_ID")


def _reference(row: Row, one: BenchmarkSet) -> Reference:
    if one.score == "wheel F":
        cell = first_of(row, _OPEN)
        return Reference(labels=tuple(parse_labels(cell[1] if cell else "")) or ("neutral",))
    if one.score == "weighted F1":
        return Reference(valence=_valence(row, _VALENCES, one))
    valence = _valence(row, _VALENCES[:2], one) if first_of(row, _VALENCES[:2]) else None
    return Reference(emotion=_word(row, one), valence=valence)


def _word(row: Row, one: BenchmarkSet) -> str:
    cell = first_of(row, _WORDS)
    if cell is None:
        raise RecordError(f"has no class; expected a column {_WORDS[0]} (or {', '.join(_WORDS[1:])})")
    word = str(cell[1]).strip().lower()
    if word.isdecimal():
        if int(word) >= len(one.words):
            raise RecordError(f"{cell[0]} is {word}; expected a number below {len(one.words)} or a word")
        return one.words[int(word)]
    return word


def _valence(row: Row, names: tuple[str, ...], one: BenchmarkSet) -> float:
    cell = first_of(row, names)
    if cell is None:
        raise RecordError(f"has no valence; expected a column {names[0]} (or {', '.join(names[1:])})")
    return number_of(cell[1], cell[0], -one.scale, one.scale) / one.scale


def _speaker(row: Row, one: BenchmarkSet) -> str | None:
    """Who is heard: MELD says so, MOSI and MOSEI have one speaker a video, IEMOCAP's names say who has the turn."""
    if "speaker" in row:
        return str(row["speaker"]).strip()
    if one.name in ("mosi", "mosei") and "video_id" in row:
        return str(row["video_id"]).strip()
    return None


def _test_index(path: Path) -> set[int] | None:
    """Row numbers of CH-SIMS's test part, which stand in a file of their own."""
    index = path.parent.parent / "test_index.csv"
    if path.name != "label_M.csv":
        return None
    if not index.is_file():
        raise ConfigError(f"{path}: the test part stands in {index}, which is not there; copy it from the metadata")
    rows = (row for _, row in csv_lines(index, ("index",)))
    return {int(row["index"]) for row in rows if not isinstance(row, RecordError) and row["index"].strip().isdecimal()}


def _said(path: Path) -> dict[str, str]:
    found = (_SPOKEN.match(line) for line in _lines(path)) if path.is_file() else ()
    return {match[1]: match[2].strip() for match in found if match}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
