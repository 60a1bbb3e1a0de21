"""Files of labelled examples.

JSON Lines; each line is one object with ``cueset`` and one of

- ``answer``: a reply in the contract's form as text, or its JSON object (then with ``think``, if there is one),
- ``explanation``: an Explanation, as this package writes it,
- ``labels``: a list of labels that people gave (empty: they saw no emotion),

and, if it is known, ``group``: what must not be shown to its own kind, such as the speaker, session or dialogue.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import ModelOutputError, RecordError
from ...records import CueSet, Explanation
from ...records.convert import from_json, parse_json
from ...records.jsonl import MAX_LINE_BYTES
from .answers import from_answer, from_explanation, from_labels, from_text
from .example import Demonstration

StrPath = str | os.PathLike[str]

_KINDS: Final = ("answer", "explanation", "labels")
_FIELDS: Final = ("cueset", *_KINDS, "think", "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One example, its group, and where it stands (``FILE:LINE``)."""

    demonstration: Demonstration
    group: str | None = None
    place: str = ""


def read_entries(path: StrPath, language: str = "en") -> Iterator[Entry]:
    """Yield the examples of a file.

    Parameters
    ----------
    path : path
        JSON Lines, as above; blank lines are passed over.
    language : str
        Language of the sentences that are written where people gave labels alone.

    Raises
    ------
    RecordError
        ``FILE:LINE: what is wrong``, or the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if line.strip():
                    yield _entry(line, f"{os.fspath(path)}:{number}", language)
    except OSError as error:
        raise RecordError(f"{os.fspath(path)}: cannot be read: {error.strerror or error}") from error


def _entry(line: bytes, place: str, language: str) -> Entry:
    try:
        if len(line) > MAX_LINE_BYTES:
            raise RecordError(f"line is longer than {MAX_LINE_BYTES >> 20} MiB")
        value = _object(parse_json(line))
        cueset = from_json(value["cueset"], CueSet)
        answer = _answer(value, cueset, language)
    except (RecordError, ModelOutputError) as error:
        raise RecordError(f"{place}: {error}") from error
    return Entry(demonstration=Demonstration(cueset=cueset, answer=answer), group=value.get("group"), place=place)


def _object(value: object) -> Mapping[str, Any]:
    """Check the fields of one line."""
    if not isinstance(value, dict):
        raise RecordError("expected one JSON object with cueset and one of answer, explanation, labels")
    known = {key: item for key, item in value.items() if item is not None}
    strange = [key for key in known if key not in _FIELDS]
    if strange:
        raise RecordError(f"unknown field {strange[0][:60]!r}; expected {', '.join(_FIELDS)}")
    if "cueset" not in known or sum(kind in known for kind in _KINDS) != 1:
        raise RecordError("expected cueset and exactly one of answer, explanation, labels")
    for name in ("think", "group"):
        if name in known and not isinstance(known[name], str):
            raise RecordError(f"{name} is {type(known[name]).__name__}; expected text")
    if "think" in known and ("explanation" in known or isinstance(known.get("answer"), str)):
        raise RecordError("think goes with labels or with an answer that is a JSON object")
    return known


def _answer(value: Mapping[str, Any], cueset: CueSet, language: str) -> str:
    if "explanation" in value:
        explanation = from_json(value["explanation"], Explanation)
        if explanation.clip != cueset.clip.id:
            raise RecordError(f"the explanation is of {explanation.clip!r}, the cueset of {cueset.clip.id!r}")
        return from_explanation(explanation, cueset, language)
    if "labels" in value:
        labels = value["labels"]
        if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
            raise RecordError("labels must be a list of texts that are not empty")
        return from_labels(labels, cueset, language, value.get("think"))
    answer = value["answer"]
    if isinstance(answer, str):
        return from_text(answer, cueset)
    if not isinstance(answer, dict):
        raise RecordError(f"answer is {type(answer).__name__}; expected text or a JSON object")
    return from_answer(answer, cueset, language, value.get("think"))
