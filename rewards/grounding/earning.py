"""Earning: what the claims of a text may earn for an answer, and how much of the answer they speak for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..classes import family_of
from ..completion import Completion
from .bearing import emotions_borne
from .cue_index import Entry
from .verdict import Verdict

#: Emotions of the answer that claims can earn for.
MOST_LABELS: Final = 4
#: Claims that can earn for one of them; words for one of them that can be spoken for.
CAP: Final = 4
_MOST_READ: Final = 100

#: What is claimed, once: group, code, person, present or absent.
Unit = tuple[str, str, str | None, str]


class Answer(NamedTuple):
    """What claims must bear on.

    Attributes
    ----------
    emotions : dict of str to frozenset of str
        Emotion -> ids of the cues that its labels cite; at most ``MOST_LABELS``.
    words : dict of str to int
        Emotion -> different labels that name it.
    n_written : int
        Labels of the answer, repetitions counted.
    """

    emotions: dict[str, frozenset[str]]
    words: dict[str, int]
    n_written: int


def read_answer(completion: Completion) -> Answer:
    """Read the emotions that the labels name.

    A label of no known family stands for itself: what it cites bears on it. Where no label says anything, the likeliest
    class of the distribution does.
    """
    cited = completion.label_cues or {}
    found: dict[str, frozenset[str]] = {}
    words: Counter[str] = Counter()
    for label in dict.fromkeys(completion.labels[:_MOST_READ]):
        name = family_of(label) or (f"label:{label.casefold()}" if cited.get(label) else None)
        if name is not None and (name in found or len(found) < MOST_LABELS):
            found[name] = found.get(name, frozenset()) | frozenset(cited.get(label, ()))
            words[name] += 1
    if not found and completion.distribution:
        found[max(completion.distribution, key=completion.distribution.__getitem__)] = frozenset()
    return Answer(found, words, len(completion.labels))


def emotions_spoken_for(verdict: Verdict, entry: Entry, answer: Answer) -> frozenset[str]:
    """Emotions of the answer that a true claim speaks for: by the table; of words, those whose labels cite them."""
    by_table = emotions_borne(verdict.assertion, entry)
    quoted = verdict.assertion.quote is not None
    return frozenset(
        name
        for name, cited in answer.emotions.items()
        if name in by_table or (entry.cue.id in cited and (quoted or name.startswith("label:")))
    )


def most_earning(units: Mapping[Unit, frozenset[str]], emotions: Sequence[str], cap: int) -> int:
    """Largest number of units that can earn, each for one emotion, within the caps (bipartite matching).

    An emotion has ``cap`` places; absences and words share the first (for neutral, they fit all).
    """
    places = [(name, place) for name in emotions for place in range(cap)]
    taken: dict[tuple[str, int], Unit] = {}

    def fits(unit: Unit, name: str, place: int) -> bool:
        return name in units[unit] and (place == 0 or _is_strong(unit, name))

    def seat(unit: Unit, tried: set[tuple[str, int]]) -> bool:
        for spot in places:
            if spot not in tried and fits(unit, *spot):
                tried.add(spot)
                if spot not in taken or seat(taken[spot], tried):
                    taken[spot] = unit
                    return True
        return False

    for unit in units:
        if len(taken) == len(places):
            break
        seat(unit, set())
    return len(taken)


def backing(answer: Answer, units: Mapping[Unit, frozenset[str]], cap: int = CAP) -> float:
    """Share of the labels that something present speaks for (for neutral, something absent), with one added to both.

    Of one emotion at most ``cap`` words can be spoken for, and a repeated word is not; words that nobody knows and that
    cite nothing are spoken for by nothing. No label: 1, as the distribution answers.

    Examples
    --------
    >>> smile = {("face", "AU12", "face1", "present"): frozenset({"happiness"})}
    >>> joy = {"happiness": frozenset()}
    >>> backing(Answer(joy, {"happiness": 2}, 2), smile), backing(Answer(joy, {"happiness": 2}, 8), smile)
    (1.0, 0.3333333333333333)
    """
    backed = {name for unit, names in units.items() for name in names if _is_strong(unit, name)}
    spoken_for = sum(min(count, cap) for name, count in answer.words.items() if name in backed)
    return (spoken_for + 1) / (answer.n_written + 1)


def _is_strong(unit: Unit, name: str) -> bool:
    """Whether it is neither an absence nor words; of neutral, absences are the evidence."""
    return name == "neutral" or not (unit[3] == "absent" or unit[1] == "utterance")
