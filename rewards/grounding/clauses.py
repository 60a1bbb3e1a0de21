"""Clauses: items of a sentence cut into chunks, and each chunk's parts and movements joined to atoms."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from ...records.labels import Modality
from .lexicon import Lexicon, Meaning, combined
from .numbers import Quantity
from .poses import pose
from .words import Item

#: Movement words that only give a direction to another one, and those that need one.
_PARTICLES: Final = frozenset(("up_", "down_", "in_", "back_", "fwd_", "apart_", "out_", "away_", "toward_"))
_EMPTY: Final = frozenset(("go", "turn", "hold", "tilt", "oneside", "moving"))
_POSED: Final = frozenset(("head", "gaze", "look", "eye", "facewhole", "faces"))
#: Parts that take their place in front of one part.
_JOINED: Final[dict[tuple[str, str], str]] = {
    ("portion", "brow_in"): "brow_in", ("portion", "brow_out"): "brow_out", ("inner", "brow"): "brow_in", ("outer", "brow"): "brow_out", ("corner", "brow_in"): "brow_in",
    ("end", "brow_in"): "brow_in", ("end", "brow_out"): "brow_out", ("corner", "brow_out"): "brow_out",
    ("corner", "mouth"): "corner", ("corner", "lip"): "corner", ("end", "mouth"): "corner", ("end", "lip"): "corner",
    ("corner", "eye"): "eye_corner", ("upper", "lid"): "lid_up", ("lower", "lid"): "lid_low",
    ("upper", "lip"): "lip_up", ("lower", "lip"): "lip_low", ("outer", "eye_corner"): "eye_corner",
    ("range", "pitch"): "range", ("range", "contour"): "range", ("range", "voice"): "range",
    ("range", "volume"): "volvar", ("outer", "corner"): "corner", ("inner", "corner"): "corner",
}  # fmt: skip
#: What a part measures when only a number stands with it.
_MEASURED: Final[dict[str, tuple[Modality, tuple[str, ...]]]] = {
    "pitch": ("voice", ("f0_mean",)), "range": ("voice", ("f0_range", "f0_sd")), "volume": ("voice", ("loudness",)),
    "volvar": ("voice", ("loudness_sd",)), "rate": ("voice", ("speech_rate",)), "voice": ("voice", ("f0_mean", "loudness")),
    "pause": ("voice", ("pause", "pause_mean")), "pauseratio": ("voice", ("pause_ratio",)),
    "pauselen": ("voice", ("pause_mean", "pause")), "pausecount": ("voice", ("pause_count",)),
    "jitter": ("voice", ("jitter",)), "shimmer": ("voice", ("shimmer",)), "hnr": ("voice", ("hnr",)),
    "alpha": ("voice", ("alpha_ratio",)), "hammarberg": ("voice", ("hammarberg",)), "flux": ("voice", ("spectral_flux",)),
    "contour": ("voice", ("f0_slope",)), "speech": ("voice", ("speech_rate", "f0_mean", "loudness")),
    "heart": ("physiology", ("heart_rate",)), "hrv": ("physiology", ("heart_rate_variability",)),
    "breath": ("physiology", ("respiration_rate",)), "skin": ("physiology", ("skin_conductance",)),
    "skintemp": ("physiology", ("skin_temperature",)), "blinkrate": ("face", ("blink_rate",)),
    "blink": ("face", ("blink_rate",)), "picture": ("scene", ("brightness",)), "motion": ("scene", ("motion",)),
    "colour": ("scene", ("colourfulness",)), "faces": ("scene", ("n_faces",)),
}  # fmt: skip
#: Unit -> measures it can be a unit of; a number with another unit belongs elsewhere.
_OF_UNIT: Final[dict[str, frozenset[str]]] = {
    "Hz": frozenset(("f0_mean", "f0_sd", "f0_range")), "kHz": frozenset(("f0_mean",)),
    "dB": frozenset(("loudness", "loudness_sd", "hnr", "alpha_ratio", "hammarberg", "shimmer")),
    "semitones": frozenset(("f0_range", "f0_sd", "f0_mean")), "semitones/s": frozenset(("f0_slope",)),
    "syll/s": frozenset(("speech_rate",)), "s": frozenset(("pause", "pause_mean")),
    "deg": frozenset(("yaw", "pitch", "roll", "gaze", "nod", "shake")),
}  # fmt: skip
#: Level words of these measures may be degrees as well: "strong jitter", "little variation".
_BY_DEGREE: Final = frozenset(
    ["pitch", "range", "volume", "volvar", "rate", "voice", "jitter", "shimmer", "hnr", "alpha", "hammarberg", "flux", "motion", "colour", "heart", "breath", "skin"]
)


@dataclass(slots=True)
class Atom:
    """One thing said of a clip, before its qualifiers: what, and the first and last item it was read from."""

    codes: tuple[str, ...]
    modality: Modality | None
    first: Item
    last: Item
    level: int | None = None
    direction: str | None = None
    flipped: bool = False
    is_measure: bool = False
    value: float | None = None
    unit: str | None = None
    quote: str | None = None
    key: str = ""

    @property
    def core(self) -> int:
        """Where its last word begins."""
        return self.last.start


@dataclass(slots=True)
class Chunk:
    """Items between two joints of a sentence; ``joint`` is what parts it from the chunk before."""

    joint: str
    items: list[Item] = field(default_factory=list)
    start: int = 0
    end: int = 0
    atoms: list[Atom] = field(default_factory=list)
    parts: list[Item] = field(default_factory=list)
    moves: list[Item] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)

    def add(self, item: Item) -> None:
        """Take in an item."""
        self.items.append(item)
        self.kinds.add(item.kind)

    def has(self, *kinds: str) -> bool:
        """Whether it holds an item of one of these kinds."""
        return not self.kinds.isdisjoint(kinds)

    def of(self, *kinds: str) -> list[Item]:
        """Items of these kinds."""
        return [] if self.kinds.isdisjoint(kinds) else [item for item in self.items if item.kind in kinds]


def chunks_of(items: Sequence[Item], start: int, end: int) -> list[Chunk]:
    """Cut a sentence at its joints: signs, conjunctions, relative pronouns."""
    chunks = [Chunk("", start=start, end=end)]
    for item in items:
        if item.kind != "sep":
            chunks[-1].add(item)
            continue
        here, value = chunks[-1], cast("str", item.value)
        here.end = item.start
        if here.items or (here.joint == "" and len(chunks) == 1 and item.start - here.start > 40):
            chunks.append(Chunk(value, start=item.end, end=end))
        else:
            here.joint = _joint(here.joint, value)
            here.start, here.end = item.end, end
    for chunk in chunks:
        if chunk.joint == "paren":
            if chunk.kinds == {"part"}:  # "pitch range (F0)" names one thing twice
                chunk.items, chunk.kinds = [], set()
            chunk.joint = "comma"
    return chunks


def _joint(first: str, second: str) -> str:
    """Joint of two in a row: "but" outweighs all, a comma nothing; ", and" is told from "and"."""
    if "but" in (first, second):
        return "but"
    if first in ("comma", "list", "") and second:
        return "comma_and" if (first, second) == ("comma", "and") else second
    return first or second


def join_atoms(chunks: list[Chunk], lexicon: Lexicon) -> None:
    """Find the atoms of every chunk; parts and movements that stand alone are shared with the chunks beside."""
    for chunk, behind in zip(chunks, [*chunks[1:], None], strict=True):
        if behind is not None:
            _complete(chunk, behind)
        _locate(chunk)
        _collapse(chunk)
        if chunk.parts and (chunk.moves or chunk.has("side", "quantity", "degree")):
            _join_within(chunk, lexicon)
    for i, chunk in enumerate(chunks):
        if chunk.parts and not chunk.moves and not chunk.atoms:
            _lend_move(chunks, i, lexicon)
        elif chunk.moves and not chunk.parts:
            _lend_part(chunks, i, lexicon)
    for chunk in chunks:
        if not chunk.atoms and "neg" in chunk.kinds:
            _by_lack(chunk, lexicon)
        _add_facts(chunk, lexicon)
        chunk.atoms.sort(key=lambda atom: atom.core)


# ------------------------------------------------------------------ one chunk


def _locate(chunk: Chunk) -> None:
    """Find parts and movements; "corners" and "mouth", "inner" and "brow" become one part."""
    parts, moves = chunk.of("part"), chunk.of("move")
    for place in chunk.of("locator"):
        nearest = _nearest_part(place, parts)
        if nearest is not None:
            part = parts[nearest]
            joined = _JOINED[cast("str", place.value), cast("str", part.value)]
            parts[nearest] = part._replace(
                value=joined, start=min(part.start, place.start), end=max(part.end, place.end)
            )
            moves = [move for move in moves if move.start != place.start]
    chunk.parts, chunk.moves = parts, moves


def _complete(chunk: Chunk, behind: Chunk) -> None:
    """Give "inner" of "inner and outer brows" its part."""
    if behind.joint not in ("and", "or", "nor", "list") or chunk.has("part"):
        return
    places = [item for item in chunk.items if item.kind == "locator"]
    part = next((item for item in behind.items if item.kind == "part"), None)
    if places and part is not None and (places[-1].value, part.value) in _JOINED:
        last = places[-1]
        chunk.add(part._replace(start=last.end, end=last.end, place=last.place + 1))


def _nearest_part(place: Item, parts: list[Item]) -> int | None:
    """Index of the part a locator belongs to: the next one, else the one before it."""
    ahead = [
        (abs(part.place - place.place) + (0 if part.start > place.start else 2), i)
        for i, part in enumerate(parts)
        if (place.value, part.value) in _JOINED and -4 <= part.place - place.place <= 5
    ]
    if place.value in ("lower", "upper"):
        ahead = [(distance, i) for distance, i in ahead if 0 < parts[i].place - place.place <= 1]
    return min(ahead)[1] if ahead else None


def _collapse(chunk: Chunk) -> None:
    """Of movement words in a row keep what counts: "pulled up" is up, "pressed together" is press."""
    moves = chunk.moves
    if len(moves) < 2:
        return
    kept: list[Item] = []
    for group in _rows(chunk):
        values = {item.value for item in group}
        if "open" in values and "wide" in values:
            first = next(item for item in group if item.value in ("open", "wide"))
            kept.append(first._replace(value="openwide", end=group[-1].end))
            values = set()
            group = [item for item in group if item.value not in ("open", "wide")]
        strong = [item for item in group if item.value not in _PARTICLES and item.value not in _EMPTY]
        posed = any(part.value in _POSED for part in chunk.parts)
        kept += group if posed else strong or [item for item in group if item.value in _PARTICLES] or group
    chunk.moves = sorted(set(kept), key=lambda item: item.start)


def _rows(chunk: Chunk) -> list[list[Item]]:
    """Movement words with no part between them."""
    groups: list[list[Item]] = [[]]
    starts = sorted(part.start for part in chunk.parts)
    for move in chunk.moves:
        if groups[-1] and any(groups[-1][-1].start < start < move.start for start in starts):
            groups.append([])
        groups[-1].append(move)
    return groups


def _join_within(chunk: Chunk, lexicon: Lexicon) -> None:
    used: set[Item] = set()
    for part in chunk.parts:
        if part.value in _POSED:
            used |= _join_pose(chunk, part)
    for row in _grouped(chunk.moves):
        taken = _pair(chunk, row, lexicon)
        if taken is not None:
            used.add(taken)
    for part in chunk.parts:
        if part not in used:
            _share_within(chunk, part, lexicon) or _by_number(chunk, part) or _by_degree(chunk, part, lexicon)


def _grouped(moves: list[Item]) -> list[list[Item]]:
    """Meanings of the same word together."""
    groups: list[list[Item]] = []
    for move in moves:
        if groups and groups[-1][0].start == move.start:
            groups[-1].append(move)
        else:
            groups.append([move])
    return groups


def _pair(chunk: Chunk, meanings: list[Item], lexicon: Lexicon) -> Item | None:
    """Join one movement word with the part it moves: by the chunk's order of words, else the nearest that fits."""
    move = meanings[0]
    part_first = chunk.parts[0].start < chunk.moves[0].start
    before = [part for part in reversed(chunk.parts) if part.start < move.start]
    after = [part for part in chunk.parts if part.start > move.start]
    for part in (before + after) if part_first else (after[:1] + before[:1] + after[1:] + before[1:]):
        if part.start == move.start or part.value in ("head", "gaze", "look"):
            continue
        for meaning in meanings:
            if _joined(chunk, part, meaning, lexicon):
                return part
    return None


