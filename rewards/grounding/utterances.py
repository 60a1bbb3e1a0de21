"""Words: whether a quotation stands in what was said, and a description in what is known of the scene."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ...prompts.sentences import polarity_of
from ...records import CueSet

#: One Chinese character or one word of letters and digits counts as a word.
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][^\W_\u3400-\u9fff]+)*")
_CJK = re.compile(r"[\u3400-\u9fff]")
_ELLIPSIS = re.compile(r"…+|\.{3,8}")
#: Share of a quotation's words that must stand in the transcript, in order.
_ENOUGH: Final = 0.8
_MOST_WORDS: Final = 200
_MOST_PLACES: Final = 20
_MOST_CHARACTERS: Final = 4000
_NEGATIONS: Final = frozenset(
    "no not never none nothing nobody without cannot dont doesnt didnt isnt wasnt arent werent wont wouldnt cant"  # noqa: SIM905
    " couldnt shouldnt havent hasnt hadnt aint 不 没 无 别 未 非".split()
)
_STOP_WORDS: Final = frozenset(
    "a an the and or but of in on at to with for from by as is are was were be been being has have had do does did"  # noqa: SIM905
    " he she it they his her its their him them this that these those there here who which while then also very can"
    " could seen see visible appears appear looks look seems seem shows show person man woman people someone video clip"
    " wear wears wearing wore dressed scene picture frame image background speaker".split()
)
_SUFFIX = re.compile(r"(?<=\w{3})(?:ing|ed|es|s)$")
_SHARE_DESCRIBED: Final = 0.7
_CJK_FILLERS = re.compile(r"视频|画面|场景|人物|背景|可以看到|看起来|他|她|的|了|着|在|是|有|一个|一位|穿|里|中")


class Passage(NamedTuple):
    """Words of one text: its cue (None: the clip's transcript), who said it, and where each word stands."""

    cue_id: str | None
    subject: str | None
    words: tuple[str, ...]
    spoken: str
    places: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Words:
    """What was said in the clip, and before it (``context``: known, but not of this clip)."""

    passages: tuple[Passage, ...] = ()
    context: tuple[Passage, ...] = ()


class Description(NamedTuple):
    """A sentence about the scene: its cue, the words that mean something, whether it says that something is not so."""

    cue_id: str
    words: frozenset[str]
    negated: bool


def split_words(text: str) -> tuple[str, ...]:
    """Words without case and punctuation; Chinese by character.

    Examples
    --------
    >>> split_words("Don't — you 来了！")
    ('dont', 'you', '来', '了')
    """
    found = _WORD.findall(text[:_MOST_CHARACTERS].casefold())
    return tuple(word.replace("'", "").replace("’", "") for word in found)


def scripts_of(words: Iterable[str]) -> frozenset[str]:
    """Scripts in which words are written, by the first letters of the names of their characters.

    Examples
    --------
    >>> sorted(scripts_of(split_words("Wow 我不敢相信 2024")))
    ['CJK', 'LATIN']
    """
    first = {char for word in words for char in word[:1] if char.isalpha()}
    return frozenset(_script(char) for char in first)


@lru_cache(4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def words_of(cueset: CueSet) -> Words:
    """Collect what is known of the words of a clip."""
    said = [
        _passage(cue.text, cue.id, cue.subject)
        for cue in cueset.cues
        if cue.modality in ("speech", "voice") and cue.text and cue.state == "present"
    ]
    if cueset.clip.transcript:
        said.append(_passage(cueset.clip.transcript, None, None, most=10 * _MOST_CHARACTERS))
    context = [_passage(turn.text, None, turn.speaker) for turn in cueset.clip.context]
    return Words(tuple(said), tuple(context))


def _passage(text: str, cue_id: str | None, subject: str | None, most: int = _MOST_CHARACTERS) -> Passage:
    words = tuple(
        word for start in range(0, min(len(text), most), _MOST_CHARACTERS) for word in split_words(text[start:])
    )
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words):
        if len(places[word]) < _MOST_PLACES:
            places[word].append(place)
    return Passage(cue_id, subject, words, f" {' '.join(words)} ", dict(places))


def standing_in(quote: str, passages: tuple[Passage, ...]) -> list[Passage]:
    """Passages in which a quotation stands, with each of its parts between ellipses; a fifth of a part may differ.

    Words may not be left out across a negation: "I am happy" is not what "I am not happy" says.
    """
    parts = [words for part in _ELLIPSIS.split(quote[:_MOST_CHARACTERS]) if (words := split_words(part))]
    if not parts:
        return []
    return [
        passage for passage in passages if all(_part_stands_in(part[:_MOST_WORDS], passage) for part in parts)
    ]  # fmt: skip


def _part_stands_in(words: tuple[str, ...], passage: Passage) -> bool:
    if f" {' '.join(words)} " in passage.spoken:
        return True
    enough = _ENOUGH * len(words)
    if len(words) < 3 or sum(word in passage.places for word in words) < enough:
        return False
    # Offset in the passage -> the quotation's words that stand there, as bits.
    near: dict[int, int] = defaultdict(int)
    for place, word in enumerate(words):
        for other in passage.places.get(word, ()):
            near[other - place] |= 1 << place
    bits = {at: (near.get(at - 1, 0) | found | near.get(at + 1, 0)).bit_count() for at, found in near.items()}
    start = max(bits, key=lambda at: (bits[at], -at))
    if bits[start] < enough:
        return False
    window = passage.words[max(start, 0) : max(start, 0) + len(words) + 1]
    return _negations(words) in (_negations(window), _negations(window[: len(words)]))


def _negations(words: tuple[str, ...]) -> int:
    return sum(word in _NEGATIONS for word in words)


def described(cueset: CueSet) -> tuple[Description, ...]:
    """Sentences about the scene and other imported prose; not what was said."""
    return tuple(
        Description(cue.id, telling_words(cue.text), polarity_of(cue.text[:1000]) == "negated")
        for cue in cueset.cues
        if cue.text and cue.modality not in ("speech", "voice") and cue.state == "present"
    )


def telling_words(text: str) -> frozenset[str]:
    """Words that say what is described: without function words, word endings cut; Chinese in pairs of characters.

    Examples
    --------
    >>> sorted(telling_words("She wears a red coat")), sorted(telling_words("她穿着红外套"))
    (['coat', 'red'], ['外套', '红外'])
    """
    text = text[:_MOST_CHARACTERS].casefold()
    latin = {_SUFFIX.sub("", word) for word in _WORD.findall(text) if len(word) > 2 and word not in _STOP_WORDS}
    runs = "".join(char if _CJK.match(char) else " " for char in _CJK_FILLERS.sub(" ", text)).split()
    return frozenset(latin) | {run[at : at + 2] for run in runs for at in range(max(len(run) - 1, 1))}


def told_by(claim: str, descriptions: tuple[Description, ...]) -> Description | None:
    """Find the description that says what a claim says: it has at least two of its words and .7 of them."""
    if not descriptions:
        return None
    wanted = telling_words(claim)
    for description in descriptions:
        common = len(wanted & description.words)
        if not description.negated and common >= 2 and common >= _SHARE_DESCRIBED * len(wanted):
            return description
    return None
