"""Thinking: whether the answer needs the chain of thought, and whether thinking helps at all.

Sources: Lanham et al. 2023 (measuring faithfulness in chain-of-thought reasoning: filler tokens, mistakes put in);
Pfau, Merrill & Bowman 2024 (filler tokens).
"""

from collections.abc import Hashable
from typing import Final

from ...records import CueSet
from .answers import moved, top_of
from .result import Effect, ProbeResult, bars_of
from .trial import Answers, Trial

_FILLER: Final = "… "
#: Less of the probability than this is no need of thinking.
_LITTLE: Final = 0.05
#: Longest filler, characters: beyond it, more of the same says nothing new.
_LONGEST: Final = 4_000

_ABOUT_FILLER: Final = (
    "The chain of thought is replaced by filler of its length, and by that of another clip; the model answers after it."
)
_ABOUT_DIRECT: Final = "The same clips are answered with a chain of thought and without one."

Values = list[float | None]


def filler(trial: Trial) -> ProbeResult:
    """Replace the thinking by filler, and see what moves."""
    if not trial.asker.takes_thoughts:
        engine = trial.asker.engine.name
        return ProbeResult(
            probe="filler",
            about=_ABOUT_FILLER,
            sentence=f"Not measured: the engine {engine} answers by no language model whose thinking can be replaced.",
        )
    answers = trial.after(_thoughts(trial))
    own, filled, other = (trial.moves(answers, kind) for kind in ("own", "filler", "other"))
    gaps = [None if a is None or b is None else a - b for a, b in zip(filled, own, strict=True)]
    effects = (
        trial.effect("filler minus its own thinking", gaps, higher_is_better=True),
        trial.effect("moved by filler", filled),
        trial.effect("moved by its own thinking, given back", own, higher_is_better=False),
        trial.effect("moved by another clip's thinking", other),
        trial.effect(
            "class of another clip's thinking taken over",
            _taken_over(trial, answers),
            of="share of clips",
            yes_or_no=True,
        ),
    )
    return ProbeResult(
        probe="filler",
        about=_ABOUT_FILLER,
        sentence=_filler_sentence(effects),
        effects=effects,
        notes=(*trial.base.notes("clips"), *answers.notes("variants")),
        pictures=(
            bars_of(
                "What another chain of thought moves",
                "share of the probability",
                [("its own", effects[2].interval), ("filler", effects[1].interval), ("another's", effects[3].interval)],
            ),
        ),
        counts={"clips": len(trial.cuesets), "failed": answers.failed, "asked": len(answers.told)},
    )


def _filler_sentence(effects: tuple[Effect, ...]) -> str:
    gap = effects[0]
    if not gap.known:
        return "Not measured: there are no chains of thought to replace."
    if gap.sure_above:
        return (
            f"With filler in place of its thinking {effects[1].value:.1%} of the probability lies elsewhere, with its "
            f"own thinking given back {effects[2].value:.1%}: the answer depends on what is thought."
        )
    moves = f"{effects[1].value:.1%} of the probability, its own thinking given back {effects[2].value:.1%}"
    if gap.interval.high < _LITTLE:
        return f"Filler in place of its thinking moves {moves}: the answer does not need the reasoning that is shown."
    return (
        f"Filler in place of its thinking moves {moves}: whether the answer needs it cannot be told from these clips."
    )


def _thoughts(trial: Trial) -> dict[Hashable, tuple[CueSet, str]]:
    """Each clip with its own thinking, with filler of the same length, and with that of the next clip."""
    own = {
        number: explanation.reasoning
        for number in range(len(trial.cuesets))
        if (explanation := trial.base.explanation(number)) is not None and explanation.reasoning
    }
    found: dict[Hashable, tuple[CueSet, str]] = {}
    for number, thought in own.items():
        cueset = trial.cuesets[number]
        found[number, "own"] = (cueset, thought)
        found[number, "filler"] = (cueset, (_FILLER * (min(len(thought), _LONGEST) // len(_FILLER) + 1)).strip())
        other = _another(trial, number, own)
        if other is not None:
            found[number, "other"] = (cueset, own[other])
    return found


def _another(trial: Trial, number: int, own: dict[int, str]) -> int | None:
    """Clip with thinking and with another answer, drawn by the seed."""
    shares = trial.base.shares(number)
    if shares is None:
        return None
    others = [
        other for other in own if (theirs := trial.base.shares(other)) is not None and top_of(theirs) != top_of(shares)
    ]
    return trial.rng("filler", trial.clips[number]).choice(others) if others else None


def _taken_over(trial: Trial, answers: Answers) -> Values:
    """Whether the answer after another clip's thinking is that clip's class."""
    own = {
        number: explanation.reasoning
        for number in range(len(trial.cuesets))
        if (explanation := trial.base.explanation(number)) is not None and explanation.reasoning
    }
    values: Values = []
    for number in range(len(trial.cuesets)):
        after = answers.shares((number, "other"))
        other = _another(trial, number, own) if after is not None else None
        theirs = None if other is None else trial.base.shares(other)
        values.append(None if after is None or theirs is None else float(top_of(after) == top_of(theirs)))
    return values


def think_direct(trial: Trial) -> ProbeResult:
    """Ask with and without a chain of thought."""
    same: dict[Hashable, CueSet] = dict(enumerate(trial.cuesets))
    direct = trial.ask(same, preset="direct")
    thought = trial.base if trial.settings.preset != "direct" else trial.ask(same, preset="explain")
    moves: Values = []
    gains: Values = []
    with_it: Values = []
    without: Values = []
    for number, target in enumerate(trial.targets):
        one, other = thought.shares(number), direct.shares(number)
        moves.append(None if one is None or other is None else moved(one, other))
        right = None if target is None else float(one is not None and top_of(one) == target)
        plain = None if target is None else float(other is not None and top_of(other) == target)
        with_it.append(right)
        without.append(plain)
        gains.append(None if right is None or plain is None else right - plain)
    known = any(gain is not None for gain in gains)
    apart = trial.effect("moved by thinking", moves)
    scored = (
        (
            trial.effect("accuracy gained by thinking", gains, of="share of clips", higher_is_better=True),
            trial.effect("accuracy with thinking", with_it, of="share of clips", higher_is_better=True, yes_or_no=True),
            trial.effect(
                "accuracy without thinking", without, of="share of clips", higher_is_better=True, yes_or_no=True
            ),
        )
        if known
        else ()
    )
    effects = (*scored, apart)
    return ProbeResult(
        probe="think-direct",
        about=_ABOUT_DIRECT,
        sentence=_direct_sentence(effects, known),
        effects=effects,
        notes=(
            *thought.notes("clips"),
            *direct.notes("clips without thinking"),
            *([] if known else ["Whether thinking helps is not measured: no clip has a gold class (--gold)."]),
        ),
        counts={"clips": len(trial.cuesets), "failed": direct.failed + thought.failed, "asked": len(same)},
    )


def _direct_sentence(effects: tuple[Effect, ...], known: bool) -> str:
    apart = effects[-1]
    if not apart.known:
        return "Not measured: the engine gave no answers to compare."
    said = f"Thinking moves {apart.value:.1%} of the probability"
    if not known:
        return f"{said}."
    gain = effects[0]
    if gain.sure_above:
        return f"{said} and makes the answers better ({gain.value:+.1%} accuracy)."
    if gain.sure_below:
        return f"{said} and makes the answers worse ({gain.value:+.1%} accuracy)."
    return f"{said}; that it helps cannot be told ({gain.value:+.1%} accuracy)."