def _joined(chunk: Chunk, part: Item, move: Item, lexicon: Lexicon) -> bool:
    name, value = cast("str", part.value), cast("str", move.value)
    if name in ("voice", "volume") and value in _STATES and move.start < part.start:
        value = _STATES[value]
    found = combined(name, value, lexicon.combinations)
    if found is None:
        return False
    first, last = (part, move) if part.start < move.start else (move, part)
    chunk.atoms.append(atom_of(found, first, last, name))
    chunk.used |= {part.start, move.start}
    return True


#: Who raises a voice makes it loud; a voice that rises goes up.
_STATES: Final = {"up": "upped", "down": "downed"}


def atom_of(meaning: Meaning, first: Item, last: Item, key: str = "") -> Atom:
    """Atom of a meaning."""
    return Atom(
        meaning.codes, meaning.modality, first, last, meaning.level, meaning.direction, meaning.negated,
        is_measure=meaning.modality in ("voice", "scene", "physiology") or meaning.codes == ("blink_rate",), key=key,
    )  # fmt: skip


def _share_within(chunk: Chunk, part: Item, lexicon: Lexicon) -> bool:
    """Join a part with a movement that another part of the chunk has too: "raises cheeks, brows"."""
    if part.start in chunk.used or part.value in _POSED or chunk.atoms == []:
        return False
    return any(
        _joined(chunk, part, move, lexicon)
        for move in chunk.moves
        if move.start in chunk.used and abs(move.place - part.place) <= 4 and move.start != part.start
    )


