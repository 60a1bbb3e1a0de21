"""Proxy: whether the engine leans on smiles and teeth, whatever else there is.

AU12 (lip corners pulled), AU25 (lips parted) and visible teeth are put in and taken out of every clip with all else
fixed. The same is done with action units that smiles do not make: an engine that weighs evidence changes its answer
about as often there.
"""

from collections.abc import Hashable, Sequence
from statistics import fmean
from typing import Final

from ...records import CueSet
from ..pictures import Bars
from .answers import HAPPINESS, top_of
from .result import Effect, ProbeResult, bars_of
from .trial import Answers, Trial
from .variants import with_action, with_sentence

_TEETH: Final = {"en": "The upper teeth are visible.", "zh": "可以看到上排牙齿。"}
_NO_TEETH: Final = {"en": "No teeth are visible.", "zh": "看不到牙齿。"}

#: What is toggled, and the action units it is compared with.
PROXIES: Final = ("AU12", "AU25", "visible teeth")
OTHERS: Final = ("AU1", "AU4", "AU9", "AU15")

Values = list[float | None]


def proxy(trial: Trial) -> ProbeResult:
    """Toggle AU12, AU25 and visible teeth."""
    variants: dict[Hashable, CueSet] = {
        (number, name, there): _toggled(cueset, name, there, trial.settings.language)
        for number, cueset in enumerate(trial.cuesets)
        for name in (*PROXIES, *OTHERS)
        for there in (True, False)
    }
    answers = trial.ask(variants)
    changes = {name: _changes(trial, answers, name) for name in (*PROXIES, *OTHERS)}
    shifts = {name: _shifts(trial, answers, name) for name in PROXIES}
    effects = _effects(trial, answers, changes, shifts)
    return ProbeResult(
        probe="proxy",
        about="AU12, AU25 and visible teeth are put in and taken out with all else fixed.",
        sentence=_sentence(effects),
        effects=effects,
        notes=(
            *answers.notes("variants"),
            f"Turned into happiness: of the clips whose answer without it is another class. Other units: "
            f"{', '.join(OTHERS)}, toggled in the same way.",
            "AU12 is evidence of happiness: that happiness rises is no fault. That it wins whatever else is there, is.",
        ),
        pictures=_pictures(trial, changes, shifts),
        counts={"clips": len(trial.cuesets), "failed": answers.failed, "asked": len(variants)},
    )


def _effects(
    trial: Trial, answers: Answers, changes: dict[str, Values], shifts: dict[str, Values]
) -> tuple[Effect, ...]:
    of = "share of clips"
    per_proxy = [
        effect
        for name in PROXIES
        for effect in (
            trial.effect(f"{name}: label changed", changes[name], of=of, yes_or_no=True),
            trial.effect(f"{name}: shift of happiness", shifts[name]),
            trial.effect(
                f"{name}: turned into happiness",
                _turned(trial, answers, name),
                of=of,
                higher_is_better=False,
                yes_or_no=True,
            ),
        )
    ]
    return (
        trial.effect("AU12: label changed, minus other units", _beyond(changes), of=of, higher_is_better=False),
        *per_proxy,
        trial.effect("other units: label changed", _mean_of(changes, OTHERS), of=of),
    )


def _pictures(trial: Trial, changes: dict[str, Values], shifts: dict[str, Values]) -> tuple[Bars, ...]:
    return (
        bars_of(
            "Label changed when a cue is toggled",
            "share of clips",
            [
                *((name, trial.effect(name, changes[name]).interval) for name in PROXIES),
                *((name, trial.effect(name, changes[name]).interval) for name in OTHERS),
            ],
        ),
        bars_of(
            "Shift of happiness",
            "probability",
            [(name, trial.effect(name, shifts[name]).interval) for name in PROXIES],
            zero=True,
        ),
    )


def _toggled(cueset: CueSet, name: str, there: bool, language: str) -> CueSet:
    if name != "visible teeth":
        return with_action(cueset, name, present=there)
    parted = with_action(cueset, "AU25", present=there)
    return with_sentence(parted, (_TEETH if there else _NO_TEETH)[language])


def _changes(trial: Trial, answers: Answers, name: str) -> Values:
    values: Values = []
    for number in range(len(trial.cuesets)):
        on, off = answers.shares((number, name, True)), answers.shares((number, name, False))
        values.append(None if on is None or off is None else float(top_of(on) != top_of(off)))
    return values


def _shifts(trial: Trial, answers: Answers, name: str) -> Values:
    values: Values = []
    for number in range(len(trial.cuesets)):
        on, off = answers.shares((number, name, True)), answers.shares((number, name, False))
        values.append(None if on is None or off is None else float(on[HAPPINESS] - off[HAPPINESS]))
    return values


def _turned(trial: Trial, answers: Answers, name: str) -> Values:
    """Whether happiness wins with it, where something that can be told wins without it."""
    values: Values = []
    for number in range(len(trial.cuesets)):
        on, off = answers.shares((number, name, True)), answers.shares((number, name, False))
        if on is None or off is None or top_of(off) == HAPPINESS:
            values.append(None)
        else:
            values.append(float(top_of(on) == HAPPINESS))
    return values


def _mean_of(changes: dict[str, Values], names: Sequence[str]) -> Values:
    rows = zip(*(changes[name] for name in names), strict=True)
    found = ([value for value in row if value is not None] for row in rows)
    return [fmean(row) if row else None for row in found]


def _beyond(changes: dict[str, Values]) -> Values:
    others = _mean_of(changes, OTHERS)
    return [None if a is None or b is None else a - b for a, b in zip(changes["AU12"], others, strict=True)]


def _sentence(effects: Sequence[Effect]) -> str:
    beyond, turned = effects[0], effects[3]
    if not beyond.known:
        return "Not measured: the engine gave no answers to compare."
    wins = (
        f"Adding AU12 turns {turned.value:.0%} of the answers that are another class without it into happiness"
        if turned.known
        else "Every answer is happiness without AU12"
    )
    others = effects[-1].value
    if beyond.sure_above:
        often = f"of {others + beyond.value:.0%} of the clips, other action units of {others:.0%}"
        return f"{wins}; toggling it changes the label {often}: it leans on AU12 more."
    return f"{wins}; that it changes the label more often than other action units do ({others:.0%}) cannot be told."
