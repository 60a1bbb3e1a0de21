"""What no lexicon says: words that were spoken, numbers of people, and descriptions of anything else."""

import re
from collections.abc import Sequence
from typing import Final, cast

from .assertion import Assertion
from .clauses import Atom, Chunk
from .numbers import Quantity
from .words import Item, Sentence

_STOP: Final = frozenset(
    ["the", "and", "that", "this", "with", "from", "into", "onto", "over", "under", "her", "his", "their", "its", "are", "was", "were", "has", "have", "had", "not", "she", "him", "them", "they", "for", "but", "who", "which", "there", "then", "than", "also", "very", "some", "any", "one", "two", "both", "more", "most", "own", "such", "while", "when", "where", "what", "how", "can", "will", "would", "should", "does", "did", "been", "being", "about", "after", "before", "only", "just", "here", "appears", "seems", "looks", "look", "clip", "video", "man", "woman", "person", "speaker", "face", "faces", "people", "left", "right", "of", "in", "on", "at", "is", "it", "he", "as", "by", "or", "an", "be", "to", "a", "no"]
)
_WORD: Final = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]")
_NOT_DESCRIPTIVE: Final = frozenset(("interp", "emotion", "hedge", "unknown"))
#: English words or Chinese characters, besides function words, that a description must have.
_ENOUGH_WORDS, _ENOUGH_CHARACTERS = 2, 5
_STOP_CHARACTERS: Final = frozenset("的了着是在有和与他她它这那个们也都就")


def quoted(text: str, sentence: Sentence, chunks: Sequence[Chunk]) -> None:
    """Add atoms for what is said to have been spoken, and for numbers of people."""
    for chunk in chunks:
        for item in chunk.of("quote", "that"):
            if item.kind == "quote":
                chunk.atoms.append(_utterance(item, cast("str", item.value)))
            else:
                said = re.split(r"[.。;；!！?？\n]", text[item.end : min(sentence.end, item.end + 300)], maxsplit=1)[
                    0
                ].strip(" ,，")
                if said:
                    chunk.atoms.append(_utterance(item, said))
        if "numnoun" in chunk.kinds:
            _count_people(chunk)
    if any("say" in chunk.kinds for chunk in chunks) and not any(chunk.has("quote", "that") for chunk in chunks):
        _after_colon(text, sentence, chunks)


def _after_colon(text: str, sentence: Sentence, chunks: Sequence[Chunk]) -> None:
    """Words behind "says:" without quotation marks."""
    items = sentence.items
    for first, second in zip(items, items[1:], strict=False):
        if first.kind == "say" and second.kind == "sep" and second.value == "colon" and second.start - first.end <= 1:
            said = text[second.end : sentence.end].strip()
            if said:
                for chunk in chunks:
                    chunk.items = [item for item in chunk.items if item.start < second.start]
                holder = next((chunk for chunk in chunks if first in chunk.items), chunks[0])
                holder.atoms.append(_utterance(first, said))
            return


def _utterance(item: Item, said: str) -> Atom:
    return Atom(("utterance", "segment"), "speech", item, item, quote=said, key="quote")


def _count_people(chunk: Chunk) -> None:
    """Numbers of people: "two faces", "三个人"."""
    for item in chunk.items:
        number = _count(item)
        if number is None:
            continue
        noun = next((other for other in chunk.items if other.kind == "numnoun" and 0 <= other.start - item.end <= 1), None)
        if noun is not None and (number > 1 or item.value == "1!" or chunk.has("present", "cancel")):
            atom = Atom(
                ("n_faces",), "scene", item, noun, is_measure=True, value=float(number), unit="count", key="people"
            )
            chunk.atoms.append(atom)


def _count(item: Item) -> int | None:
    if item.kind == "num":
        return int(cast("str", item.value)[0])
    if item.kind == "quantity":
        quantity = cast("Quantity", item.value)
        if (
            quantity.unit is None
            and quantity.value is not None
            and quantity.value == int(quantity.value)
            and quantity.value < 50
        ):
            return int(quantity.value)
    return None


def described(text: str, sentence: Sentence, chunks: Sequence[Chunk], said_something: bool) -> list[Assertion]:
    """Assertions for descriptions that no lexicon knows, where they are not interpretation."""
    whole = text[sentence.start : sentence.end].strip()
    if not said_something:
        if any(item.kind in _NOT_DESCRIPTIVE for item in sentence.items) or whole.endswith((":", "：", "?", "？")):
            return []
        known = any(item.kind in ("part", "fact") for item in sentence.items)
        return [_description(text, sentence.start, sentence.end, whole)] if _tells(whole, known) else []
    found = []
    for chunk in chunks:
        if chunk.atoms or chunk.joint not in ("and", "but", "comma_and", "comma", "also"):
            continue
        if any(
            item.kind in (*_NOT_DESCRIPTIVE, "fact", "degree", "part_time", "quantity", "neg") for item in chunk.items
        ):
            continue
        if not chunk.has("aux", "pron"):
            continue
        piece = text[chunk.start : chunk.end]
        if _tells(piece):
            found.append(_description(text, chunk.start, chunk.end, whole))
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
