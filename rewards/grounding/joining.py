"""Joining: parts of face and voice with what they do, facts, numbers, within a chunk and with the chunks beside it."""

from typing import Final, cast

from .chunks import Atom, Chunk
from .items import Item
from .lexicon import Lexicon, Meaning, combined
from .measures import by_degree, by_lack, by_number
from .poses import POSED, pose, side_of_pose
from .rows import collapse, complete, grouped, locate

#: Who raises a voice makes it loud; a voice that rises goes up.
_STATES: Final = {"up": "upped", "down": "downed"}
_SCALED: Final = frozenset(("voice", "volume"))
#: Parts whose movements are read together with the words for where to (:mod:`.poses`).
_HEADS: Final = frozenset(("head", "gaze", "look"))
_LISTS: Final = frozenset(("and", "or", "nor", "comma_and", "list"))
_PARTING: Final = frozenset(("but", "comma", "colon", "then"))
#: Facts whose direction is that of a side beside them: "向右转头".
_TURNS: Final = frozenset(("headturn", "headtilt"))
#: Facts that are only told where nothing else is said.
_VAGUE: Final = frozenset(("speech", "silent"))


def join_atoms(chunks: list[Chunk], lexicon: Lexicon) -> None:
    """Find the atoms of every chunk; parts and movements that stand alone are shared with the chunks beside."""
    for i, chunk in enumerate(chunks):
        if "locator" in chunk.kinds:
            complete(chunk, chunks[i + 1 : i + 2])
            locate(chunk)
        if chunk.moves:
            _settle_moves(chunk)
        _join_within(chunk, lexicon)
    for i, chunk in enumerate(chunks):
        if chunk.moves and not chunk.parts:
            _lend_part(chunks, i, lexicon)
        elif chunk.parts and not chunk.moves and not chunk.atoms:
            _lend_move(chunks, i, lexicon)
            _take_number(chunk, chunks[i + 1 : i + 2])
    for chunk in chunks:
        if chunk.parts and not chunk.atoms and "neg" in chunk.kinds:
            by_lack(chunk, lexicon)
        if "fact" in chunk.kinds:
            _add_facts(chunk, lexicon)


# ------------------------------------------------------------------ one chunk


def _settle_moves(chunk: Chunk) -> None:
    """Keep the movement words that count; "broad" of "a broad grin" is left to the grin."""
    if "fact" in chunk.kinds and "degree" in chunk.kinds:
        facts = {item.place for item in chunk.of("fact")}
        degrees = {item.start for item in chunk.of("degree") if item.place + 1 in facts}
        chunk.moves = [move for move in chunk.moves if move.start not in degrees]
    if len(chunk.moves) > 1:
        collapse(chunk)


def _join_within(chunk: Chunk, lexicon: Lexicon) -> None:
    if not chunk.parts or not (chunk.moves or chunk.has("side", "quantity", "degree")):
        return
    used: set[Item] = set()
    for part in chunk.parts:
        if part.value in POSED and _join_pose(chunk, part):
            used.add(part)
    for row in grouped(chunk.moves):
        taken = _pair(chunk, row, lexicon)
        if taken is not None:
            used.add(taken)
    for part in chunk.parts:
        if part not in used and not _share_within(chunk, part, lexicon) and not by_number(chunk, part):
            by_degree(chunk, part, lexicon)


def _pair(chunk: Chunk, meanings: list[Item], lexicon: Lexicon) -> Item | None:
    """Join one movement word with the part it moves: by the chunk's order of words, else the nearest that fits."""
    move = meanings[0]
    if len(chunk.parts) == 1:
        candidates = chunk.parts
    else:
        before = [part for part in reversed(chunk.parts) if part.start < move.start]
        after = [part for part in chunk.parts if part.start > move.start]
        if chunk.parts[0].start < chunk.moves[0].start:
            candidates = before + after
        else:
            candidates = after[:1] + before[:1] + after[1:] + before[1:]
    for part in candidates:
        if part.start == move.start or part.value in _HEADS:
            continue
        for meaning in meanings:
            if _joined(chunk, part, meaning, lexicon):
                return part
    return None


def _joined(chunk: Chunk, part: Item, move: Item, lexicon: Lexicon) -> bool:
    """Add the atom of a part and a movement, if they say something together."""
    name, value = cast("str", part.value), cast("str", move.value)
    if name in _SCALED and value in _STATES and move.start < part.start:
        value = _STATES[value]
    found = combined(name, value, lexicon.combinations)
    if found is None:
        return False
    first, last = (part, move) if part.start < move.start else (move, part)
    chunk.atoms.append(Atom(found, first, last, name))
    chunk.used.add(part.start)
    chunk.used.add(move.start)
    return True


def _share_within(chunk: Chunk, part: Item, lexicon: Lexicon) -> bool:
    """Join a part with a movement that another part of the chunk has too: "raises cheeks, brows"."""
    if part.start in chunk.used or part.value in POSED or not chunk.atoms:
        return False
    return any(
        _joined(chunk, part, move, lexicon)
        for move in chunk.moves
        if move.start in chunk.used and abs(move.place - part.place) <= 4 and move.start != part.start
    )