def _join_pose(chunk: Chunk, part: Item) -> set[Item]:
    found = pose(part, chunk.moves, chunk.of("side"))
    for meaning, words in found:
        ordered = sorted([part, *words], key=lambda item: item.start)
        chunk.atoms.append(atom_of(meaning, ordered[0], ordered[-1], cast("str", part.value)))
        chunk.used |= {item.start for item in ordered}
    return {part} if found else set()


def _by_number(chunk: Chunk, part: Item) -> bool:
    """A measure with a number alone: "mean pitch is 212 Hz"."""
    measured = _MEASURED.get(cast("str", part.value))
    if measured is None or part.start in chunk.used:
        return False
    for item in chunk.of("quantity"):
        quantity = cast("Quantity", item.value)
        codes = fitting(measured[1], quantity)
        bare = quantity.unit is None and part.value in ("voice", "speech", "blink", "picture", "pause", "faces")
        if codes and not bare and not (quantity.loose and part.value != "pause" and part.value != "pauselen"):
            first, last = (part, item) if part.start < item.start else (item, part)
            chunk.atoms.append(Atom(codes, measured[0], first, last, is_measure=True, key=cast("str", part.value)))
            chunk.used.add(part.start)
            return True
    return False


def fitting(codes: tuple[str, ...], quantity: Quantity) -> tuple[str, ...]:
    """Codes that a number with this unit can measure."""
    if quantity.value is None or (quantity.is_time and not quantity.loose):
        return ()
    if quantity.unit is None or quantity.unit not in _OF_UNIT:
        return codes
    return tuple(code for code in codes if code in _OF_UNIT[quantity.unit])


