"""Tables of the emotion wheels: from a label as written to its class, for every metric and table family.

Three files of ``data/`` hold what the benchmark publishes, nothing left out: ``wheel_forms.csv`` (base word -> surface
forms; the v2026 tables lack the forms of the last column), ``wheel_synonyms.csv`` (wheel word, synonym, in which of the
eight runs it stands) and ``wheels.csv`` (the five wheels, one path from the hub to the rim a row).

Source: MERTools (zeroQiaoba/MERTools, commit 89120b780ab1): ``format.csv``, ``synonym.xlsx``, ``wheel1..5.xlsx``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from ...errors import ConfigError
from ..tables import read_rows

WHEELS: Final = (1, 2, 3, 4, 5)
#: The twelve metrics, in the order of the classes of a word.
METRICS: Final = ("case1", "case2", *(f"case3_wheel{wheel}_level{level}" for level in (1, 2) for wheel in WHEELS))
TABLES: Final = ("v2025", "v2026", "mended")
#: Where the five wheels of a level stand in the classes of a word.
LEVEL: Final = {1: slice(2, 7), 2: slice(7, 12)}

#: Class of a word under each metric of :data:`METRICS`; None where it has none.
Classes = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """The published tables of one year.

    Attributes
    ----------
    bases : dict
        Surface form -> its base words, in alphabetical order.
    wheel_words : dict
        Base word -> wheel word -> number of runs (of eight) that give the one as a synonym of the other.
    class_maps : tuple of dict
        Wheel word -> class, for the ten pairs of level and wheel in the order of :data:`METRICS`.
    """

    bases: dict[str, tuple[str, ...]]
    wheel_words: dict[str, dict[str, int]]
    class_maps: tuple[dict[str, str], ...]


@cache
def classes_by_word(tables: str) -> dict[str, Classes]:
    """Every word that a table family knows -> its classes. Built once, some 7,400 words.

    Raises
    ------
    ConfigError
        There is no such table family.
    """
    if tables not in TABLES:
        raise ConfigError(f"no wheel tables are called {tables!r}; there are {', '.join(TABLES)}")
    if tables == "mended":
        from .mended import mended_classes

        return mended_classes(sources("v2026"))
    published = sources(tables)
    words = {base: sorted(found) for base, found in published.wheel_words.items()}
    by_bases: dict[tuple[str, ...], Classes] = {}  # most words share their bases
    for bases in published.bases.values():
        if bases not in by_bases:
            by_bases[bases] = _published(bases, words, published.class_maps)
    return {surface: by_bases[bases] for surface, bases in published.bases.items()}


@cache
def translated_classes(tables: str) -> dict[str, Classes]:
    """Words of :func:`classes_by_word` and the Chinese labels of ``labels_zh.csv`` -> classes.

    A Chinese label has the classes of its translation: where that is unknown, so is the label.
    """
    from ..synonyms import chinese_labels

    known = classes_by_word(tables)
    return {**{word: known[english] for word, english in chinese_labels().items() if english in known}, **known}


@cache
def sources(year: str) -> Sources:
    """Read the published tables of ``v2025`` or ``v2026``."""
    bases: dict[str, set[str]] = {}
    for row in read_rows("wheel_forms.csv"):
        forms = row["forms"].split("|") + (row["forms_v2025_only"].split("|") if year == "v2025" else [])
        for form in (row["base"], *forms):
            if form:
                bases.setdefault(form, set()).add(row["base"])
    wheel_words: dict[str, dict[str, int]] = {}
    for row in read_rows("wheel_synonyms.csv"):
        wheel_words.setdefault(row["synonym"], {})[row["wheel_word"]] = len(row["runs"])
        wheel_words.setdefault(row["wheel_word"], {})[row["wheel_word"]] = 8
    paths: dict[str, list[Mapping[str, str]]] = {}
    for row in read_rows("wheels.csv"):
        paths.setdefault(row["wheel"], []).append(row)
    levels = [_class_maps(paths[str(wheel)]) for wheel in WHEELS]
    return Sources(
        bases={form: tuple(sorted(found)) for form, found in bases.items()},
        wheel_words=wheel_words,
        class_maps=(*(first for first, _ in levels), *(second for _, second in levels)),
    )


def _class_maps(paths: list[Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Wheel word -> class on level 1 and on level 2 of one wheel; a later path overwrites an earlier one."""
    first: dict[str, str] = {}
    second: dict[str, str] = {}
    children: dict[str, set[str]] = {}
    for path in paths:
        inner, middle, outer = path["level1"], path["level2"], path["level3"]
        first.update({inner: inner, middle: inner, outer: inner})
        second.update({middle: middle, outer: middle})
        children.setdefault(inner, set()).add(middle)
    second.update({inner: min(found) for inner, found in children.items()})
    return first, second


def _published(bases: tuple[str, ...], words: dict[str, list[str]], class_maps: tuple[dict[str, str], ...]) -> Classes:
    """Classes of a surface form by the published rule: the alphabetically first base and wheel word decide."""
    case1 = bases[0]
    candidates = sorted({word for base in bases for word in words[base]}) if len(bases) > 1 else words[case1]
    by_wheel = [next((found[word] for word in candidates if word in found), None) for found in class_maps]
    return (case1, words[case1][0], *by_wheel)
