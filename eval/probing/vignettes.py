"""Vignettes: situations that call for an emotion and name none, and misleading words that name one.

The situations are a table (:mod:`.vignette_table`): six for each of the seven classes, or those of a file that
``emoreason synth vignettes`` wrote; ``data/decoys.csv``: a sign that stands in the picture and names a class. Whoever
only looks for keywords finds nothing in the first and the wrong thing in the second.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...records import Clip, Cue, CueSet
from ...records.labels import EMOTIONS
from .answers import top_of
from .result import Effect, ProbeResult, bars_of
from .trial import Answers, Trial
from .vignette_table import data_rows, read_vignettes

_CHANCE: Final = 1 / len(EMOTIONS)


@dataclass(frozen=True, slots=True)
class Situation:
    """A vignette as it is asked: what it tells, the class it calls for, and a misleading sign of another class."""

    id: str
    emotion: str
    text: str
    decoy: str
    decoy_emotion: str

    def cueset(self, *, decoy: bool) -> CueSet:
        """As cues: a sentence about the scene, and words on the screen."""
        cues = [Cue(id="scene.situation.1", modality="scene", code="situation", text=self.text)]
        if decoy:
            cues.append(Cue(id="scene.on_screen_text.1", modality="scene", code="on_screen_text", text=self.decoy))
        return CueSet(clip=Clip(id=f"vignette {self.id}"), cues=tuple(cues))


def vignettes(language: str, table: str | Path | None = None) -> tuple[Situation, ...]:
    """All of a table in one language, each with the sign of another class, every class equally often."""
    signs = {row["emotion"]: row[language] for row in data_rows("decoys.csv")}
    found = []
    for at, one in enumerate(read_vignettes(table)):
        step = 1 + at % (len(EMOTIONS) - 1)
        other = EMOTIONS[(EMOTIONS.index(one.emotion) + step) % len(EMOTIONS)]
        found.append(Situation(one.id, one.emotion, one.text(language), signs[other], other))
    return tuple(found)


def vignette_probe(trial: Trial) -> ProbeResult:
    """Ask about situations, with and without a misleading sign."""
    given = vignettes(trial.settings.language, trial.settings.vignettes)
    variants: dict[Hashable, CueSet] = {
        (at, decoy): one.cueset(decoy=decoy) for at, one in enumerate(given) for decoy in (False, True)
    }
    answers = trial.ask(variants)
    right = [_is(answers, (at, False), one.emotion) for at, one in enumerate(given)]
    misled = [_is(answers, (at, True), one.emotion) for at, one in enumerate(given)]
    drops = [None if a is None or b is None else a - b for a, b in zip(right, misled, strict=True)]
    follows = [
        None if (with_it := _is(answers, (at, True), one.decoy_emotion)) is None
        or (without := _is(answers, (at, False), one.decoy_emotion)) is None
        else with_it - without
        for at, one in enumerate(given)
    ]  # fmt: skip
    silent = [
        None if (found := answers.explanation((at, False))) is None else float(found.abstained)
        for at in range(len(given))
    ]
    own: dict[str, Any] = {"of": "share of vignettes", "groups": [one.id for one in given], "yes_or_no": True}
    differ = {**own, "yes_or_no": False}
    effects = (
        trial.effect("accuracy without keywords", right, higher_is_better=True, **own),
        trial.effect("accuracy lost by a misleading sign", drops, higher_is_better=False, **differ),
        trial.effect("follows the misleading sign", follows, higher_is_better=False, **differ),
        trial.effect("abstained", silent, **own),
    )
    by_class = [
        (name, trial.interval([one for one, vignette in zip(right, given, strict=True) if vignette.emotion == name]))
        for name in EMOTIONS
    ]
    return ProbeResult(
        probe="vignettes",
        about="Situations that call for an emotion without naming one, with and without a misleading sign.",
        sentence=_sentence(effects),
        effects=effects,
        notes=(
            *answers.notes("vignettes"),
            f"{len(given)} situations, {_of_each(given)} of each class, told as a sentence "
            f"about the scene; chance is {_CHANCE:.0%}. The class is what their authors meant; no raters were "
            "asked.",
        ),
        pictures=(bars_of("Right without keywords, by class", "share of vignettes", by_class),),
        counts={"vignettes": len(given), "failed": answers.failed, "asked": len(variants)},
    )


def _of_each(given: tuple[Situation, ...]) -> str:
    """How many situations a class has, from the fewest to the most."""
    numbers = Counter(one.emotion for one in given)
    few, most = min(numbers[name] for name in EMOTIONS), max(numbers.values())
    return f"{few}" if few == most else f"{few} to {most}"


def _is(answers: Answers, name: Hashable, emotion: str) -> float | None:
    """Whether an answer is of that class; one without a distribution or labels is of none."""
    if answers.explanation(name) is None:
        return None
    shares = answers.shares(name)
    return 0.0 if shares is None or shares.max() - shares.min() < 1e-9 else float(EMOTIONS[top_of(shares)] == emotion)


def _sentence(effects: tuple[Effect, ...]) -> str:
    right, lost, follows, silent = effects
    if not right.known:
        return "Not measured: the engine answered no vignette."
    if silent.value == 1:
        return "It abstains on every situation: it does not read them."
    if right.interval.low > _CHANCE:
        told = f"It understands situations that name no emotion ({right.value:.0%} right, chance {_CHANCE:.0%})"
    else:
        told = f"It does no better than chance on situations that name no emotion ({right.value:.0%} right)"
    if follows.sure_above:
        return f"{told}; a sign that names another emotion misleads it in {follows.value:.0%} of them."
    return f"{told}; a sign that names another emotion costs {lost.value:.0%} accuracy."