def _by_degree(chunk: Chunk, part: Item, lexicon: Lexicon) -> bool:
    """A measure with a degree alone: "strong jitter", "little pitch variation"."""
    name = cast("str", part.value)
    if name not in _BY_DEGREE or part.start in chunk.used:
        return False
    for item in chunk.of("degree"):
        if item.start != part.start and abs(item.place - part.place) <= 5:
            degree = int(cast("str", item.value))
            move = "low" if degree <= 2 else "normal" if degree == 3 else "high"
            if name in ("voice", "volume", "motion", "colour"):
                move = {"low": "soft", "normal": "normal", "high": "loud"}[move]
            found = combined(name, move, lexicon.combinations)
            if found is not None:
                first, last = (part, item) if part.start < item.start else (item, part)
                chunk.atoms.append(atom_of(found, first, last, name))
                chunk.used |= {part.start, item.start}
                return True
    return False


def _by_lack(chunk: Chunk, lexicon: Lexicon) -> None:
    """What varies and is not there is low: "lacks variation"."""
    for part in chunk.parts:
        found = combined(cast("str", part.value), "low", lexicon.combinations) if part.value in _VARIES else None
        if found is not None:
            atom = atom_of(found, part, part._replace(start=part.end - 1), cast("str", part.value))
            atom.flipped = True
            chunk.atoms.append(atom)


