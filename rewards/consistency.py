"""consistency: whether the reasoning arrives at the emotions that the answer then gives.

The emotions that the reasoning affirms are compared with those of the answer by family
(:func:`emoreason.rewards.classes.family_of`), as F1. What it denies ("not anger", "joy rather than fear"), what stands
under "Alternatives" and what is quoted from the clip does not count; what it names before its conclusion, or as another
possibility, counts a quarter. So a reasoning that names every emotion loses, as does one that names none.

ERV scores the share of sentences whose classified emotion contains the label; that needs a classifier, and pays for
saying the label in every sentence.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ..prompts.sentences import Sentence, split_sentences
from ..records import Reference, Score
from .classes import emotion_vocabulary, family_of
from .completion import Completion
from .denied_names import denied

#: What an emotion counts that is named elsewhere than in the conclusion.
ELSEWHERE: Final = 0.25

_WORD = re.compile(r"[a-z]+(?:['’\-][a-z]+){0,3}|[\u3400-\u9fff]+", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“「『]([^\"“”「」『』\n]{1,400})[\"”」』]")
_QUOTES: Final = '"“「『'
_SAID_WORDS: Final = 3
_SAID_CHARACTERS: Final = 5
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|overall|altogether|in conclusion|to conclude|in sum(?:mary)?|taken together"
    r"|all in all|consequently|as a result|so (?:the|he|she|this|it)|we can (?:infer|conclude)|final(?:ly)? (?:answer"
    r"|emotion|label))\b|综上|因此|总之|总的来说|总体|综合(?:来看|以上)|由此|可以推断|可以看出|所以|最终",
    re.IGNORECASE,
)
_OTHER_READING = re.compile(
    r"\b(?:alternativ\w{1,6}|(?:could|might|may) also|another (?:reading|possibility|interpretation)"
    r"|other (?:readings?|possibilit\w{1,3})|less likely|cannot be ruled out)\b|也可能|另一种|其他可能|不排除",
    re.IGNORECASE,
)
_NO_EMOTION = re.compile(
    r"\b(?:no|without(?: any)?|lack of|little) (?:clear |strong |obvious |particular |marked )?(?:emotion|affect)(?:s"
    r"|al expression)?\b|没有(?:明显|强烈|特别)?的?情绪|情绪不明显|无明显情绪",
    re.IGNORECASE,
)
#: Part of every such phrase, so much cheaper to look for.
_SPEAKS_OF_EMOTION: Final = ("emot", "affect", "情绪")
#: Longer sentences are read anew each time, characters.
_LONGEST_KEPT: Final = 400
_MOST_CHARACTERS: Final = 200_000


def score_consistency(completion: Completion, reference: Reference) -> Score | None:
    """F1 of the emotion families that the reasoning affirms against those of the answer.

    Parameters
    ----------
    completion : Completion
        What was written; of a reasoning longer than 200,000 characters the end is read.
    reference : Reference
        Its ``form``.

    Returns
    -------
    Score or None
        None where the prompt asked for the answer alone; 0 when there is no answer, when it names no emotion, and when
        the reasoning names none. Parts: ``precision``, ``recall``, ``reasoning`` and ``answer`` (families; a label that
        belongs to none stands for itself).

    Examples
    --------
    >>> from emoreason.rewards.completion import read_completion
    >>> text = "<think>Observations: The corners rise. Conclusion: She expresses joy, not fear.</think>"
    >>> [score_consistency(read_completion(f"{text}<answer>{word}</answer>"), Reference()).value
    ...  for word in ("happy", "afraid")]
    [1.0, 0.0]
    """
    if not reference.asks_for_thought:
        return None
    answer = _answer_families(completion)
    own = frozenset(name for name in answer if name not in _FAMILIES)
    told = _told_families(completion.reasoning[-_MOST_CHARACTERS:], own)
    shared = sum(weight for name, weight in told.items() if name in answer)
    precision = shared / sum(told.values()) if told else 0.0
    recall = shared / len(answer) if answer else 0.0
    value = 2 * precision * recall / (precision + recall) if shared else 0.0
    parts: dict[str, float | str | None] = {
        "precision": precision,
        "recall": recall,
        "reasoning": " ".join(sorted(told)),
        "answer": " ".join(sorted(answer)),
    }
    return Score(name="consistency", value=value, parts=parts)


_FAMILIES: Final = frozenset({"happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral"})


def _answer_families(completion: Completion) -> frozenset[str]:
    """Families of the labels and of the most probable class; a label that belongs to none stands for itself."""
    found = {family_of(label) or label.strip().casefold()[:60] for label in completion.labels}
    if completion.distribution:
        best = max(completion.distribution.values())
        top = [name for name, share in completion.distribution.items() if share == best]
        found.update(top if len(top) == 1 else ())
    return frozenset(name for name in found if name)


def _told_families(text: str, own: frozenset[str]) -> dict[str, float]:
    """Families affirmed in a reasoning and what each counts: 1 in the conclusion, less elsewhere."""
    sentences = [sentence for sentence in split_sentences(text) if sentence.section != "alternatives"]
    begins = _conclusion_begins(sentences)
    within: dict[str, float] = {}
    elsewhere: dict[str, float] = {}
    for number, sentence in enumerate(sentences):
        concludes = sentence.section == "conclusion" if begins is None else number >= begins
        short = len(sentence.text) <= _LONGEST_KEPT
        for name, other in (_affirmed if short else affirmed_families)(sentence.text, own):
            (within if concludes and not other else elsewhere)[name] = ELSEWHERE
    if not within:
        # No conclusion names an emotion: the whole text is taken for one.
        return dict.fromkeys(elsewhere, 1.0)
    return elsewhere | dict.fromkeys(within, 1.0)


def _conclusion_begins(sentences: list[Sentence]) -> int | None:
    """Sentence at which untitled prose begins to conclude; None when the sections say where."""
    if any(sentence.section == "conclusion" for sentence in sentences):
        return None
    concluding = [number for number, sentence in enumerate(sentences) if _CONCLUDES.search(sentence.text)]
    return concluding[-1] if concluding else len(sentences)


@lru_cache(maxsize=4096)
def _affirmed(sentence: str, own: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    """Families that a sentence affirms, kept: those that interpret and conclude are much alike in all texts."""
    return tuple(affirmed_families(sentence, own))


def affirmed_families(sentence: str, own: frozenset[str] = frozenset()) -> Iterator[tuple[str, bool]]:
    """Yield the families a sentence affirms, and whether each is told as another possibility.

    Parameters
    ----------
    sentence : str
        One sentence.
    own : frozenset of str
        Further names to look for, in lower case; each is its own family.

    Examples
    --------
    >>> list(affirmed_families("He is worried rather than angry; it could also be grief."))
    [('fear', False), ('sadness', True)]
    """
    text = _QUOTED.sub(_without_speech, sentence) if any(mark in sentence for mark in _QUOTES) else sentence
    folded = text.casefold()
    named = list(_named(text, folded, own))
    if named:
        other = _OTHER_READING.search(text)
        verdicts = denied(text, [span for _, span in named])
        for (name, (start, _)), is_denied in zip(named, verdicts, strict=True):
            if not is_denied:
                yield name, other is not None and start > other.start()
    if any(part in folded for part in _SPEAKS_OF_EMOTION) and _NO_EMOTION.search(text):
        yield "neutral", False


def _without_speech(match: re.Match[str]) -> str:
    """Blank out what was said in the clip; a quoted word or two may be a label."""
    words = match[1].split()
    speech = len(words) > _SAID_WORDS or (len(match[1]) > _SAID_CHARACTERS and not match[1].isascii())
    return " " * len(match[0]) if speech else match[0]


def _named(text: str, folded: str, own: frozenset[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield family and place of every emotion word: the longest that fits, from left to right."""
    names = _names(own)
    heads = names.ascii_heads if text.isascii() else names.heads
    if heads is not None and text.isascii() and heads.isdisjoint(_WORD.findall(folded)):
        return
    words = list(_WORD.finditer(text))
    number = 0
    for at, word in enumerate(words):
        if at < number:
            continue  # inside a longer name
        if not word[0][0].isascii():
            yield from _named_in_run(word[0], word.start(), names)
            continue
        if heads is not None and word[0].casefold() not in heads:
            continue
        for length in range(min(names.reach, len(words) - at), 0, -1):
            last = words[at + length - 1]
            name = names.get(text[word.start() : last.end()].casefold())
            if name is not None:
                yield name, (word.start(), last.end())
                number = at + length
                break


