"""``--dry-run`` of ``emoreason eval``: what would be scored by what, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .eval_inputs import Inputs
from .eval_options import EvalOptions
from .terminal import print_json, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..eval.sample import Gold, Prediction

_OF_GOLD: "Final[dict[str, Callable[[Gold], object]]]" = {
    "labels": lambda gold: gold.reference.labels is not None,
    "a class": lambda gold: gold.reference.emotion is not None,
    "a distribution": lambda gold: gold.reference.distribution is not None,
    "valence": lambda gold: gold.reference.valence is not None,
    "arousal": lambda gold: gold.reference.arousal is not None,
    "action units": lambda gold: gold.reference.action_units is not None,
    "intensities": lambda gold: bool(gold.intensities),
    "clues": lambda gold: bool(gold.reference.clues),
    "a text": lambda gold: gold.text is not None,
    "a transcript": lambda gold: gold.transcript is not None,
    "cues": lambda gold: gold.reference.cueset is not None,
    "a speaker": lambda gold: gold.speaker is not None,
}
_OF_PREDICTION: "Final[dict[str, Callable[[Prediction], object]]]" = {
    "labels": lambda made: made.labels is not None,
    "a class": lambda made: made.emotion is not None,
    "a distribution": lambda made: made.distribution is not None,
    "valence": lambda made: made.valence is not None,
    "arousal": lambda made: made.arousal is not None,
    "action units": lambda made: made.action_units is not None,
    "a text": lambda made: made.text is not None,
    "an abstention": lambda made: made.abstained,
    "an error": lambda made: made.error is not None,
}


def tell(inputs: Inputs, options: EvalOptions, suites: Sequence[str], left_out: Mapping[str, str]) -> None:
    """Say it on stdout."""
    import json

    gold = {"clips": len(inputs.golds)} | _counted(_OF_GOLD, inputs.golds)
    systems = {
        system.name: {"predictions": len(system.predictions)} | _counted(_OF_PREDICTION, system.predictions)
        for system in inputs.systems
    }
    found = {
        "gold": gold,
        "systems": systems,
        "suites": list(suites),
        "left_out": dict(left_out),
        "controls": options.controls,
        "unusable_rows": inputs.tally.failed,
    }
    if options.as_json:
        print_json(json.dumps(found, ensure_ascii=False))
        return
    from rich.text import Text

    lines = [f"gold: {_said(gold, 'clips')}"]
    lines += [f"{name}: {_said(counts, 'predictions')}" for name, counts in systems.items()]
    lines += [f"would run: {', '.join(suites) or 'nothing'}{'; with controls' if options.controls else ''}"]
    lines += [f"left out: {name}: {why}" for name, why in left_out.items()]
    lines += [f"{inputs.tally.failed} rows cannot be used"] if inputs.tally.failed else []
    for line in lines:
        show(Text(line))


def _counted(kinds: "Mapping[str, Callable[..., object]]", items: Sequence[object]) -> dict[str, int]:
    counts = {name: sum(bool(holds(item)) for item in items) for name, holds in kinds.items()}
    return {name: number for name, number in counts.items() if number}


def _said(counts: Mapping[str, int], whole: str) -> str:
    rest = ", ".join(f"{name} {number}" for name, number in counts.items() if name != whole)
    return f"{counts[whole]} {whole}" + (f", of which with {rest}" if rest else "")
