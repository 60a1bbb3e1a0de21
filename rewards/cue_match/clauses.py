"""Clauses of cue texts: where they end, which of them only repeat what was said, and which two contradict each other.

An embedding puts "he smiles" beside "he does not smile" and "a loud voice" beside "a quiet voice". What a cosine cannot
tell is read here by rule, from ``data/opposites.json``: axes (lip corners, pitch, loudness, tension, valence …)
with two poles each, in English and Chinese. A denied pole counts as the other one.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...prompts.sentences import polarity_of, split_sentences
from ...records import CueSet
from ..denied_names import denied
from ..embedders import FUNCTION_WORDS

#: Clauses longer than this are cut for reading and embedding (MiniLM reads 256 word pieces), characters.
LONGEST_CLAUSE: Final = 1000

_GLUED = re.compile(r"(?<=[a-z][.!?])(?=[A-Z])")
_HAN = re.compile("[\u3400-\u9fff]")
_TOKEN = re.compile(r"[a-z0-9]+(?:['’-][a-z0-9]+)*|[\u3400-\u9fff]", re.IGNORECASE)
_SPEECH = re.compile(
    r"\b(?:sub)?(?:titles?|titled)\b|\bcaptions?\b|\bin the text\b|\btext(?:ual)? (?:content|says|reads|clues?)\b"
    r"|\b(?:this|the|that|these|those|his|her|their) (?:sentence|line|phrase|words|dialogue|utterance|transcript)\b"
    r"|\b(?:sa(?:ys|id|ying)|reads|asks|shouts|quot\w+)[,:]? ?[\"“'‘]|[\"“”「」『』]"
    r"|字幕|台词|文本|这句话|那句话|这些话|该句|句子",
    re.IGNORECASE,
)
#: The axis that says whom a clause is about.
WHO: Final = "who"
_SPOKEN_SHARE: Final = 0.6
_FEWEST_SPOKEN: Final = 2

_LEVELS: Final[tuple[tuple[int, str], ...]] = (
    (1, r"\b(?:bare|faint|hard|scarce)ly\b|\bfaint\b|\ba trace of\b|微微|微弱|几乎"),
    (
        2,
        r"\b(?:slight|mild)(?:ly)?\b|\bsubt(?:le|ly)\b|\ba (?:bit|little|hint)\b|\bsomewhat\b|轻微|略|稍|有点|有些",
    ),
    (3, r"\bmoderate(?:ly)?\b|\bfairly\b|\brelatively\b|中等|较为|比较"),
    (
        4,
        r"\bstrong(?:ly)?\b|\bobvious(?:ly)?\b|\bclearly\b|\bnoticeabl[ey]\b|\bbroad(?:ly)?\b|\bmarked(?:ly)?\b|明显|强烈|显著",
    ),
    (5, r"\bvery\b|\bextreme(?:ly)?\b|\bintense(?:ly)?\b|\bviolent(?:ly)?\b|非常|极其|极度|十分|剧烈"),
)
_LEVEL_PATTERN = re.compile("|".join(f"(?P<l{level}>{words})" for level, words in _LEVELS), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClauseReading:
    """What one clause says that an embedding does not keep apart, as bit sets so that many are compared at once.

    Attributes
    ----------
    negated : bool
        It says that something is not there.
    first, second : int
        Axes (bits, in the order of ``opposites.json``) whose first, second pole it names, after negation.
    levels : int
        Intensity words in it: bit 0 (barely) to bit 4 (very).
    """

    negated: bool = False
    first: int = 0
    second: int = 0
    levels: int = 0

    @property
    def poles(self) -> dict[str, set[str]]:
        """Axis -> names of the poles."""
        named: dict[str, set[str]] = {}
        for bit, (axis, poles) in enumerate(_opposites().items()):
            kept = {pole for pole, bits in zip(poles, (self.first, self.second), strict=True) if bits >> bit & 1}
            if kept:
                named[axis] = kept
        return named


def split_clauses(text: str) -> list[str]:
    """Sentences of a text that hold a word, each once (compared without case), in order, cut at ``LONGEST_CLAUSE``.

    Examples
    --------
    >>> split_clauses("Observations: He smiles.The voice is low. he smiles.")
    ['He smiles.', 'The voice is low.']
    """
    kept: dict[str, str] = {}
    for sentence in split_sentences(_GLUED.sub(" ", text)):
        clause = sentence.text[:LONGEST_CLAUSE]
        kept.setdefault(" ".join(clause.lower().split()), clause)
    return list(kept.values())


def is_chinese(text: str) -> bool:
    """Say whether a text holds Han characters."""
    return _HAN.search(text) is not None


def spoken_words(cueset: CueSet | None) -> frozenset[str]:
    """Content words that are said in a clip, as far as its transcript and speech cues are known; lower case."""
    if cueset is None:
        return frozenset()
    texts = [cueset.clip.transcript or "", *(cue.text or "" for cue in cueset.cues if cue.modality == "speech")]
    return _content_words(" ".join(texts))


def _content_words(text: str) -> frozenset[str]:
    return frozenset(_TOKEN.findall(text.lower())) - FUNCTION_WORDS


def repeats_speech(clause: str, spoken: frozenset[str] = frozenset()) -> bool:
    """Say whether a clause is about the words spoken: it quotes, names the subtitle, or is made of the clip's words.

    Examples
    --------
    >>> repeats_speech('The subtitle reads: "Go away."'), repeats_speech("Her lips part.")
    (True, False)
    >>> repeats_speech("They want him to leave the dragon boat", frozenset(["leave", "dragon", "boat"]))
    True
    """
    if _SPEECH.search(clause):
        return True
    words = _content_words(clause) if spoken else frozenset()
    shared = len(words & spoken)
    return shared >= _FEWEST_SPOKEN and shared >= _SPOKEN_SHARE * len(words)


@lru_cache(maxsize=16384)
def read_clause(clause: str) -> ClauseReading:
    """Read negation, poles and intensity of a clause.

    Examples
    --------
    >>> read_clause("She is not smiling, and her voice is loud.").poles
    {'who': {'female'}, 'lip corners': {'down'}, 'loudness': {'loud'}, 'valence': {'negative'}}
    """
    axes = list(_opposites())
    bits = [0, 0]
    for axis, pole, away in _poles_with_denial(clause):
        place = list(_opposites()[axis]).index(pole)
        if away and axis != WHO:  # "not the woman" does not mean a man
            place = 1 - place
        bits[place] |= 1 << axes.index(axis)
    levels = {int(match.lastgroup[1:]) for match in _LEVEL_PATTERN.finditer(clause) if match.lastgroup}
    return ClauseReading(
        negated=polarity_of(clause) == "negated",
        first=bits[0],
        second=bits[1],
        levels=sum(1 << (level - 1) for level in levels),
    )


def comparable(readings: Sequence[ClauseReading]) -> NDArray[np.int64]:
    """Lay readings out for :func:`agreement`: only first, only second, any pole, negated, levels; int64 ``[n, 5]``."""
    rows = [
        (one.first & ~one.second, one.second & ~one.first, one.first | one.second, int(one.negated), one.levels)
        for one in readings
    ]
    return np.array(rows, np.int64).reshape(-1, 5)


def agreement(ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float32]:
    """Factor for the similarity of clauses: 0 (they contradict each other), 0.5 (they agree by half) or 1.

    - Opposite poles of an axis that both name contradict each other, and so do a man and a woman.
    - Where no axis is named by both, a clause that denies something does not match one that denies nothing.
    - A clause that names both poles ("he smiles or frowns") agrees by half with one that names a single one.
    - Clauses whose intensities are two or more steps apart agree by half.

    Parameters
    ----------
    ones, others : ndarray, int64 ``[n, 5]``
        From :func:`comparable`.

    Returns
    -------
    ndarray, float32 ``[len(ones), len(others)]``

    Examples
    --------
    >>> others = [read_clause(text) for text in ("He smiles.", "He never smiles.", "A very broad smile.")]
    >>> agreement(comparable([read_clause("He smiles slightly.")]), comparable(others)).tolist()
    [[1.0, 0.0, 0.5]]
    """
    only_first, only_second, any_pole, negated, levels = ones.T[:, :, None]
    theirs = others.T[:, None, :]
    opposed = (only_first & theirs[1]) | (only_second & theirs[0])
    shared = any_pole & theirs[2] & ~_who_bit()
    undecided = shared & ((only_first | only_second) ^ (theirs[0] | theirs[1]))
    near = theirs[4] | theirs[4] << 1 | theirs[4] >> 1
    far = (levels != 0) & (theirs[4] != 0) & (levels & near == 0)
    apart = (opposed != 0) | ((shared == 0) & (negated != theirs[3]))
    return np.where(apart, 0.0, np.where(far | (undecided != 0), 0.5, 1.0)).astype(np.float32)


@lru_cache(maxsize=1)
def _who_bit() -> int:
    return 1 << list(_opposites()).index(WHO)


def _poles_with_denial(clause: str) -> Iterable[tuple[str, str, bool]]:
    """Yield ``(axis, pole, denied)`` of everything a clause names; names that overlap are denied together."""
    found = sorted(_named_poles(clause), key=lambda name: (name[2], -name[3]))
    spans: list[tuple[int, int]] = []
    place: list[int] = []
    for _, _, begin, end in found:
        if spans and begin < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
        place.append(len(spans) - 1)
    outside = denied(clause, spans)
    for (axis, pole, begin, end), index in zip(found, place, strict=True):
        # "eyes are not wide": the negator stands inside the name.
        yield axis, pole, outside[index] != (polarity_of(clause[begin:end]) == "negated")


def _named_poles(clause: str) -> Iterable[tuple[str, str, int, int]]:
    """Yield ``(axis, pole, start, end)`` of everything a clause names."""
    words, phrases, chinese = _lexicon()
    for match in _TOKEN.finditer(clause):
        for axis, pole in _poles_of_word(match[0].lower()) if words else ():
            yield axis, pole, match.start(), match.end()
    for axis, pole, pattern in phrases:
        for match in pattern.finditer(clause):
            yield axis, pole, match.start(), match.end()
    if is_chinese(clause):
        for axis, pole, pattern in chinese:
            for match in pattern.finditer(clause):
                yield axis, pole, match.start(), match.end()


@lru_cache(maxsize=8192)
def _poles_of_word(word: str) -> tuple[tuple[str, str], ...]:
    return tuple((axis, pole) for axis, pole, pattern in _lexicon()[0] if pattern.fullmatch(word))


_Pattern = tuple[str, str, re.Pattern[str]]


@lru_cache(maxsize=1)
def _lexicon() -> tuple[list[_Pattern], list[_Pattern], list[_Pattern]]:
    """Patterns of single English words, of English phrases and of Chinese ones. ``~`` bridges a few words."""
    words: list[_Pattern] = []
    phrases: list[_Pattern] = []
    chinese: list[_Pattern] = []
    for axis, poles in _opposites().items():
        for pole, spellings in poles.items():
            single = [entry for entry in spellings["en"] if " " not in entry]
            several = [entry.replace(" ~ ", r" (?:[^\s.,;]{1,20} ){0,6}") for entry in spellings["en"] if " " in entry]
            words.append((axis, pole, re.compile("|".join(single), re.IGNORECASE)))
            if several:
                phrases.append((axis, pole, re.compile(rf"\b(?:{'|'.join(several)})\b", re.IGNORECASE)))
            bridged = [entry.replace("~", "[^，。；、,;]{0,8}?") for entry in spellings["zh"]]
            chinese.append((axis, pole, re.compile("|".join(bridged))))
    return words, phrases, chinese


@lru_cache(maxsize=1)
def _opposites() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = files(__package__).joinpath("data", "opposites.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, dict[str, list[str]]]] = json.loads(text)
    return loaded
