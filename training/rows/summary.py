"""What is in the rows, to be read before a run: how many, of what, how long."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

from ...errors import ConfigError
from ...prompts.presets import preset_named
from ...records import Reference, TrainingRow
from ...records.labels import EMOTIONS, MODALITIES
from ...rewards.classes import class_of, family_of
from ...rewards.completion import read_completion
from ...rewards.label import most_probable
from .prompts import CountTokens, Prompts

#: Labels that a summary names; the rest is counted.
MOST_LABELS: Final = 20
#: Emotion of rows of which no class can be told, and of those whose labels name several.
NO_CLASS: Final = "not told"
SEVERAL: Final = "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Quantiles of a number of tokens: of the half, of nine in ten, of 99 in a hundred, and the longest."""

    half: int
    nine_in_ten: int
    most: int
    longest: int

    def line(self) -> str:
        """One line for people."""
        return f"half of them up to {self.half}, 90 % {self.nine_in_ten}, 99 % {self.most}, the longest {self.longest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSummary:
    """Rows of one split.

    Attributes
    ----------
    rows : int
        All of them.
    with_target, with_thought, with_reference, with_frames, with_held_back : int
        Rows with something to write, with a chain of thought in it, with anything known about the right answer, with
        pictures of their own, with cues that are never shown.
    thinks, direct : int
        Rows whose preset asks for a chain of thought, and for the answer alone (before ``direct_share`` is drawn).
    groups : int
        Different speakers, sessions or dialogues that are named.
    labels : dict of str to int
        The most frequent labels of the references, and in how many rows each is.
    different_labels : int
        All different labels.
    emotions : dict of str to int
        Rows by class: that of the reference, of most of its raters, or of all its labels' families; ``several`` where
        labels are of different families, ``not told`` where nothing tells.
    modalities : dict of str to int
        Rows with at least one cue that is present, by modality.
    presets, languages : dict of str to int
        Rows by what is asked and in which language.
    frames : int
        Pictures of all rows.
    cues : Lengths or None
        Cues a row. None where there are no rows.
    prompt_tokens, target_tokens : Lengths or None
        Tokens of the prompts' text (without pictures) and of the targets.
    """

    rows: int
    with_target: int
    with_thought: int
    with_reference: int
    with_frames: int
    with_held_back: int
    thinks: int
    direct: int
    groups: int
    labels: Mapping[str, int]
    different_labels: int
    emotions: Mapping[str, int]
    modalities: Mapping[str, int]
    presets: Mapping[str, int]
    languages: Mapping[str, int]
    frames: int
    cues: Lengths | None
    prompt_tokens: Lengths | None
    target_tokens: Lengths | None

    def to_dict(self) -> dict[str, Any]:
        """JSON value."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Readable lines, one fact each: ``name: value``."""
        facts: list[tuple[str, str]] = [
            ("rows", f"{self.rows} ({self.with_target} with a target, {self.with_reference} with a reference)"),
            ("chain of thought", f"asked for in {self.thinks}, in {self.with_thought} targets; {self.direct} direct"),
            ("emotions", _listed(self.emotions)),
            ("labels", f"{self.different_labels} different; {_listed(self.labels)}" if self.labels else "none"),
            ("modalities", _listed(self.modalities)),
            ("pictures", f"{self.frames} in {self.with_frames} rows"),
            ("prompts", f"{_listed(self.presets)}; {_listed(self.languages)}"),
        ]
        if self.groups:
            facts.append(("groups", str(self.groups)))
        if self.with_held_back:
            facts.append(("held-back cues", f"in {self.with_held_back} rows"))
        for name, lengths in (
            ("cues a row", self.cues),
            ("prompt tokens", self.prompt_tokens),
            ("target tokens", self.target_tokens),
        ):
            if lengths is not None:
                facts.append((name, lengths.line()))
        return [f"{name}: {value}" for name, value in facts]