def _named_in_run(run: str, offset: int, names: "_Names") -> Iterator[tuple[str, tuple[int, int]]]:
    end = 0
    for at, first in enumerate(run):
        if at < end:
            continue
        for length in names.lengths.get(first, ()):
            name = names.get(run[at : at + length])
            if name is not None and at + length <= len(run):
                end = at + length
                yield name, (offset + at, offset + end)
                break


_LONGEST_PHRASE: Final = 3
_LONGEST_RUN: Final = 6
#: Of more names of one's own beginnings are not listed: that would cost more than looking for them.
_MOST_LISTED: Final = 32


@dataclass(frozen=True, slots=True)
class _Names:
    """Names that are looked for.

    ``heads``: all beginnings of names, so that most words are passed over after one look; None: not listed.
    ``ascii_heads``: those at which a word of an ASCII text can end. ``reach``: most words of a name. ``lengths``: first
    character -> how long names that begin so are, longest first, where they can be found inside a run of Chinese.
    """

    own: frozenset[str]
    heads: frozenset[str] | None
    ascii_heads: frozenset[str] | None
    reach: int
    lengths: Mapping[str, tuple[int, ...]]

    def get(self, surface: str) -> str | None:
        return surface if surface in self.own else _surfaces().get(surface)


@lru_cache(maxsize=32)
def _names(own: frozenset[str]) -> _Names:
    if not own:
        return _Names(
            own=own,
            heads=_heads(_surfaces()),
            ascii_heads=_ascii_heads(_surfaces()),
            reach=_LONGEST_PHRASE,
            lengths=_lengths(_surfaces()),
        )
    known = _names(frozenset())
    listed = len(own) <= _MOST_LISTED
    lengths = dict(known.lengths)
    for first, more in _lengths(own).items():
        lengths[first] = tuple(sorted({*more, *lengths.get(first, ())}, reverse=True))
    return _Names(
        own=own,
        heads=(known.heads or frozenset()) | _heads(own) if listed else None,
        ascii_heads=(known.ascii_heads or frozenset()) | _ascii_heads(own) if listed else None,
        reach=max(_LONGEST_PHRASE, *(len(label.split()) for label in own)),
        lengths=lengths,
    )


def _heads(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name[:end] for name in names for end in range(1, len(name) + 1))


def _ascii_heads(names: Iterable[str]) -> frozenset[str]:
    return frozenset(
        name[:end] for name in names for end in range(1, len(name) + 1) if not name[end : end + 1].isalpha()
    )


def _lengths(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for name in names:
        if 0 < len(name) <= _LONGEST_RUN:
            found.setdefault(name[0], set()).add(len(name))
    return {first: tuple(sorted(lengths, reverse=True)) for first, lengths in found.items()}


@cache
def _surfaces() -> Mapping[str, str]:
    return {surface.casefold(): family for surface, family in emotion_vocabulary().items()}
