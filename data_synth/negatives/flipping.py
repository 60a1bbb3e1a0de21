"""A target in which one thing is said to be strong that was weak, or to rise that fell: flipped intensity.

The words stand in ``data/opposites.csv``. What is flipped is a true claim of the chain of thought, and what comes of it
must be false: ``rewards/grounding`` reads both.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from random import Random
from typing import Final

from ...records import CueSet
from .claims import Claims, thought

_INTENSITY: Final = re.compile(r"(?<![\d.])([0-5](?:\.\d{1,2})?)(?=(?: of |/)5(?![\d.]))")
_CITATION: Final = re.compile(r"\[[^\[\]\n]*\]")
_MOST_TRIES: Final = 6


def flipped(
    target: str, cueset: CueSet, language: str, chance: Random, *, claims: Claims | None = None
) -> tuple[str, str] | None:
    """Flip the intensity or direction of one claim.

    Parameters
    ----------
    target : str
        In the contract's form.
    cueset : CueSet
        What its claims are checked against.
    language : str
        Whose words are looked for.
    chance : Random
        Chooses the claim and the word.
    claims : Claims, optional
        Of the clip, where other texts about it are read as well.

    Returns
    -------
    tuple of str or None
        The target with one false claim, and that claim; None where no claim can be flipped.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> cue = Cue(id="a.AU12.1", modality="face", code="AU12", value=4.0, unit="0-5", level="strongly", subject="a")
    >>> text, claim = flipped(
    ...     "<think>The lip corners are strongly raised [a.AU12.1].</think> {}", CueSet(clip=Clip(id="a"), cues=(cue,)),
    ...     "en", Random(1),
    ... )
    >>> claim
    'The lip corners are barely raised [a.AU12.1].'
    """
    claims, think = claims or Claims(cueset), thought(target)
    begin = target.find(think) if think else -1
    if begin < 0:
        return None
    true = [(at, one.assertion) for at, line in claims.by_line(think) for one in line if one.verdict == "supported"]
    clauses = list(dict.fromkeys((at + one.start, at + one.end) for at, one in true))
    chance.shuffle(clauses)
    for start, end in clauses[:_MOST_TRIES]:
        for other in _flips(think[start:end], language, chance):
            changed = f"{think[:start]}{other}{think[end:]}"
            if false := _false_claim(changed, other, claims):
                return f"{target[:begin]}{changed}{target[begin + len(think) :]}", false
    return None


def _false_claim(think: str, clause: str, claims: Claims) -> str | None:
    """Sentence of the changed clause, if the cues contradict it."""
    for one in claims.of(think):
        if one.verdict == "contradicted" and clause.strip(" .。,，") in one.assertion.sentence:
            return one.assertion.sentence
    return None


def _flips(clause: str, language: str, chance: Random) -> Iterator[str]:
    """Yield the clause with one word turned into its opposite, and its number with it."""
    cited = [match.span() for match in _CITATION.finditer(clause)]
    for pattern, opposite in _opposites(language):
        match = pattern.search(clause)
        if match is None or any(begin <= match.start() < end for begin, end in cited):
            continue
        other = opposite(match[0].lower(), chance)
        other = other.capitalize() if match[0][0].isupper() else other
        yield _other_number(f"{clause[: match.start()]}{other}{clause[match.end() :]}")
    if (changed := _other_number(clause)) != clause:
        yield changed


def _other_number(clause: str) -> str:
    """Turn an intensity from 0 to 5 round, so that it fits the word beside it."""
    return _INTENSITY.sub(lambda match: f"{5 - float(match[1]):.1f}", clause)


_Opposite = Callable[[str, Random], str]


@cache
def _opposites(language: str) -> Sequence[tuple[re.Pattern[str], _Opposite]]:
    """Pattern of words -> what makes their opposite."""
    file = resources.files(__package__) / "data" / "opposites.csv"
    found: list[tuple[re.Pattern[str], _Opposite]] = []
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        if row["language"] != language:
            continue
        pairs = [(row["one"], row["other"])]
        if row["kind"] == "word":
            pairs.append((row["other"], row["one"]))
        found += [(_pattern(one.split("|")), _chooser(tuple(other.split("|")))) for one, other in pairs]
    return found


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in longest), re.IGNORECASE)


def _chooser(words: tuple[str, ...]) -> _Opposite:
    return lambda word, chance: chance.choice([one for one in words if one != word] or words)