def _join_pose(chunk: Chunk, part: Item) -> bool:
    found = pose(part, chunk.moves, chunk.of("side"))
    for meaning, words in found:
        ordered = sorted([part, *words], key=lambda item: item.start)
        chunk.atoms.append(Atom(meaning, ordered[0], ordered[-1], cast("str", part.value)))
        chunk.used.update(item.start for item in ordered)
    return bool(found)


# ------------------------------------------------------------- between chunks


def _lend_move(chunks: list[Chunk], i: int, lexicon: Lexicon) -> None:
    """Give parts without a movement that of the chunk behind ("brows and lids are raised"), or before."""
    for j, part_first in ((i + 1, True), (i + 2, True), (i + 3, True), (i - 1, False), (i - 2, False)):
        if not 0 <= j < len(chunks) or not chunks[j].moves:
            continue
        other, joints = chunks[j], {chunk.joint for chunk in chunks[min(i, j) + 1 : max(i, j) + 1]}
        if not joints.isdisjoint(_PARTING) and joints.isdisjoint(_LISTS):
            continue
        if part_first == (not other.parts or other.parts[0].start < other.moves[0].start) and _lend(
            chunks[i], chunks[i].parts, other.moves, lexicon
        ):
            return


def _take_number(chunk: Chunk, following: list[Chunk]) -> None:
    """Join a measure with the number behind a colon: "Pulse: 60 bpm"."""
    if chunk.atoms or not following or following[0].joint != "colon" or "quantity" not in following[0].kinds:
        return
    behind = following[0]
    if behind.atoms or behind.parts or behind.moves or "fact" in behind.kinds:
        return
    number = Chunk("", chunk.start, behind.end)
    for item in [*chunk.items, *behind.items]:
        number.add(item)
    if any(by_number(number, part) for part in chunk.parts):
        chunk.atoms += number.atoms
        chunk.used |= number.used


def _lend_part(chunks: list[Chunk], i: int, lexicon: Lexicon) -> None:
    """Give movements without a part that of the chunks before ("the brows are raised and drawn together")."""
    chunk = chunks[i]
    ahead = chunks[i + 1] if i + 1 < len(chunks) else None
    if ahead is not None and ahead.joint in ("and", "or", "comma", "list", "also") and ahead.parts and ahead.moves:
        adjective_first = ahead.moves[0].start < ahead.parts[0].start
        alone = not any(before.parts for before in chunks[max(i - 8, 0) : i])
        if adjective_first and alone and _lend(chunk, ahead.parts[:1], chunk.moves, lexicon):
            return
    for before in reversed(chunks[max(i - 4, 0) : i]):
        for part in reversed(before.parts):
            if _lend(chunk, [part], chunk.moves, lexicon):
                return
    if any(move.value == "turn" for move in chunk.moves):  # who "turns away" turns the head
        head = chunk.moves[0]._replace(kind="part", value="head")
        _lend(chunk, [head], chunk.moves, lexicon)


def _lend(chunk: Chunk, parts: list[Item], moves: list[Item], lexicon: Lexicon) -> bool:
    """Join parts with movements across chunks; the atoms belong to ``chunk``."""
    count = len(chunk.atoms)
    for part in parts:
        name = cast("str", part.value)
        if name in _HEADS:
            chunk.atoms += [
                Atom(meaning, part, words[-1] if words else part, name)
                for meaning, words in pose(part, moves, chunk.of("side"))
            ]
            continue
        for row in grouped(moves):
            for move in row:
                found = combined(name, cast("str", move.value), lexicon.combinations)
                if found is not None:
                    first, last = (part, move) if part.start < move.start else (move, part)
                    chunk.atoms.append(Atom(found, first, last, name))
                    chunk.used.update((part.start, move.start))
                    break
    return len(chunk.atoms) > count


# ---------------------------------------------------------------------- facts


def _add_facts(chunk: Chunk, lexicon: Lexicon) -> None:
    """Add what single words say; silence, speech and gestures only where nothing else is said."""
    vague: list[Atom] = []
    for item, meaning, name in _facts(chunk, lexicon):
        alternatives = [(code,) for code in meaning.codes] if meaning.both else [meaning.codes]
        atoms = [Atom(meaning._replace(codes=codes), item, item, name) for codes in alternatives]
        if name in _TURNS:
            atoms[0].direction = side_of_pose(chunk.of("side")) or atoms[0].direction
        if name == "alone":
            atoms[0].value, atoms[0].unit = 1.0, "count"
        if not meaning.codes or name in _VAGUE:
            vague += atoms
        else:
            chunk.atoms += atoms
    if not chunk.atoms:
        chunk.atoms += vague[:1]


def _facts(chunk: Chunk, lexicon: Lexicon) -> list[tuple[Item, Meaning, str]]:
    """Words that say something at once; the readings of one word are alternatives."""
    found: dict[int, tuple[Item, Meaning, str]] = {}
    for item in chunk.of("fact"):
        if item.start in chunk.used:
            continue
        name = cast("str", item.value)
        meaning = lexicon.facts.get(name) or Meaning((name,), "face")
        other = found.get(item.start)
        if other is not None and not meaning.both and other[1].modality == meaning.modality and meaning.codes:
            meaning = other[1]._replace(codes=tuple(dict.fromkeys((*other[1].codes, *meaning.codes))))
        elif other is not None and not meaning.codes:
            continue
        found[item.start] = (item, meaning, name)
    return list(found.values())
