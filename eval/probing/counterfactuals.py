"""Counterfactuals: whether an answer moves as one changed cue should move it, and stays where a cue says nothing.

The pairs are a file that ``emoreason synth vignettes --input`` wrote (:mod:`.counterfactual_lines`): the same clip
twice, with one cue changed, and the classes that should become more or less probable by published tables. Controls
change a cue that speaks for no emotion: what they move is noise.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...records import CueSet
from ...records.labels import EMOTIONS
from ..measure import Floats, Measure
from ..stats import Interval
from .answers import Shares, moved
from .counterfactual_lines import CHANGES, Counterfactual, read_counterfactuals
from .result import Effect, ProbeResult, bars_of
from .trial import Answers, Trial, prepared

_ABOUT: Final = "One cue of a clip is changed; published tables say which classes should become more or less probable."
_NO_FILE: Final = (
    "Not measured: no pairs were given (--counterfactuals FILE); `emoreason synth vignettes --input FILE` writes them."
)
#: A smaller change of a probability is rounding.
_LEAST: Final = 1e-3
_MOST_BARS: Final = 12
_TRUE: Final = "expected directions that came true"
_OTHER_WAY: Final = "expected directions that went the other way"

Values = list[float | None]


@dataclass(frozen=True, slots=True)
class _Found:
    """Pairs, and for each what came of it; None: the engine gave no two answers, or nothing could move."""

    pairs: tuple[Counterfactual, ...]
    true: Values
    other_way: Values
    moves: Values

    def of(self, values: Sequence[float | None], *changes: str) -> Values:
        """Return the values of the pairs of some kinds of change, None for the others."""
        return [value if pair.change in changes else None for pair, value in zip(self.pairs, values, strict=True)]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of change that expect something, of those there are."""
        there = {pair.change for pair in self.pairs}
        return tuple(change for change in CHANGES if change in there and change != "control")


def counterfactuals(trial: Trial) -> ProbeResult:
    """Ask about both clips of each pair."""
    if trial.settings.counterfactuals is None:
        return ProbeResult(probe="counterfactuals", about=_ABOUT, sentence=_NO_FILE)
    pairs, same = _askable(trial, read_counterfactuals(trial.settings.counterfactuals))
    variants: dict[Hashable, CueSet] = {
        (pair.id, after): prepared(pair.changed if after else pair.cueset, media=trial.settings.media)
        for pair in pairs
        for after in (False, True)
    }
    answers = trial.ask(variants)
    found = _found(pairs, answers)
    groups = _groups(trial, pairs)
    effects = _effects(trial, found, groups)
    return ProbeResult(
        probe="counterfactuals",
        about=_ABOUT,
        sentence=_sentence(effects),
        effects=effects,
        notes=(*answers.notes("clips of pairs"), *_notes(found, same)),
        pictures=(
            bars_of(
                "Expected directions that came true, by the cue that was changed",
                "share of directions",
                _by_code(trial, found, groups),
            ),
        ),
        counts={
            "clips": len({pair.clip for pair in pairs}),
            "pairs": len(pairs),
            "controls": sum(pair.change == "control" for pair in pairs),
            "failed": answers.failed,
            "asked": len(pairs) + len({pair.clip for pair in pairs}),
        },
    )


def _askable(trial: Trial, pairs: Sequence[Counterfactual]) -> tuple[tuple[Counterfactual, ...], int]:
    """Pairs that a prompt tells apart, and how many are none: what differs is never shown."""
    media = trial.settings.media
    found = tuple(pair for pair in pairs if prepared(pair.cueset, media=media) != prepared(pair.changed, media=media))
    return found, len(pairs) - len(found)


def _groups(trial: Trial, pairs: Sequence[Counterfactual]) -> list[Hashable]:
    """Return what each pair is drawn with: its clip, or its speaker where a gold knows that of every clip."""
    golds = [trial.golds.get(pair.clip) for pair in pairs]
    speakers = [None if gold is None else gold.speaker for gold in golds]
    return [pair.clip for pair in pairs] if None in speakers else list(speakers)


def _found(pairs: tuple[Counterfactual, ...], answers: Answers) -> _Found:
    true: Values = []
    other_way: Values = []
    moves: Values = []
    for pair in pairs:
        before, after = answers.shares((pair.id, False)), answers.shares((pair.id, True))
        if before is None or after is None:
            rows, move = [], None
        else:
            rows, move = _directions(pair, before, after), moved(before, after)
        true.append(float(np.mean([row > 0 for row in rows])) if rows else None)
        other_way.append(float(np.mean([row < 0 for row in rows])) if rows else None)
        moves.append(move)
    return _Found(pairs, true, other_way, moves)


