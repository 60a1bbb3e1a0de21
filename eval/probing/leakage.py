"""Leakage: whether what a model is given contains the answer.

Two things are looked for, without asking anybody: cues that name an emotion (prompts leave them out, so they are data
to mend, not answers given away), and the gold label in what the clip puts into the prompt.
"""

from collections import Counter
from typing import Final

from ...prompts.screening import screen
from .result import ProbeResult
from .trial import Trial

_MOST_EXAMPLES: Final = 5
_KINDS: Final = {
    "label_in_prompt": "gold label stated in the prompt",
    "label_in_name": "gold label in a name",
    "label_maybe_in_prompt": "gold label in a word with a plain sense too",
    "label_spoken": "gold label spoken or on the screen",
}


def leakage(trial: Trial) -> ProbeResult:
    """Lint cues and prompts."""
    named: list[float | None] = []
    words: Counter[str] = Counter()
    for cueset in trial.raw:
        _, dropped = screen(cueset.cues)
        labels = [one.reason for one in dropped if one.reason.startswith("names an emotion")]
        words.update(reason.partition("(")[2].partition(")")[0] for reason in labels)
        named.append(float(bool(labels)))
    found = _gold_leaks(trial)
    stated = [None if one is None else float(one[0] == "label_in_prompt") for one in found]
    of = "share of clips"
    effects = [trial.effect("cues that name an emotion", named, of=of, higher_is_better=False, yes_or_no=True)]
    if any(value is not None for value in stated):
        for kind, about in _KINDS.items():
            values = [None if one is None else float(one[0] == kind) for one in found]
            effects.append(trial.effect(about, values, of=of, higher_is_better=False, yes_or_no=True))
        effects.insert(0, effects.pop(1))
    examples = [
        f"{clip}: {one[1]!r} in {one[2][:60]} ({_KINDS[one[0]]})"
        for clip, one in zip(trial.clips, found, strict=True)
        if one is not None and one[0] in _KINDS
    ]
    listed = ", ".join(f"{word} ({number})" for word, number in words.most_common(_MOST_EXAMPLES))
    return ProbeResult(
        probe="leakage",
        about="Emotion words in cues, and the gold label in the prompt, are looked for; nobody is asked.",
        sentence=_sentence(named, stated),
        effects=tuple(effects),
        notes=(
            *examples[:_MOST_EXAMPLES],
            *([f"{len(examples) - _MOST_EXAMPLES} more clips"] if len(examples) > _MOST_EXAMPLES else []),
            *([f"Emotion words in cues, which the prompt leaves out: {listed}"] if words else []),
            *_not_measured(trial, stated),
        ),
        counts={"clips": len(trial.cuesets), "leaks": len(examples)},
    )


def _gold_leaks(trial: Trial) -> list[tuple[str, str, str] | None]:
    """Kind, word and place of each clip's worst leak; ``("", "", "")`` where there is none, None where nobody knows."""
    find = trial.settings.find_leak
    found: list[tuple[str, str, str] | None] = []
    for clip, cueset in zip(trial.clips, trial.raw, strict=True):
        gold = trial.golds.get(clip)
        known = gold is not None and bool(
            gold.reference.labels or gold.reference.emotion or gold.reference.distribution
        )
        if find is None or gold is None or not known:
            found.append(None)
        else:
            found.append(find(cueset, gold.reference) or ("", "", ""))
    return found


def _sentence(named: list[float | None], stated: list[float | None]) -> str:
    some = sum(value or 0.0 for value in named)
    cues = f"cues of {some:.0f} of {len(named)} clips name an emotion"
    known = [value for value in stated if value is not None]
    if not known:
        return f"{cues[0].upper()}{cues[1:]}; whether prompts give the gold label away is not measured."
    leaks = sum(known)
    given = (
        f"The prompts of {leaks:.0f} of {len(known)} clips state their gold label"
        if leaks
        else "No prompt states its gold label"
    )
    return f"{given}; {cues}."


def _not_measured(trial: Trial, stated: list[float | None]) -> tuple[str, ...]:
    if any(value is not None for value in stated):
        return ()
    if trial.settings.find_leak is None:
        return ("The gold label is not looked for: no lint of prompts was given (ProbeSettings.find_leak).",)
    return ("The gold label is not looked for: no clip has one (--gold).",)
