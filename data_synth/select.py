"""Select and balance: which drafts become rows.

First clip by clip: of the drafts that passed the checks, the best of each style and language. Then over the whole data
set: near-duplicates go, frequent classes and combinations of cues are capped. What is remembered of a clip is a few
hundred bytes, so that a data set need not fit in memory; texts are read a second time when rows are written.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..errors import ConfigError
from ..prompts.passages import thought_of
from ..records import Clip, CueSet, Reference, TrainingRow
from ..records.labels import EMOTIONS
from ..rewards.embedders import Embedder
from ..training.examples.curriculum import difficulties
from .balance import OTHER, Balance, Candidate, combination, emotion_class, evenness, left_out, weights
from .checked import Checked
from .dedupe import Duplicate, Texts
from .labelled import LabelledClip

#: Why a draft that passed the checks is no row.
NEAR_DUPLICATE: Final = "near_duplicate"
BALANCED_OUT: Final = "balance"
#: Reward of drafts of clips of which nothing is known that an answer could be compared with.
_NO_REWARD: Final = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How rows are chosen.

    Attributes
    ----------
    per_manner : int
        Drafts kept of a clip in each style and language.
    near_duplicate : float or None
        Jaccard similarity from which on two chains of thought of the same style and language are one. None: all stay.
        0.8 is a judgement: no one has measured from where on a twin does harm in training. What it costs is measured:
        of the template's long English rows (182 clips of many cues, 157 of few, 3,452 pictures) 0, 3.8 and 0.2 % go at
        0.8; 0, 8.3 and 1.2 % at 0.7; none at 0.9. Of few cues less can be said in other words, least in Chinese: there
        24.8 % of the 157 go at 0.8, 43.9 % at 0.7, 5.1 % at 0.9.
    cosine : float or None
        The same for embeddings; None (default): they are not asked.
    balance : Balance
        Caps and weights.
    """

    per_manner: int = 1
    near_duplicate: float | None = 0.8
    cosine: float | None = None
    balance: Balance = field(default_factory=Balance)

    def __post_init__(self) -> None:
        if self.per_manner < 1:
            raise ConfigError(f"{self.per_manner} drafts are kept of each manner; expected 1 or more")


