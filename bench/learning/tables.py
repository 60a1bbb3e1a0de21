"""What the answers of all seeds amount to: figures with intervals, paired differences, the claim, Markdown.

Every interval draws clips and seeds, both with replacement: a difference is taken on the same drawn clips and seeds.
Few seeds make such an interval too short rather than too long, so what a claim needs must also hold in each seed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreason.eval.stats import RESAMPLES, Interval, bootstrap_drawn

#: Quantity -> title, what it is a share of (None: a mean over answers), decimals.
MEASURES: Final[Mapping[str, tuple[str, str | None, int]]] = {
    "wheel": ("wheel F, strict", None, 3),
    "wheel_official": ("wheel F, official", None, 3),
    "precision": ("grounding precision", None, 3),
    "contradicted": ("claims contradicted", "claims", 3),
    "format": ("format valid", None, 3),
    "tokens": ("length, tokens", None, 1),
    "labels": ("labels an answer", None, 2),
    "reward": ("reward (`grounded` in full)", None, 3),
    "substance": ("reward without length and format", None, 3),
}
STATES: Final = ("pretrained", "sft", "grounded", "wheel", "at once")
TITLES: Final = {
    "pretrained": "pretrained",
    "sft": "SFT",
    "grounded": "GRPO, `grounded`",
    "wheel": "GRPO, wheel only",
    "at once": "GRPO, all at once",
}
#: Differences that are reported: later state, earlier state.
BEFORE_AFTER: Final = (("sft", "pretrained"), ("grounded", "sft"), ("wheel", "sft"), ("at once", "sft"))
BETWEEN_ARMS: Final = (("grounded", "wheel"), ("grounded", "at once"), ("at once", "wheel"))
MANNERS: Final = ("greedy", "sampled")
#: Fixed before any run: what a gain may cost and still not count as bought.
FORMAT_MARGIN: Final = 0.02
LENGTH_MARGIN: Final = 0.05

#: seed -> state -> its result (``runs.answers``).
Results = Mapping[int, Mapping[str, Mapping[str, Any]]]
#: Sums over the answers of a clip, [seeds, clips]: numerator, denominator.
_Sums = tuple[NDArray[np.float64], NDArray[np.float64]]


def figures(
    results: Results,
    resamples: int = RESAMPLES,
    *,
    states: Sequence[str] = STATES,
    pairs: Sequence[tuple[str, str]] = (*BEFORE_AFTER, *BETWEEN_ARMS),
) -> dict[str, Any]:
    """Figures of the states that every seed has, and the differences of the pairs ``(later, earlier)`` among them.

    Returns
    -------
    dict
        ``states``: manner -> state -> measure -> figure; ``differences``: manner -> "later - earlier" -> measure ->
        figure. A figure has ``value``, ``low``, ``high`` and ``seeds`` (the value of each seed).
    """
    states = [state for state in states if all(state in by_state for by_state in results.values())]
    sums = {
        (manner, state, name): _sums(results, manner, state, name)
        for manner in MANNERS
        for state in states
        for name in MEASURES
    }
    pairs = [(late, early) for late, early in pairs if late in states and early in states]
    return {
        "states": {
            manner: {
                state: {name: _figure([sums[manner, state, name]], resamples) for name in MEASURES}
                for state in states
            }
            for manner in MANNERS
        },
        "differences": {
            manner: {
                f"{late} - {early}": {
                    name: _figure([sums[manner, late, name], sums[manner, early, name]], resamples)
                    for name in MEASURES
                }
                for late, early in pairs
            }
            for manner in MANNERS
        },
    }  # fmt: skip


def _sums(results: Results, manner: str, state: str, name: str) -> _Sums:
    over = MEASURES[name][1]
    above, below = [], []
    for seed in sorted(results):
        by_clip: dict[str, list[float]] = {}
        for answer in results[seed][state]["answers"]:
            if answer["manner"] == manner:
                pair = by_clip.setdefault(answer["clip"], [0.0, 0.0])
                applies = answer[name] is not None
                pair[0] += answer[name] if applies else 0.0
                pair[1] += (1.0 if over is None else answer[over]) if applies else 0.0
        ordered = [by_clip[clip] for clip in sorted(by_clip)]
        above.append([pair[0] for pair in ordered])
        below.append([pair[1] for pair in ordered])
    return np.array(above), np.array(below)


def _figure(sides: Sequence[_Sums], resamples: int) -> dict[str, Any]:
    """Make the figure of one state, or of the difference of two."""
    n_seeds, n_clips = sides[0][0].shape
    rng = np.random.default_rng(0)
    whole = np.arange(n_clips)

    def of_drawn(clips: NDArray[np.intp]) -> float:
        # Clips come drawn; seeds are drawn here, but for the estimate itself, which is asked for all clips in order.
        seeds = np.arange(n_seeds) if np.array_equal(clips, whole) else rng.integers(0, n_seeds, n_seeds)
        return _value(sides, seeds, clips)

    found: Interval = bootstrap_drawn(of_drawn, n_clips, resamples=resamples, seed=1)
    by_seed = [_value(sides, np.array([seed]), whole) for seed in range(n_seeds)]
    return {"value": found.value, "low": found.low, "high": found.high, "seeds": by_seed}


def _value(sides: Sequence[_Sums], seeds: NDArray[np.intp], clips: NDArray[np.intp]) -> float:
    values = []
    for above, below in sides:
        taken = np.ix_(seeds, clips)
        total = below[taken].sum()
        values.append(above[taken].sum() / total if total else np.nan)
    return float(values[0] - (values[1] if len(values) == 2 else 0.0))


def claim(found: Mapping[str, Any], manner: str) -> dict[str, Any]:
    """Whether GRPO raised the held-out reward without buying it by length or format, and why not.

    Returns
    -------
    dict
        ``holds``; ``conditions``: each condition and whether it holds.
    """
    by_measure = found["differences"][manner]["grounded - sft"]
    most = LENGTH_MARGIN * found["states"][manner]["sft"]["tokens"]["value"]
    reward, substance, form, tokens = (by_measure[name] for name in ("reward", "substance", "format", "tokens"))
    conditions = {
        "the reward rises (interval above 0, and in every seed)": min(reward["low"], *reward["seeds"]) > 0,
        "it rises without its terms for length and format (interval above 0, and in every seed)":
            min(substance["low"], *substance["seeds"]) > 0,
        f"format validity falls by less than {FORMAT_MARGIN} (interval, and in every seed)":
            min(form["low"], *form["seeds"]) > -FORMAT_MARGIN,
        f"answers grow by less than {LENGTH_MARGIN:.0%} (interval, and in every seed)":
            max(tokens["high"], *tokens["seeds"]) < most,
    }  # fmt: skip
    conditions = {what: bool(holds) for what, holds in conditions.items()}
    return {"holds": all(conditions.values()), "conditions": conditions}


def claim_sentence(found: Mapping[str, Any], manner: str) -> str:
    """Say the claim, or what stands against it."""
    made = claim(found, manner)
    if made["holds"]:
        return f"**{manner.capitalize()}: GRPO raises held-out reward without buying it by length or format.**"
    failed = "; ".join(what for what, holds in made["conditions"].items() if not holds)
    return (
        f"**{manner.capitalize()}: it is not shown that GRPO raises held-out reward without buying it by length or "
        f"format.** Not met: {failed}."
    )


def ablation_sentences(found: Mapping[str, Any], manner: str) -> list[str]:
    """Compare the three arms, by what the intervals of their differences say."""
    said = []
    for name in ("wheel", "precision", "reward", "tokens"):
        title, _, digits = MEASURES[name]
        for late, early in BETWEEN_ARMS:
            one = found["differences"][manner].get(f"{late} - {early}", {}).get(name)
            if one is None:
                continue
            which = "higher" if one["low"] > 0 else "lower" if one["high"] < 0 else "no difference shown"
            shown = _shown(one, digits, signed=True)
            said.append(f"{title}, {TITLES[late]} against {TITLES[early]}: {which} ({shown})")
    return said


def markdown(found: Mapping[str, Any]) -> str:
    """All figures and differences as tables, then the claim and the ablation."""
    titles = {f"{late} - {early}": f"{TITLES[late]} − {TITLES[early]}" for late, early in BEFORE_AFTER}
    parts = []
    for manner in MANNERS:
        parts += [f"### Held-out clips, {manner}", ""]
        parts += table(found["states"][manner], TITLES, signed=False)
        parts += ["", "Differences, paired:", ""]
        parts += table(found["differences"][manner], titles, signed=True)
        if "grounded - sft" in found["differences"][manner]:
            parts += ["", claim_sentence(found, manner)]
        parts += ["", *(f"- {line}" for line in ablation_sentences(found, manner)), ""]
    return "\n".join(parts)


def table(columns: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str], *, signed: bool) -> list[str]:
    """Make a table with a measure a row."""
    there = [key for key in titles if key in columns]
    lines = ["| | " + " | ".join(titles[key] for key in there) + " |", "|---" * (len(there) + 1) + "|"]
    for name, (title, _, digits) in MEASURES.items():
        cells = [_shown(columns[key][name], digits, signed=signed) for key in there]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def _shown(one: Mapping[str, Any], digits: int, *, signed: bool) -> str:
    if not np.isfinite(one["value"]):
        return "–"
    sign = "+" if signed else ""
    value, low, high = (f"{one[key]:{sign}.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
