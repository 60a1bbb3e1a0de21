"""Order and paraphrase: what the answer must not depend on."""

from collections.abc import Hashable
from statistics import fmean
from typing import Final

from ...records import CueSet
from .answers import moved, top_of
from .result import ProbeResult, bars_of
from .trial import Answers, Trial
from .variants import reworded, shuffled

#: Orders that each clip's cues are shuffled into.
_ORDERS: Final = 2
_OTHER: Final = {"en": "zh", "zh": "en"}

Values = list[float | None]


def order(trial: Trial) -> ProbeResult:
    """Shuffle the cues."""
    variants: dict[Hashable, CueSet] = {
        (number, turn): shuffled(cueset, trial.rng("order", cueset.clip.id, turn))
        for number, cueset in enumerate(trial.cuesets)
        for turn in range(_ORDERS)
    }
    answers = trial.ask(variants)
    moves, changes = _compared(trial, answers, range(_ORDERS))
    effects = (
        trial.effect("moved by another order", moves, higher_is_better=False),
        trial.effect(
            "class changed by another order", changes, of="share of orders", higher_is_better=False, yes_or_no=True
        ),
    )
    return ProbeResult(
        probe="order",
        about="The same cues are listed in another order.",
        sentence=_sentence("Another order of the same cues", effects[0].value, effects[1].value),
        effects=effects,
        notes=(*trial.base.notes("clips"), *answers.notes("variants")),
        counts={"clips": len(trial.cuesets), "failed": answers.failed, "asked": len(variants)},
    )


def paraphrase(trial: Trial) -> ProbeResult:
    """Say the cues in other words, and in the other language."""
    words: dict[Hashable, CueSet] = {(number, "words"): reworded(cueset) for number, cueset in enumerate(trial.cuesets)}
    tongue: dict[Hashable, CueSet] = {(number, "language"): cueset for number, cueset in enumerate(trial.cuesets)}
    language = _OTHER[trial.settings.language]
    by_words, by_language = trial.ask(words), trial.ask(tongue, language=language)
    moves, changes = _compared(trial, by_words, ["words"])
    far_moves, far_changes = _compared(trial, by_language, ["language"])
    of = "share of clips"
    effects = (
        trial.effect("moved by other words", moves, higher_is_better=False),
        trial.effect("class changed by other words", changes, of=of, higher_is_better=False, yes_or_no=True),
        trial.effect("moved by the other language", far_moves, higher_is_better=False),
        trial.effect("class changed by the other language", far_changes, of=of, higher_is_better=False, yes_or_no=True),
    )
    return ProbeResult(
        probe="paraphrase",
        about=f"The same cues are said in other words, and the whole prompt in another language ({language}).",
        sentence=_sentence("Other words for the same cues", effects[0].value, effects[1].value),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            *by_words.notes("reworded clips"),
            *by_language.notes("translated clips"),
            "Other words: other ids and names, numbers without level words, times in tenths of a second, synonyms in "
            "sentences about the scene. Words that were spoken, and the text of sentences, stay in their language.",
        ),
        pictures=(
            bars_of(
                "What other words move",
                "share of the probability",
                [("other words", effects[0].interval), ("other language", effects[2].interval)],
            ),
        ),
        counts={
            "clips": len(trial.cuesets),
            "failed": by_words.failed + by_language.failed,
            "asked": len(words) + len(tongue),
        },
    )


def _compared(trial: Trial, answers: Answers, names: "range | list[str]") -> tuple[Values, Values]:
    """Mean move of each clip over its variants, and the share of them that change its class."""
    moves: Values = []
    changes: Values = []
    for number in range(len(trial.cuesets)):
        before = trial.base.shares(number)
        after = [shares for name in names if (shares := answers.shares((number, name))) is not None]
        if before is None or not after:
            moves.append(None)
            changes.append(None)
        else:
            moves.append(fmean(moved(before, shares) for shares in after))
            changes.append(fmean(float(top_of(before) != top_of(shares)) for shares in after))
    return moves, changes


def _sentence(what: str, move: float, change: float) -> str:
    if move != move:
        return "Not measured: the engine gave no answers to compare."
    if move == 0:
        return f"{what} changes nothing." if what.startswith("Another") else f"{what} change nothing."
    verb = "moves" if what.startswith("Another") else "move"
    return (
        f"{what} {verb} {move:.1%} of the probability and change the class of {change:.0%} of the answers: effects of "
        "other probes of this size are noise."
    )
