"""What no lexicon says: words that were spoken, numbers of people, and descriptions of anything else."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, cast

from .assertion import Assertion
from .chunks import Atom, Chunk
from .items import Item
from .lexicon import Meaning
from .numbers import Quantity

_STOP: Final = frozenset(
    (
        "the", "and", "that", "this", "with", "from", "into", "onto", "over", "under", "her", "his", "their", "its",
        "are", "was", "were", "has", "have", "had", "not", "she", "him", "them", "they", "for", "but", "who", "which",
        "there", "then", "than", "also", "very", "some", "any", "one", "two", "both", "more", "most", "own", "such",
        "while", "when", "where", "what", "how", "can", "will", "would", "should", "does", "did", "being", "been",
        "about", "after", "before", "only", "just", "here", "appears", "seems", "looks", "look", "clip", "video", "man",
        "woman", "person", "speaker", "face", "faces", "people", "left", "right", "of", "in", "on", "at", "is", "it",
        "he", "as", "by", "or", "an", "be", "to", "no",
    )
)  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]")
_END: Final = re.compile(r"[.。;；!！?？\n]")
_QUOTING: Final = " \t\n\"“”'「」*"
_SPOKEN: Final = Meaning(("utterance", "segment"), "speech")
_SPEAKING: Final = Meaning(("segment",), "speech")
_VOICES: Final = ("speech", "voice")
_UNHEARD: Final = re.compile(
    r".{0,12}?(?:未能?|没有?能?|无|听不|检测不|毫无)(?:检测|检出|发现|听|识别|探测|捕捉)?[到出见]?(?:任何)?(?:清晰|明显|可辨)?的?"
    r"(?:语音|人声|言语|话语)(?:活动|内容|信号)?(?:出现|存在)?"
)
_AROUND: Final = " \t\r\n\u3000*_。.；;！!"
_PEOPLE: Final = Meaning(("n_faces",), "scene")
_MOST_PEOPLE: Final = 50
_KNOWN: Final = ("part", "fact")
#: Joints that can begin a statement, and what shows that a chunk is none of its own.
_NEW_CLAUSE: Final = frozenset(("and", "but", "comma_and", "comma", "also"))
_NO_OTHER: Final = ("interp", "emotion", "hedge", "unknown", "fact", "degree", "part_time", "quantity", "neg")
_NOT_DESCRIPTIVE: Final = frozenset(("interp", "emotion", "hedge", "unknown"))
#: English words or Chinese characters, besides function words, that a description must have.
_ENOUGH_WORDS, _ENOUGH_CHARACTERS = 2, 5
_STOP_CHARACTERS: Final = frozenset("的了着是在有和与他她它这那个们也都就")


def quoted(text: str, end: int, chunks: Sequence[Chunk]) -> None:
    """Add atoms for what is said to have been spoken, and for numbers of people; ``end``: where the sentence does."""
    speaks = False
    for chunk in chunks:
        for item in chunk.of("quote"):
            chunk.atoms.append(_utterance(item, cast("str", item.value)))
        for item in chunk.of("that"):
            said = _END.split(text[item.end : min(end, item.end + 300)], maxsplit=1)[0].strip(" ,，")
            if said:
                chunk.atoms.append(_utterance(item, said))
        speaks = speaks or chunk.has("quote", "that")
        if "numnoun" in chunk.kinds:
            _count_people(chunk)
    if not speaks:
        _after_colon(text, end, chunks)


def _after_colon(text: str, end: int, chunks: Sequence[Chunk]) -> None:
    """Words behind "says:" without quotation marks."""
    for i, (chunk, behind) in enumerate(pairwise(chunks)):
        last = chunk.items[-1] if chunk.items else None
        if last is not None and last.kind == "say" and behind.joint == "colon" and behind.start - last.end <= 2:
            said = text[behind.start : end].strip(_QUOTING)
            if said:
                chunk.atoms.append(_utterance(last, said))
                for other in chunks[i + 1 :]:
                    other.items, other.parts, other.moves, other.kinds = [], [], [], set()
            return


def _utterance(item: Item, said: str) -> Atom:
    atom = Atom(_SPOKEN, item, item, "quote")
    atom.quote = said
    return atom


def unheard(text: str, chunks: Sequence[Chunk]) -> None:
    """Add atoms for a Chinese voice that is not there: "未检测到语音"; "没有语音起伏" speaks of another thing."""
    for chunk in chunks:
        if chunk.atoms or "neg" not in chunk.kinds:
            continue
        for part in chunk.parts:
            if part.value in _VOICES and _UNHEARD.fullmatch(text[chunk.start : chunk.end].strip(_AROUND)):
                chunk.atoms.append(Atom(_SPEAKING, part, part, "speech"))
                break


def _count_people(chunk: Chunk) -> None:
    """Add numbers of people: "two faces", "三个人"."""
    nouns = chunk.of("numnoun")
    for item in [*chunk.of("num"), *chunk.of("quantity")]:
        number = _count(item)
        noun = next((noun for noun in nouns if 0 <= noun.start - item.end <= 1), None)
        if number is None or noun is None:
            continue
        if number > 1 or item.value == "1!" or chunk.has("present", "cancel"):
            atom = Atom(_PEOPLE, item, noun, "people")
            atom.value, atom.unit = float(number), "count"
            chunk.atoms.append(atom)


def _count(item: Item) -> int | None:
    if item.kind == "num":
        return int(cast("str", item.value)[0])
    quantity = cast("Quantity", item.value)
    if quantity.unit is not None or quantity.value is None or not 0 <= quantity.value < _MOST_PEOPLE:
        return None
    return int(quantity.value) if quantity.value == int(quantity.value) else None


def described(
    text: str, span: tuple[int, int], kinds: set[str], chunks: Sequence[Chunk], said_something: bool
) -> list[Assertion]:
    """Return assertions for descriptions that no lexicon knows, where they are not interpretation."""
    start, end = span
    if not said_something:
        whole = text[start:end].strip()
        if not kinds.isdisjoint(_NOT_DESCRIPTIVE) or whole.endswith((":", "：", "?", "？")):
            return []
        return [_description(text, start, end, whole)] if _tells(whole, not kinds.isdisjoint(_KNOWN)) else []
    found = []
    for chunk in chunks:
        told = chunk.atoms or chunk.joint not in _NEW_CLAUSE or not chunk.has("aux", "pron") or chunk.has(*_NO_OTHER)
        if not told and _tells(text[chunk.start : chunk.end]):
            found.append(_description(text, chunk.start, chunk.end, text[start:end].strip()))
    return found


def _tells(piece: str, known: bool = False) -> bool:
    """Whether a piece has enough words to describe something; one less where it names a part of the body."""
    words = _WORD.findall(piece[:1000].lower())
    latin = sum(word.isascii() and word not in _STOP for word in words)
    characters = sum(not word.isascii() and word not in _STOP_CHARACTERS for word in words)
    return latin >= _ENOUGH_WORDS - known or characters >= _ENOUGH_CHARACTERS - known


def _description(text: str, start: int, end: int, whole: str) -> Assertion:
    while start < end and text[start] in " \t\r\n,，*-":
        start += 1
    while end > start and text[end - 1] in " \t\r\n,，.。":
        end -= 1
    return Assertion(sentence=whole, clause=text[start:end], start=start, end=end)
