"""Files of all kinds as mappings, one a row, with all their columns."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...eval.reading.rows import CLIP_COLUMNS, lowered, read_rows
from ...reasoning.batch.manifest_fields import CLIP_COLUMNS as MEDIA_COLUMNS
from ...records.convert import parse_json

TableLine = tuple[str, Mapping[str, Any] | RecordError]

#: Endings that are read.
KINDS: Final = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".json", ".txt")
#: A table with columns has one of these: MELD names its clips by dialogue and utterance, and cues name theirs.
_NAMED_BY: Final = tuple(
    dict.fromkeys((*CLIP_COLUMNS, *MEDIA_COLUMNS, "dialogue_id", "old_dialogue_id", "cues", "cueset"))
)
#: A `.json` file is held whole.
_LARGEST_JSON: Final = 1 << 30


def table_lines(path: Path) -> Iterator[TableLine]:
    """Yield ``("FILE:LINE", row)``; a line that cannot be read gives a RecordError that says why, without its place.

    Names of columns are in lower case, empty cells left out.

    Raises
    ------
    ConfigError
        The file is of no kind that is read, or cannot be read at all.
    """
    return _json_samples(path) if path.suffix.lower() == ".json" else read_rows(path, _NAMED_BY)


def _json_samples(path: Path) -> Iterator[TableLine]:
    """Yield the samples of one object by their names, or of one list."""
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise ConfigError(f"{path}: is larger than {_LARGEST_JSON >> 30} GiB; convert it to .jsonl")
        value = parse_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except RecordError as error:
        raise ConfigError(f"{path}: {error}, or a list of them") from error
    if isinstance(value, list):
        named = ((str(number), row) for number, row in enumerate(value, 1))
    elif isinstance(value, Mapping):
        named = ((name, {"clip": name, **row} if isinstance(row, Mapping) else row) for name, row in value.items())
    else:
        raise ConfigError(f"{path}: expected an object of samples, or a list of them")
    for name, row in named:
        place = f"{path.name}:{_plain(name)}"
        if isinstance(row, Mapping):
            yield place, lowered(row)
        else:
            yield place, RecordError(f"is of type {type(row).__name__}; expected an object")


def _plain(name: str) -> str:
    """Name of a sample that stays on one line."""
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else repr(name)[:_LONGEST_NAME]


_LONGEST_NAME: Final = 80
