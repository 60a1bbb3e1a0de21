"""Tables of vignettes: situations in English and Chinese that call for an emotion and name none.

One form for all: ``id, emotion, en, zh``. ``data/vignettes.csv`` holds those that the probe asks about by itself;
``data/situations.csv`` and ``data/people.csv`` are frames of which further tables are made
(:mod:`emoreason.data_synth.vignettes`). All were written for this package; which emotion a situation calls for is what
its author meant, no raters were asked.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ...cues.emotion_words import emotion_words_in
from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import csv_lines
from ...records.labels import EMOTIONS
from .whole_file import whole_file

COLUMNS: Final = ("id", "emotion", "en", "zh")


@dataclass(frozen=True, slots=True)
class Vignette:
    """A situation in both languages and the class that it calls for."""

    id: str
    emotion: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        """Return the situation in a language, ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


def read_vignettes(path: str | Path | None = None) -> list[Vignette]:
    """Read a table, in its order; a table of stimuli is used whole or not at all.

    Parameters
    ----------
    path : path, optional
        ``.csv`` or ``.tsv``; by default the table of this package.

    Raises
    ------
    ConfigError
        It cannot be read, or one of its rows is no vignette: the first such row is named.
    """
    if path is None:
        with resources.as_file(_data("vignettes.csv")) as own:
            return read_vignettes(own)
    found: dict[str, Vignette] = {}
    for place, row in csv_lines(Path(path), COLUMNS):
        try:
            if isinstance(row, RecordError):
                raise row
            one = _vignette(row)
            if one.id in found:
                raise RecordError(f"the id {one.id[:40]!r} is there twice")
        except RecordError as error:
            raise ConfigError(f"{Path(path).parent / place}: {error}") from error
        found[one.id] = one
    if not found:
        raise ConfigError(f"{path}: holds no vignette; expected rows of {', '.join(COLUMNS)}")
    return list(found.values())


def write_vignettes(vignettes: Iterable[Vignette], path: Path) -> None:
    """Write a table, whole or not at all.

    Raises
    ------
    RecordError
        It cannot be written.
    """
    with whole_file(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(astuple(one) for one in vignettes)


def named_emotions(vignette: Vignette) -> list[str]:
    """Emotion words of a situation; there must be none: prompts leave such sentences out."""
    return [*emotion_words_in(vignette.en, "en"), *emotion_words_in(vignette.zh, "zh")]


def data_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table of this package."""
    yield from csv.DictReader(_data(name).read_text(encoding="utf-8").splitlines())


def _data(name: str) -> Any:
    return resources.files(__package__) / "data" / name


def _vignette(row: Mapping[str, Any]) -> Vignette:
    if missing := [name for name in COLUMNS if not str(row.get(name, "")).strip()]:
        raise RecordError(f"says no {missing[0]}; expected {', '.join(COLUMNS)}")
    one = Vignette(*(str(row[name]).strip() for name in COLUMNS))
    if one.emotion not in EMOTIONS:
        raise RecordError(f"emotion is {one.emotion[:40]!r}; expected one of {', '.join(EMOTIONS)}")
    if named := named_emotions(one):
        raise RecordError(f"names an emotion ({named[0]!r}); expected a situation without such a word")
    return one
