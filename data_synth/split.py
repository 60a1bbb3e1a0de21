"""Split: clips into train, dev and test, so that what stands in two of them never belongs together.

Clips that share a file, a person, session or dialogue (``group``), an id, or all that was observed stay together; with
``by="source"`` all clips of a data set do. What stays together is placed as one, the largest first, where it least
disturbs the shares that every class and every data set is to have in each split (the sum of the squared differences
from them, each divided by the number wanted, as in a chi-squared test). Greedy placing of groups by what each class
still lacks is known as iterative stratification (Sechidis, Tsoumakas & Vlahavas, "On the Stratification of Multi-Label
Data", ECML PKDD 2011); the measure is ours.

All input clips are split, also those that give no row: another round of drafts, or other checks, move none of them.
Clips that were placed before stay where they are, and what belongs to them goes there too: more clips move none either.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from ..errors import ConfigError
from ..records import CueSet, TrainingRow
from ..training.examples.drawing import draw
from ..training.rows.overlaps import content_digest, files_of, tells
from ..training.rows.summary import emotion_of
from .labelled import LabelledClip
from .together import Together

Split = Literal["train", "dev", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)

#: A share this far from the one wanted is worth a remark.
_FAR: Final = 0.05
#: Sets of clips in several splits that are named.
_MOST_TORN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """How clips are split.

    Attributes
    ----------
    train, dev, test : float
        Shares of the clips; their sum is what 1 stands for, and 0 leaves a split out.
    by : {"speaker", "source"}
        What stays together beside the same clip: the speakers, sessions or dialogues that the data names, or whole
        data sets.
    seed : int
        Of the order in which what is of the same size is placed.
    placed : mapping of str to Split
        Clip id -> split of clips that were placed before (``data_synth/placed.py``): no setting, they stay there.
    """

    train: float = 0.8
    dev: float = 0.1
    test: float = 0.1
    by: Literal["speaker", "source"] = "speaker"
    seed: int = 0
    placed: Mapping[str, Split] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        if min(self.train, self.dev, self.test) < 0 or self.train <= 0:
            given = f"train {self.train}, dev {self.dev}, test {self.test}"
            raise ConfigError(f"shares of the splits are {given}; expected none below 0, and something for train")

    @property
    def shares(self) -> dict[Split, float]:
        """Share of each split that is wanted; they sum to 1."""
        wanted: dict[Split, float] = {"train": self.train, "dev": self.dev, "test": self.test}
        return {name: share / sum(wanted.values()) for name, share in wanted.items() if share > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Which clip is in which split.

    Attributes
    ----------
    of : mapping of str to Split
        Clip id -> split.
    observed : mapping of bytes to Split
        Digest of what was observed -> split, of clips in which so much is observed that it is not alike by chance.
    together : int
        How many sets of clips were placed as one.
    largest : int
        Clips of the largest of them.
    classes : mapping
        Split -> class -> clips.
    remarks : tuple of str
        What came out otherwise than wanted.
    """

    of: Mapping[str, Split]
    observed: Mapping[bytes, Split]
    together: int
    largest: int
    classes: Mapping[Split, Mapping[str, int]]
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON value: counts and remarks, without the clips."""
        return {
            "clips": {name: sum(counts.values()) for name, counts in self.classes.items()},
            "classes": {name: dict(counts) for name, counts in self.classes.items()},
            "placed_as_one": self.together,
            "largest": self.largest,
            "remarks": list(self.remarks),
        }


def split_clips(clips: Iterable[LabelledClip], splitting: Splitting | None = None) -> Splits:
    """Split clips.

    Parameters
    ----------
    clips : iterable of LabelledClip
        Read once, one at a time; a few hundred bytes are kept of each.
    splitting : Splitting, optional
        How.

    Examples
    --------
    >>> from emoreason.records import Clip, CueSet, Reference
    >>> clips = [
    ...     LabelledClip(id=f"{n}", cueset=CueSet(clip=Clip(id=f"{n}")), reference=Reference(emotion="fear"),
    ...                  group=f"speaker {n // 2}")
    ...     for n in range(20)
    ... ]
    >>> splits = split_clips(clips)
    >>> splits.to_dict()["clips"], splits.of["0"] == splits.of["1"]
    ({'train': 16, 'dev': 2, 'test': 2}, True)
    """
    splitting = splitting or Splitting()
    ids: list[str] = []
    digests: dict[bytes, int] = {}
    features: list[tuple[str, ...]] = []
    sets = Together()
    for number, clip in enumerate(clips):
        ids.append(clip.id)
        features.append(_features(clip))
        sets.add(number, _ties(clip, splitting))
        if digest := telling_digest(clip.cueset):
            digests[digest] = number
    places, torn = _placed(sets.members(), ids, features, splitting)
    of = {ids[number]: places[number] for number in range(len(ids))}
    classes: dict[Split, Counter[str]] = {name: Counter() for name in SPLITS if name in splitting.shares}
    for number, name in places.items():
        classes[name][features[number][1]] += 1
    sizes = [len(one) for one in sets.members()]
    return Splits(
        of=of,
        observed={digest: places[number] for digest, number in digests.items()},
        together=sum(size > 1 for size in sizes),
        largest=max(sizes, default=0),
        classes={name: dict(sorted(counts.items())) for name, counts in classes.items()},
        remarks=(*_remarks(classes, splitting, len(ids), max(sizes, default=0)), *_torn_remarks(torn, ids, splitting)),
    )


def telling_digest(cueset: CueSet) -> bytes | None:
    """Digest of what was observed; None where it is so little that clips may be alike by chance."""
    row = TrainingRow(id="", cueset=cueset)
    return content_digest(row) if tells(row) else None


def _features(clip: LabelledClip) -> tuple[str, ...]:
    """Name what is to be spread evenly: all clips, their classes, their data sets."""
    return ("", emotion_of(clip.reference), f"\0{clip.source}")


def _ties(clip: LabelledClip, splitting: Splitting) -> Iterator[Hashable]:
    """Yield what other clips must not have in another split."""
    row = TrainingRow(id=clip.id, cueset=clip.cueset)
    yield "clip", clip.cueset.clip.id
    yield from files_of(row)
    if clip.group:
        yield "group", clip.group
    if splitting.by == "source":
        yield "source", clip.source
    if digest := telling_digest(clip.cueset):
        yield "observed", digest


def _placed(
    sets: Sequence[Sequence[int]], ids: Sequence[str], features: Sequence[tuple[str, ...]], splitting: Splitting
) -> tuple[dict[int, Split], list[Sequence[int]]]:
    """Place each set where it least disturbs the shares, those placed before first; return also what is torn."""
    total = Counter(name for one in features for name in one)
    wanted = {
        split: {name: share * count for name, count in total.items()} for split, share in splitting.shares.items()
    }
    there: dict[Split, Counter[str]] = {split: Counter() for split in wanted}
    places: dict[int, Split] = {}
    torn: list[Sequence[int]] = []
    new: list[Sequence[int]] = []
    for members in sets:
        before = Counter(splitting.placed[ids[n]] for n in members if ids[n] in splitting.placed)
        if not before:
            new.append(members)
            continue
        if len(before) > 1:
            torn.append(members)
        # What is new goes to where most of it is, and in doubt where it is learnt: what is tested on stays as it is.
        most = max(before, key=lambda name: (before[name], -SPLITS.index(name)))
        for number in members:
            places[number] = splitting.placed.get(ids[number], most)
            there[places[number]].update(features[number])
    new.sort(key=lambda one: (-len(one), draw(min(ids[n] for n in one), splitting.seed, "split").random()))
    for members in new:
        counts = Counter(name for number in members for name in features[number])
        split = min(wanted, key=lambda name: _disturbance(counts, there[name], wanted[name]))
        there[split].update(counts)
        places |= dict.fromkeys(members, split)
    return places, torn


def _torn_remarks(torn: Sequence[Sequence[int]], ids: Sequence[str], splitting: Splitting) -> Iterator[str]:
    """Yield what new clips tied together that stands in several splits, and has to stay there."""
    for members in torn[:_MOST_TORN]:
        new = next((ids[number] for number in members if ids[number] not in splitting.placed), None)
        if new is None:
            old: dict[Split, str] = {splitting.placed[ids[number]]: ids[number] for number in members}
            said = " and ".join(f"{old[name]!r} ({name})" for name in SPLITS if name in old)
            yield f"{said} belong together and stand apart: the check for leaks names them, and --fresh splits all anew"
            continue
        yield (
            f"the new clip {new!r} ties clips together that stand in several splits: they stay there, the check for "
            "leaks names them, and --fresh splits all anew"
        )
    if len(torn) > _MOST_TORN:
        yield f"{len(torn) - _MOST_TORN} more sets of clips that belong together stand in several splits"


def _disturbance(counts: Mapping[str, int], there: Mapping[str, int], wanted: Mapping[str, float]) -> float:
    """Change of the sum of squared differences, each divided by the number wanted, when these are added."""
    return sum(
        count * (2 * (there.get(name, 0) - wanted[name]) + count) / wanted[name] for name, count in counts.items()
    )


def _remarks(classes: Mapping[Split, Counter[str]], splitting: Splitting, clips: int, largest: int) -> Iterator[str]:
    if not clips:
        return
    for name, share in splitting.shares.items():
        there = sum(classes[name].values())
        if abs(there / clips - share) > _FAR:
            why = f"; the largest set that stays together has {largest} clips" if largest > 1 else ""
            yield f"{name} has {there} of {clips} clips ({there / clips:.0%}), wanted were {share:.0%}{why}"
    every = sorted({label for counts in classes.values() for label in counts})
    for name, counts in classes.items():
        if lacking := [label for label in every if not counts[label]]:
            yield f"{name} has no clip of {', '.join(lacking)}"


def with_split(row: TrainingRow, splits: Splits, clip_id: str) -> TrainingRow:
    """Return a row with the split of its clip."""
    return replace(row, split=splits.of[clip_id])