def _directions(pair: Counterfactual, before: Shares, after: Shares) -> list[int]:
    """For each class that should move and can: 1 as expected, -1 the other way, 0 stays."""
    found = []
    for sign, names in ((1, pair.up), (-1, pair.down)):
        for name in names:
            at = EMOTIONS.index(name)
            room = 1 - before[at] if sign > 0 else before[at]
            if room >= _LEAST:
                change = sign * (after[at] - before[at])
                found.append(int(change >= _LEAST) - int(change <= -_LEAST))
    return found


def _effects(trial: Trial, found: _Found, groups: Sequence[Hashable]) -> tuple[Effect, ...]:
    of = "share of directions"

    def rate(name: str, values: Values, *, better: bool) -> Effect:
        return trial.effect(name, values, of=of, higher_is_better=better, groups=groups, yes_or_no=True)

    net = [None if a is None or b is None else a - b for a, b in zip(found.true, found.other_way, strict=True)]
    moves, controls = found.of(found.moves, *found.kinds), found.of(found.moves, "control")
    return (
        rate(_TRUE, found.true, better=True),
        rate(_OTHER_WAY, found.other_way, better=False),
        trial.effect("came true minus the other way", net, of=of, higher_is_better=True, groups=groups),
        *(rate(f"{kind}: came true", found.of(found.true, kind), better=True) for kind in found.kinds),
        trial.effect("moved by a cue that speaks for a class", moves, groups=groups),
        trial.effect("moved by a control", controls, higher_is_better=False, groups=groups),
        trial.effect_of(_beyond(moves, controls), of="share of the probability", groups=groups),
    )


def _beyond(moves: Values, controls: Values) -> Measure:
    """Difference of two means of different pairs of the same clips."""

    def columns(values: Values) -> Floats:
        known = np.array([value is not None for value in values], dtype=np.float64)
        return np.stack([np.array([value or 0.0 for value in values], dtype=np.float64), known], axis=-1)

    sums = np.concatenate([columns(moves), columns(controls)], axis=-1)
    return Measure(
        name="moved by such a cue, minus by a control",
        sums=sums,
        of=lambda all_: np.asarray(all_[..., 0] / all_[..., 1] - all_[..., 2] / all_[..., 3], dtype=np.float64),
        applies=(sums[:, 1] + sums[:, 3]) > 0,
        higher_is_better=True,
    )


def _by_code(trial: Trial, found: _Found, groups: Sequence[Hashable]) -> list[tuple[str, Interval]]:
    """Cues that were changed most often, each with its share of directions that came true."""
    rows = list(zip((pair.code for pair in found.pairs), found.true, strict=True))
    often = Counter(code for code, value in rows if value is not None).most_common(_MOST_BARS)
    of_code = {code: [value if own == code else None for own, value in rows] for code, _ in often}
    return [
        (code, trial.effect(code, values, groups=groups, yes_or_no=True).interval) for code, values in of_code.items()
    ]


def _notes(found: _Found, same: int) -> tuple[str, ...]:
    stuck = sum(
        true is None and move is not None and pair.change != "control"
        for pair, true, move in zip(found.pairs, found.true, found.moves, strict=True)
    )
    return (
        "The tables say which way, never how far; one cue seldom decides. A cue may speak for several classes: where "
        "one of them falls, another may rise because all add up to 1, so that 100% is not to be expected. A class "
        f"counts as moved from {_LEAST:.1%} on; one that is improbable already cannot fall, and is left out.",
        *([f"In {stuck} pairs no class could move as expected."] if stuck else []),
        *([f"{same} pairs differ in nothing that a prompt shows and are left out."] if same else []),
        *([] if any(pair.change == "control" for pair in found.pairs) else ["No pair is a control: noise is unknown."]),
    )


def _sentence(effects: Sequence[Effect]) -> str:
    true, other_way, net = effects[:3]
    moves, control, beyond = effects[-3:]
    if not true.known:
        return "Not measured: the engine gave no answers to compare, or no class could move as expected."
    if true.value == 0 and other_way.value == 0:
        return "No expected class moves, whatever cue is changed: its answers do not come from these cues."
    rates = f"{true.value:.0%} of the expected directions came true, {other_way.value:.0%} went the other way"
    if net.sure_above:
        told = f"Its answers move as a changed cue should move them: {rates}"
    elif net.sure_below:
        told = f"Its answers move against the changed cues: {rates}"
    else:
        told = f"That its answers move as a changed cue should move them cannot be told: {rates}"
    if not control.known:
        return f"{told}."
    against = f"{moves.value:.1%} of the probability, a control {control.value:.1%}"
    if beyond.known and not beyond.sure_above:
        return f"{told}; such a cue moves {against}: no more than noise that can be told."
    return f"{told}; such a cue moves {against}."