_VARIES: Final = frozenset(("range", "volvar", "motion", "jitter", "shimmer"))


# ------------------------------------------------------------- between chunks


def _lend_move(chunks: list[Chunk], i: int, lexicon: Lexicon) -> None:
    """Give parts without a movement that of the chunk behind ("brows and lids are raised"), or before."""
    for j, wanted in ((i + 1, True), (i + 2, True), (i + 3, True), (i - 1, False), (i - 2, False)):
        if not 0 <= j < len(chunks):
            continue
        other, between = chunks[j], chunks[min(i, j) + 1 : max(i, j) + 1]
        if any(chunk.joint in ("but", "comma", "colon", "then") and not _is_list(chunks, i, j) for chunk in between):
            continue
        if not other.moves:
            continue
        part_first = not other.parts or other.parts[0].start < other.moves[0].start
        if part_first == wanted and _lend(chunks[i], chunks[i].parts, other.moves, lexicon):
            return


def _is_list(chunks: list[Chunk], i: int, j: int) -> bool:
    """Whether the chunks between two are items of one list ("brows, lids and lips")."""
    inner = chunks[min(i, j) + 1 : max(i, j) + 1]
    return any(chunk.joint in ("and", "or", "nor", "comma_and", "list") for chunk in inner)


def _lend_part(chunks: list[Chunk], i: int, lexicon: Lexicon) -> None:
    """Give movements without a part that of the chunks before ("the brows are raised and drawn together")."""
    chunk = chunks[i]
    ahead = chunks[i + 1] if i + 1 < len(chunks) else None
    if ahead is not None and ahead.joint in ("and", "or", "comma", "list", "also") and ahead.parts and ahead.moves:
        adjective_first = ahead.moves[0].start < ahead.parts[0].start
        if adjective_first and not any(before.parts for before in chunks[:i]):
            if _lend(chunk, ahead.parts[:1], chunk.moves, lexicon):
                return
    for before in reversed(chunks[max(i - 4, 0) : i]):
        for part in reversed(before.parts):
            if _lend(chunk, [part], chunk.moves, lexicon):
                return


def _lend(chunk: Chunk, parts: list[Item], moves: list[Item], lexicon: Lexicon) -> bool:
    """Join parts with movements across chunks; the atom belongs to ``chunk``."""
    made = False
    for part in parts:
        if part.value in ("head", "gaze", "look"):
            sides = chunk.of("side")
            for meaning, words in pose(part, moves, sides):
                chunk.atoms.append(atom_of(meaning, part, words[-1] if words else part, cast("str", part.value)))
                made = True
            continue
        for row in _grouped(moves):
            for move in row:
                found = combined(cast("str", part.value), cast("str", move.value), lexicon.combinations)
                if found is not None:
                    first, last = (part, move) if part.start < move.start else (move, part)
                    chunk.atoms.append(atom_of(found, first, last, cast("str", part.value)))
                    chunk.used |= {part.start, move.start}
                    made = True
                    break
    return made


# ---------------------------------------------------------------------- facts


def _add_facts(chunk: Chunk, lexicon: Lexicon) -> None:
    """Add what single words say; silence, speech and gestures only where nothing else is said."""
    vague: list[Atom] = []
    for item, meaning, name in _facts(chunk, lexicon):
        atoms = [
            atom_of(meaning._replace(codes=codes), item, item, name)
            for codes in ([(code,) for code in meaning.codes] if meaning.both else [meaning.codes])
        ]
        if not meaning.codes or name in ("speech", "silent"):
            vague += atoms
        else:
            chunk.atoms += atoms
        if name == "alone":
            atoms[0].value, atoms[0].unit = 1.0, "count"
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
