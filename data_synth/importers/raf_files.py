"""The official text files of RAF-AU, RAF-CE and RAF-ML, joined by the image: they name the same faces.

``RAFAU_label.txt`` and ``RAFCE_AUlabel.txt``: ``0001.jpg 1+4+L12`` (``null``: no codes); ``RAFCE_emolabel.txt``:
``0001.jpg 5``, a compound class from 0; RAF-ML's ``distribution.txt``: six shares in the order below, and
``multilabel.txt``: six zeros or ones. Files of partitions are read over: stage 5 splits.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...eval.reading.rows import lowered, number_of

#: The order of RAF-ML's columns.
ORDER: Final = ("surprise", "fear", "disgust", "happiness", "sadness", "anger")
#: The numbers of RAF-CE's classes, from 0.
COMPOUNDS: Final = (
    "happily surprised", "happily disgusted", "sadly fearful", "sadly angry", "sadly surprised", "sadly disgusted",
    "fearfully angry", "fearfully surprised", "fearfully disgusted", "angrily surprised", "angrily disgusted",
    "disgustedly surprised", "happily fearful", "happily sad",
)  # fmt: skip
#: What the name of a file holds -> the column it gives.
_KINDS: Final = (
    ("rafau_label", "facs"), ("aulabel", "facs"), ("emolabel", "compound"), ("distribution", "crowd"),
    ("multilabel", "labels"), ("partition", ""),
)  # fmt: skip
_SIX: Final = {"surprise": "surprised", "fear": "fearful", "disgust": "disgusted", "happiness": "happy",
               "sadness": "sad", "anger": "angry"}  # fmt: skip


def is_raf_file(path: Path) -> bool:
    """Whether a file has the name of one of them."""
    return path.suffix.lower() == ".txt" and kind_of(path) is not None


def kind_of(path: Path) -> str | None:
    """Column that a file gives, empty for one that is read over, None for one of another name."""
    name = path.name.lower()
    return next((kind for part, kind in _KINDS if part in name), None)


def raf_lines(files: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any] | RecordError]]:
    """Yield a row for each image that any of the files names, with its place in the first of them.

    Raises
    ------
    ConfigError
        A file has another name, or cannot be read.
    """
    rows: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    for file in files:
        kind = kind_of(file)
        if kind is None:
            raise ConfigError(f"{file}: is no text file of RAF; expected names with {_names()}")
        for place, words in _words(file) if kind else ():
            try:
                name = words[0].replace("_aligned", "")
                cell = _cell(kind, words[1:])
            except RecordError as error:
                yield place, error
                continue
            row = rows.setdefault(name, {"image": name})
            if kind in row:
                yield place, RecordError(f"image {name!r:.80} has such a line already; the first one counts")
                continue
            row[kind] = cell
            places.setdefault(name, place)
    for name, row in rows.items():
        yield places[name], lowered(row)


def _words(file: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        with open(file, encoding="utf-8-sig", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if words := line.split():
                    yield f"{file.name}:{number}", words
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error


def _cell(kind: str, words: list[str]) -> Any:
    if kind == "facs":
        return "+".join(words) or None
    if kind == "compound":
        number = number_of(words[0] if words else "", "class", 0, len(COMPOUNDS) - 1)
        return COMPOUNDS[int(number)]
    if len(words) != len(ORDER):
        raise RecordError(f"has {len(words)} numbers; expected {len(ORDER)}: {', '.join(ORDER)}")
    shares = {name: number_of(word, name, 0.0) for name, word in zip(ORDER, words, strict=True)}
    return shares if kind == "crowd" else [_SIX[name] for name, share in shares.items() if share > 0]


def _names() -> str:
    return ", ".join(part for part, _ in _KINDS)