class Chosen(NamedTuple):
    """A draft that becomes a row: the number of the one that passed.

    Also what the row weighs (by its class), and how hard the clip is (0 easy to 1 hard).
    """

    number: int
    weight: float
    difficulty: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, over the whole data set.

    Attributes
    ----------
    rows : mapping
        Clip -> its drafts that become rows; clips without one are not in it.
    because : mapping
        Clip -> why drafts of it that passed are no rows (``near_duplicate``, ``balance``), each reason once.
    duplicates : list of (clip, number, clip, number, likeness)
        Drafts that say nearly what another says.
    before, after : mapping
        Clips by class: with a draft that passed, and with a row.
    drafts, candidates : int
        Drafts that passed, and those of them that were the best of their clip and manner.
    """

    rows: Mapping[str, tuple[Chosen, ...]]
    because: Mapping[str, tuple[str, ...]]
    duplicates: Sequence[tuple[str, int, str, int, float]]
    before: Mapping[str, int]
    after: Mapping[str, int]
    drafts: int
    candidates: int

    @property
    def evenness(self) -> tuple[float, float]:
        """Evenness of the classes before and after (1: all seven equally frequent)."""
        return evenness(self.before), evenness(self.after)

    @property
    def duplicate_rate(self) -> float:
        """Share of the candidates that were near-duplicates."""
        return len(self.duplicates) / self.candidates if self.candidates else 0.0


def best_drafts(checked: Iterable[Checked], per_manner: int = 1) -> tuple[Checked, ...]:
    """Drafts that passed the checks, the best of each style and language, in the order of their numbers.

    The better one has the higher reward; where that is the same, the larger share of claims that the cues bear out,
    then the lower temperature, then the lower number.

    Examples
    --------
    >>> from .checked import Fault
    >>> from .draft import Draft, Manner
    >>> drafts = [Draft(number=number, text="", manner=Manner(), writer="someone") for number in range(3)]
    >>> one, two = (Checked(draft=draft, reward=reward) for draft, reward in zip(drafts, (0.5, 0.9)))
    >>> bad = Checked(draft=drafts[2], faults=(Fault(reason="label"),), reward=1.0)
    >>> [found.draft.number for found in best_drafts([one, two, bad])]
    [1]
    """
    groups: dict[tuple[str, str], list[Checked]] = defaultdict(list)
    for one in checked:
        if one.passed:
            groups[one.draft.manner.style, one.draft.manner.language].append(one)
    best = [one for group in groups.values() for one in sorted(group, key=_rank)[:per_manner]]
    return tuple(sorted(best, key=lambda one: one.draft.number))


class Selector:
    """Takes in clips with their checked drafts one by one, then decides over all of them.

    Parameters
    ----------
    selection : Selection
    embedder : Embedder, optional
        Needed where ``selection.cosine`` is set.

    Raises
    ------
    ConfigError
        datasketch is not installed while near-duplicates are looked for, or there is no embedder for a cosine.
    """

    def __init__(self, selection: Selection | None = None, embedder: Embedder | None = None) -> None:
        self._selection = selection or Selection()
        wanted = self._selection.near_duplicate
        if self._selection.cosine is not None and (embedder is None or wanted is None):
            raise ConfigError("a cosine of near-duplicates needs an embedder and a Jaccard threshold")
        self._texts = Texts(embedder if self._selection.cosine is not None else None) if wanted is not None else None
        self._clips, self._drafts = _Clips(), _Drafts()
        self._last: dict[str, TrainingRow] = {}
        self._passed = 0

    def add(self, clip: LabelledClip, checked: Iterable[Checked]) -> tuple[Checked, ...]:
        """Take in a clip; return its best drafts, none where none passed."""
        passed = [one for one in checked if one.passed]
        difficulty = self._difficulty(clip)
        best = best_drafts(passed, self._selection.per_manner)
        self._passed += len(passed)
        if not best:
            return ()
        number = self._clips.add(clip, difficulty)
        for one in best:
            thought = thought_of(one.draft.text) if one.draft.manner.style != "direct" else None
            read = self._texts is not None and bool(thought)  # answers alone are alike by nature
            if self._texts is not None and thought:
                self._texts.add(thought, (one.draft.manner.style, one.draft.manner.language))
            self._drafts.add(number, one.draft.number, _goodness(one), compared=read)
        return best

    def decide(self) -> Choice:
        """Say which drafts become rows."""
        clips, drafts = self._clips, self._drafts
        twins = self._duplicates()
        gone = {twin.number for twin in twins}
        left: dict[int, list[int]] = defaultdict(list)
        for number in range(len(drafts)):
            if number not in gone:
                left[drafts.clips[number]].append(number)
        goodness = {clip: max(drafts.goodness[number] for number in mine) for clip, mine in left.items()}
        candidates = [Candidate(clips.emotion(clip), clips.combinations[clip] or None, goodness[clip]) for clip in left]
        still = list(left)
        out = {still[one] for one in left_out(candidates, self._selection.balance)}
        after = Counter(clips.emotion(clip) for clip in still if clip not in out)
        weighs = weights(after, self._selection.balance)
        return Choice(
            rows={
                clips.ids[clip]: tuple(
                    Chosen(drafts.numbers[one], weighs[clips.emotion(clip)], clips.difficulty(clip)) for one in mine
                )
                for clip, mine in left.items()
                if clip not in out
            },
            because=self._because(sorted({drafts.clips[number] for number in gone}), sorted(out)),
            duplicates=[self._named(twin) for twin in twins],
            before=dict(Counter(clips.emotion(clip) for clip in range(len(clips.ids)))),
            after=dict(after),
            drafts=self._passed,
            candidates=len(drafts),
        )

    def _duplicates(self) -> list[Duplicate]:
        """Find near-duplicates, by the numbers of the drafts."""
        if self._texts is None or self._selection.near_duplicate is None:
            return []
        compared = [number for number in range(len(self._drafts)) if self._drafts.compared[number]]
        goodness = [self._drafts.goodness[number] for number in compared]
        found = self._texts.duplicates(goodness, self._selection.near_duplicate, cosine=self._selection.cosine)
        return [Duplicate(compared[one.number], compared[one.of], one.likeness) for one in found]

    def _because(self, gone: Iterable[int], out: Iterable[int]) -> dict[str, tuple[str, ...]]:
        reasons: dict[str, dict[str, None]] = defaultdict(dict)
        for numbers, reason in ((gone, NEAR_DUPLICATE), (out, BALANCED_OUT)):
            for number in numbers:
                reasons[self._clips.ids[number]][reason] = None
        return {clip: tuple(found) for clip, found in reasons.items()}

    def _named(self, twin: Duplicate) -> tuple[str, int, str, int, float]:
        ids, drafts = self._clips.ids, self._drafts
        (one, number), (two, other) = ((drafts.clips[of], drafts.numbers[of]) for of in (twin.number, twin.of))
        return ids[one], number, ids[two], other, twin.likeness

    def _difficulty(self, clip: LabelledClip) -> float:
        """Difficulty for a curriculum; the turn before is the last clip of the same group."""
        known = clip.reference
        shown = Reference(labels=known.labels, emotion=known.emotion, distribution=known.distribution)
        row = TrainingRow(id=clip.id, cueset=_NOTHING, reference=shown, group=clip.group)
        if clip.group is None:
            return round(difficulties([row])[0], 3)
        before = self._last.get(clip.group)
        self._last[clip.group] = row
        return round(difficulties([row] if before is None else [before, row])[-1], 3)


class _Clips:
    """What is remembered of each clip, in columns: Python objects would take several times as much."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        #: A hash of the combination of cues; 0: no telling cue.
        self.combinations = array("q")
        self._emotions = array("B")
        self._difficulties = array("f")

    def add(self, clip: LabelledClip, difficulty: float) -> int:
        """Remember a clip; return its number."""
        cues = combination(clip.cueset)
        self.ids.append(clip.id)
        self.combinations.append(hash(cues) if cues else 0)
        self._emotions.append(_CLASSES.index(emotion_class(clip.reference)))
        self._difficulties.append(difficulty)
        return len(self.ids) - 1

    def emotion(self, number: int) -> str:
        return _CLASSES[self._emotions[number]]

    def difficulty(self, number: int) -> float:
        return round(self._difficulties[number], 3)


class _Drafts:
    """What is remembered of each draft, in columns: its clip, its number there, its reward."""

    def __init__(self) -> None:
        self.clips = array("l")
        self.numbers = array("l")
        self.goodness = array("d")
        self.compared = array("B")

    def __len__(self) -> int:
        return len(self.clips)

    def add(self, clip: int, number: int, goodness: float, *, compared: bool) -> None:
        self.clips.append(clip)
        self.numbers.append(number)
        self.goodness.append(goodness)
        self.compared.append(compared)


_CLASSES: Final = (*EMOTIONS, OTHER)
_NOTHING: Final = CueSet(clip=Clip(id=""))


def _goodness(one: Checked) -> float:
    return _NO_REWARD if one.reward is None else one.reward


def _rank(one: Checked) -> tuple[float, float, float, int]:
    grounded = one.measures.get("grounded", 0.0)
    return -_goodness(one), -grounded, one.draft.manner.temperature, one.draft.number
