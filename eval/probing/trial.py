"""A trial: the clips, the engine and the settings that a probe works with, and how its numbers get their intervals."""

import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import stats

from ...errors import ConfigError, EmoreasonError
from ...prompts.screening import screen
from ...reasoning.engines import Engine
from ...records import CueSet, Explanation
from ..class_mapping import gold_class
from ..measure import AnyMeasure, intervals, mean_measure
from ..sample import Gold
from ..stats import Interval
from .answers import Shares, class_number, moved, shares_of
from .asking import Asker, Question, Told
from .result import Effect
from .settings import ProbeSettings

__all__ = ["Answers", "ProbeSettings", "Trial", "prepared", "shares_of_crowd"]

_SHARE: Final = "share of the probability"


class Trial:
    """Clips and their gold, and an engine that is asked about variants of them.

    Parameters
    ----------
    cuesets : sequence of CueSet
        The clips; ids are unique.
    golds : mapping of str to Gold, optional
        Clip -> what is known of it.
    asker : Asker, optional
        None: only probes that ask nobody can run.
    settings : ProbeSettings, optional

    Raises
    ------
    ConfigError
        A clip is there twice.
    """

    def __init__(
        self,
        cuesets: Sequence[CueSet],
        golds: Mapping[str, Gold] | None = None,
        asker: Asker | None = None,
        settings: ProbeSettings | None = None,
    ) -> None:
        self.settings = settings or ProbeSettings()
        self.raw = tuple(cuesets)
        self.cuesets = tuple(prepared(cueset, media=self.settings.media) for cueset in cuesets)
        self.golds = dict(golds or {})
        self._asker = asker
        twice = [clip for clip, number in Counter(self.clips).items() if number > 1]
        if twice:
            raise ConfigError(f"clip {twice[0]!r} is twice in the input; expected each clip once")

    @cached_property
    def clips(self) -> tuple[str, ...]:
        """Ids of the clips, in their order."""
        return tuple(cueset.clip.id for cueset in self.cuesets)

    @property
    def engine(self) -> Engine | None:
        """The engine that is asked, if there is one."""
        return None if self._asker is None else self._asker.engine

    @property
    def asker(self) -> Asker:
        """Whoever is asked. Raises ConfigError when there is nobody."""
        if self._asker is None:
            raise ConfigError("this probe asks an engine, and none was given; add --engine NAME")
        return self._asker

    @cached_property
    def groups(self) -> tuple[Hashable, ...] | None:
        """What each clip is drawn with: its speaker, where every clip has one."""
        speakers = [self.golds[clip].speaker if clip in self.golds else None for clip in self.clips]
        return tuple(speakers) if speakers and None not in speakers else None

    @cached_property
    def targets(self) -> tuple[int | None, ...]:
        """Number of each clip's gold class; None where there is none."""
        return tuple(_target(self.golds.get(clip)) for clip in self.clips)

    @cached_property
    def base(self) -> "Answers":
        """Answers to the clips as they are."""
        return self.ask(dict(enumerate(self.cuesets)))

    def ask(
        self, variants: Mapping[Hashable, CueSet], *, preset: str | None = None, language: str | None = None
    ) -> "Answers":
        """Ask about variants of clips."""
        questions = {
            name: Question(
                cueset=cueset,
                preset=preset or self.settings.preset,
                language=language or self.settings.language,
            )
            for name, cueset in variants.items()
        }
        return Answers(self.asker.ask(questions))

    def after(self, thoughts: Mapping[Hashable, tuple[CueSet, str]]) -> "Answers":
        """Ask about clips, each after a chain of thought that is put into the model's mouth."""
        asked = self.settings
        return Answers(
            self.asker.ask(
                {
                    name: Question(cueset=cueset, preset=asked.preset, language=asked.language, thought=thought)
                    for name, (cueset, thought) in thoughts.items()
                }
            )
        )

    def move(self, answers: "Answers", number: int, name: Hashable) -> float | None:
        """Return how much of a clip's answer lies elsewhere in one variant of it; None when one has no answer."""
        before, after = self.base.shares(number), answers.shares((number, name))
        return None if before is None or after is None else moved(before, after)

    def moves(self, answers: "Answers", name: Hashable) -> list[float | None]:
        """Return the same for every clip; variants are named ``(number of the clip, name)``."""
        return [self.move(answers, number, name) for number in range(len(self.cuesets))]

    def rng(self, *names: object) -> random.Random:
        """Return a generator of its own for each use: what one clip draws does not depend on the others."""
        return random.Random("|".join(map(str, (self.settings.seed, *names))))  # noqa: S311 - no secret

    def effect(
        self,
        name: str,
        values: Sequence[float | None],
        *,
        of: str = _SHARE,
        higher_is_better: bool | None = None,
        groups: Sequence[Hashable] | None = None,
        yes_or_no: bool = False,
    ) -> Effect:
        """Mean over the clips that have a value, with its interval.

        ``yes_or_no`` says that values are 0 or 1: where all are alike, the interval is Wilson's.
        """
        measure = mean_measure(name, values, higher_is_better=higher_is_better)
        effect = self.effect_of(measure, of=of, groups=groups)
        drawn_with = self.groups if groups is None else groups
        certain = _certain(values, drawn_with, self.settings.level) if yes_or_no else None
        return effect if certain is None else replace(effect, interval=certain)

    def effect_of(self, measure: AnyMeasure, *, of: str, groups: Sequence[Hashable] | None = None) -> Effect:
        """Effect of a measure of all clips."""
        (interval,) = intervals(
            [measure],
            self.groups if groups is None and len(measure.applies) == len(self.clips) else groups,
            resamples=self.settings.resamples,
            level=self.settings.level,
            seed=self.settings.seed,
        )
        return Effect(name=measure.name, interval=interval, of=of, higher_is_better=measure.higher_is_better)

    def interval(self, values: Sequence[float | None]) -> Interval:
        """Interval of a mean over some values that are no list of all clips."""
        (interval,) = intervals(
            [mean_measure("", values)],
            resamples=self.settings.resamples,
            level=self.settings.level,
            seed=self.settings.seed,
        )
        return interval