def summarise(
    rows: Sequence[TrainingRow], *, prompts: Prompts | None = None, count_tokens: CountTokens | None = None
) -> RowsSummary:
    """Count what is in the rows.

    Parameters
    ----------
    rows : sequence of TrainingRow
        Of one split.
    prompts : Prompts, optional
        Shared with the checks, so that no prompt is rendered again.
    count_tokens : callable, optional
        ``str -> int`` of the model's tokenizer for the targets; by default that of ``prompts``, an estimate.

    Examples
    --------
    >>> from emoreason.records import Clip, CueSet
    >>> row = TrainingRow(id="a", cueset=CueSet(clip=Clip(id="a")), reference=Reference(labels=("glad", "joyful")))
    >>> summarise([row]).emotions, summarise([row]).labels
    ({'happiness': 1}, {'glad': 1, 'joyful': 1})
    """
    prompts = prompts or Prompts(count_tokens=count_tokens)
    count = count_tokens or prompts.count_tokens
    labels = Counter(label for row in rows for label in _labels(row.reference))
    targets = [row.target for row in rows if row.target is not None]
    presets = [prompts.preset(row) for row in rows]
    thinks = sum(_thinks(preset) for preset in presets)
    return RowsSummary(
        rows=len(rows),
        with_target=len(targets),
        with_thought=sum(bool(read_completion(target).think) for target in targets),
        with_reference=sum(is_known(row.reference) for row in rows),
        with_frames=sum(bool(row.frames) for row in rows),
        with_held_back=sum(bool(row.held_back) for row in rows),
        thinks=thinks,
        direct=len(rows) - thinks,
        groups=len({row.group for row in rows if row.group}),
        labels=dict(labels.most_common(MOST_LABELS)),
        different_labels=len(labels),
        emotions=_in_order(Counter(emotion_of(row.reference) for row in rows), (*EMOTIONS, SEVERAL, NO_CLASS)),
        modalities=_in_order(
            Counter(
                name for row in rows for name in {cue.modality for cue in row.cueset.cues if cue.state == "present"}
            ),
            MODALITIES,
        ),
        presets=dict(Counter(presets).most_common()),
        languages=dict(Counter(prompts.language(row) for row in rows).most_common()),
        frames=sum(len(row.frames) for row in rows),
        cues=_lengths(len(row.cueset.cues) for row in rows),
        prompt_tokens=_lengths(_prompt_lengths(rows, prompts)),
        target_tokens=_lengths(count(target) for target in targets),
    )


def is_known(reference: Reference) -> bool:
    """Whether anything is known about the right answer. No labels at all say that people saw no emotion."""
    return any(
        value is not None
        for value in (
            reference.labels, reference.emotion, reference.distribution, reference.valence, reference.arousal,
            reference.action_units, reference.tree, reference.clues or None,
        )
    )  # fmt: skip


def emotion_of(reference: Reference) -> str:
    """Class of a reference, ``several`` where its labels are of different families, ``not told`` where nothing tells.

    Examples
    --------
    >>> emotion_of(Reference(distribution={"anger": 0.7, "fear": 0.3})), emotion_of(Reference(labels=("sad", "angry")))
    ('anger', 'several')
    """
    if reference.emotion is not None:
        return _class(reference.emotion) or NO_CLASS
    top = most_probable(reference.distribution or {})
    if top:
        return top[0] if len(top) == 1 else SEVERAL
    families = {family for label in reference.labels or () if (family := _class(label))}
    return NO_CLASS if not families else families.pop() if len(families) == 1 else SEVERAL


def _labels(reference: Reference) -> dict[str, None]:
    """Labels in order, each once; a set's order would change from run to run."""
    return dict.fromkeys(label.strip().lower() for label in reference.labels or ())


@lru_cache(maxsize=4096)
def _class(word: str) -> str | None:
    return class_of(word) or family_of(word)


def _thinks(preset: str) -> bool:
    try:
        return preset_named(preset).thinks
    except ConfigError:  # the checks refuse it
        return False


def _prompt_lengths(rows: Iterable[TrainingRow], prompts: Prompts) -> Iterable[int]:
    for row in rows:
        try:
            yield prompts.tokens(row)
        except ConfigError:  # the checks refuse it
            continue


def _lengths(numbers: Iterable[int]) -> Lengths | None:
    ordered = sorted(numbers)
    if not ordered:
        return None

    def at(share: float) -> int:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Lengths(half=at(0.5), nine_in_ten=at(0.9), most=at(0.99), longest=ordered[-1])


def _in_order(counts: Counter[str], names: Sequence[str]) -> dict[str, int]:
    return {name: counts[name] for name in names if counts[name]}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