@dataclass(frozen=True)
class Answers:
    """What the engine said to each variant."""

    told: Mapping[Hashable, Told]
    _shares: dict[Hashable, Shares | None] = field(default_factory=dict)

    def explanation(self, name: Hashable) -> Explanation | None:
        """Return the explanation; None when the engine gave none or was not asked."""
        told = self.told.get(name)
        return told if isinstance(told, Explanation) else None

    def shares(self, name: Hashable) -> Shares | None:
        """Return the answer's distribution; None when there is none."""
        if name not in self._shares:
            found = self.explanation(name)
            self._shares[name] = None if found is None else shares_of(found)
        return self._shares[name]

    @property
    def failed(self) -> int:
        """How many variants have no answer."""
        return sum(not isinstance(told, Explanation) for told in self.told.values())

    def notes(self, what: str) -> tuple[str, ...]:
        """Say how many have no answer, and why the first has none."""
        errors = [told for told in self.told.values() if isinstance(told, EmoreasonError)]
        if not errors:
            return ()
        return (f"{len(errors)} of {len(self.told)} {what} have no answer and are left out; the first: {errors[0]}",)


def _target(gold: Gold | None) -> int | None:
    return None if gold is None else class_number(gold_class(gold))


def _certain(values: Sequence[float | None], groups: Sequence[Hashable] | None, level: float) -> Interval | None:
    """Wilson's interval where all values are 0 or all are 1: every drawing of them is alike, and none of them sure.

    Clips that are drawn together count once.
    """
    known = [at for at, value in enumerate(values) if value is not None]
    if len(known) < 2 or len({values[at] for at in known}) > 1 or values[known[0]] not in (0.0, 1.0):
        return None
    size = len(known) if groups is None else len({groups[at] for at in known})
    ends = stats.binomtest(size * int(values[known[0]] or 0), size).proportion_ci(level, method="wilson")
    return Interval(
        value=float(values[known[0]] or 0.0),
        low=float(ends.low),
        high=float(ends.high),
        level=level,
        n_clips=len(known),
        method="Wilson",
    )


def shares_of_crowd(gold: Gold) -> Shares | None:
    """Distribution of the raters over the seven classes; None where there is none."""
    from ...rewards.distribution import normalised

    found = normalised(gold.reference.distribution or {})
    return None if found is None else np.array(found, dtype=np.float64)


def prepared(cueset: CueSet, *, media: bool) -> CueSet:
    """Clip as probes ask about it: what a prompt never shows is taken away, so that dropping it is no test.

    Cues that name an emotion go (``prompts/screening.py``), and so does a transcript that stands in cues as well: it
    would come back as soon as these cues are dropped. Without ``media`` the file goes too.
    """
    usable, _ = screen(cueset.cues)
    clip = cueset.clip
    if not media:
        clip = replace(clip, path=None, sha256=None)
    if any(cue.modality == "speech" and cue.text and cue.state == "present" for cue in usable):
        clip = replace(clip, transcript=None)
    return replace(cueset, clip=clip, cues=tuple(usable))
