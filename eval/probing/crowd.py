"""Ambiguity and abstention: hedging where people disagree, silence where the answer would be wrong."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...records.labels import EMOTIONS
from ..calibration import RiskCoverage, area_measure, risk_over_coverage
from ..distribution import FLOOR, kl_divergence
from ..measure import DrawnMeasure
from ..pictures import Lines
from .answers import Shares, class_number, entropy, top_of
from .result import Effect, ProbeResult
from .trial import Trial, shares_of_crowd

_LEAST_CLIPS: Final = 3

_ABOUT_AMBIGUITY: Final = "The answer's distribution is compared with how a crowd of raters split."
_ABOUT_ABSTENTION: Final = "Confidence and abstention are compared with which answers are wrong."


def ambiguity(trial: Trial) -> ProbeResult:
    """Compare with the crowd."""
    crowd = [shares_of_crowd(gold) if (gold := trial.golds.get(clip)) is not None else None for clip in trial.clips]
    if sum(shares is not None for shares in crowd) < _LEAST_CLIPS:
        return _not_measured("ambiguity", _ABOUT_AMBIGUITY, "no distribution over raters in the gold (--gold)")
    offered = _offered(trial)
    answers = [_restricted(trial.base.shares(number), offered) for number in range(len(trial.cuesets))]
    people = [_restricted(shares, offered) for shares in crowd]
    mean = np.mean([shares for shares in people if shares is not None], axis=0)
    pairs = [
        (ours, theirs) if ours is not None and theirs is not None else None
        for ours, theirs in zip(answers, people, strict=True)
    ]
    from_answer = [None if pair is None else kl_divergence(pair[1].tolist(), pair[0].tolist()) for pair in pairs]
    from_mean = [None if pair is None else kl_divergence(pair[1].tolist(), mean.tolist()) for pair in pairs]
    gains = [None if a is None or b is None else a - b for a, b in zip(from_mean, from_answer, strict=True)]
    effects = (
        trial.effect("KL from the crowd", from_answer, of="nats", higher_is_better=False),
        trial.effect("KL from the crowd of the mean distribution", from_mean, of="nats"),
        trial.effect("gained over the mean distribution", gains, of="nats", higher_is_better=True),
        trial.effect_of(_hedging(pairs), of="rank correlation of entropies"),
    )
    return ProbeResult(
        probe="ambiguity",
        about=_ABOUT_AMBIGUITY,
        sentence=_ambiguity_sentence(effects),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            f"Compared over the classes that raters could choose: {', '.join(EMOTIONS[at] for at in offered)}; "
            f"{FLOOR:.0%} of each answer is spread evenly over them. The mean distribution is that of this gold.",
        ),
        counts={"clips": len(trial.cuesets), "compared": sum(pair is not None for pair in pairs)},
    )


def _offered(trial: Trial) -> list[int]:
    """Classes that stand in the gold's distributions."""
    names = {name for gold in trial.golds.values() for name in gold.reference.distribution or {}}
    return sorted({number for name in names if (number := class_number(name)) is not None})


def _restricted(shares: Shares | None, offered: Sequence[int]) -> Shares | None:
    if shares is None:
        return None
    kept = shares[list(offered)]
    total = float(kept.sum())
    return kept / total if total > 0 else np.full(len(offered), 1 / len(offered))


def _hedging(pairs: Sequence[tuple[Shares, Shares] | None]) -> DrawnMeasure:
    """Spearman correlation of the entropy of answers with that of the crowd."""
    applies = np.array([pair is not None for pair in pairs], dtype=bool)
    entropies = np.array([[entropy(one) for one in pair] if pair else [0.0, 0.0] for pair in pairs]).round(9)

    def correlation(drawn: NDArray[np.intp]) -> float:
        kept = entropies[drawn[applies[drawn]]]
        if len(kept) < _LEAST_CLIPS:
            return float("nan")
        ours, theirs = (stats.rankdata(column) for column in kept.T)
        if np.ptp(ours) == 0 or np.ptp(theirs) == 0:
            return float("nan")
        return float(np.corrcoef(ours, theirs)[0, 1])

    return DrawnMeasure(name="hedging", of=correlation, applies=applies, higher_is_better=True)


def _ambiguity_sentence(effects: Sequence[Effect]) -> str:
    kl, _, gain, hedging = effects
    if not kl.known:
        return "Not measured: no clip has both an answer and a crowd."
    if gain.sure_above:
        told = "closer than one distribution for all clips"
    elif gain.sure_below:
        told = "farther than one distribution for all clips would be"
    else:
        told = "as one distribution for all clips would be"
    if not hedging.known:
        hedges = "its entropy is the same everywhere or the crowd's is"
    elif hedging.sure_above:
        hedges = f"it is less sure where people disagree (rank correlation {hedging.value:.2f})"
    elif hedging.sure_below:
        hedges = f"it is surer where people disagree (rank correlation {hedging.value:.2f})"
    else:
        hedges = f"how sure it is says nothing of how people disagree (rank correlation {hedging.value:.2f})"
    return f"Its distribution lies {kl.value:.2f} nats from the crowd's, {told}; {hedges}."


def abstention(trial: Trial) -> ProbeResult:
    """Compare confidence with errors."""
    size = len(trial.cuesets)
    shares = [trial.base.shares(number) for number in range(size)]
    known = [target is not None and shares[number] is not None for number, target in enumerate(trial.targets)]
    if sum(known) < _LEAST_CLIPS:
        return _not_measured("abstention", _ABOUT_ABSTENTION, "no gold class with an answer (--gold)")
    applies = np.array(known, dtype=bool)
    silent = np.array([(found := trial.base.explanation(at)) is not None and found.abstained for at in range(size)])
    sure = np.array([0.0 if one is None else float(one.max()) for one in shares])
    tops = [None if one is None else top_of(one) for one in shares]
    wrong = np.array([top != target for top, target in zip(tops, trial.targets, strict=True)], dtype=bool)
    confidence = np.where(silent, sure - 1.0, sure)  # whoever abstains is surer of nothing than all who answer
    said = [float(wrong[at]) if applies[at] and not silent[at] else None for at in range(size)]
    unsaid = [float(wrong[at]) if applies[at] and silent[at] else None for at in range(size)]
    every = [float(wrong[at]) if applies[at] else None for at in range(size)]
    covered = [float(not silent[at]) if applies[at] else None for at in range(size)]
    of = "share of clips"
    effects = (
        trial.effect_of(_gain(confidence, wrong, applies), of=of),
        trial.effect_of(area_measure(confidence, wrong, applies), of=of),
        trial.effect("errors if it always answered", every, of=of, higher_is_better=False, yes_or_no=True),
        trial.effect("errors where it answers", said, of="share of answers", higher_is_better=False, yes_or_no=True),
        trial.effect("errors where it abstains", unsaid, of="share of abstentions", yes_or_no=True),
        trial.effect("coverage", covered, of=of, yes_or_no=True),
    )
    return ProbeResult(
        probe="abstention",
        about=_ABOUT_ABSTENTION,
        sentence=_abstention_sentence(effects),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            "Where it abstains, its distribution is taken for what it would have said. Random order of the clips has "
            "an AURC equal to the share of errors.",
        ),
        pictures=(_curve(confidence[applies], wrong[applies]),),
        counts={"clips": size, "compared": int(applies.sum()), "abstained": int((applies & silent).sum())},
    )


def _curve(confidence: NDArray[np.float64], wrong: NDArray[np.bool_]) -> Lines:
    return risk_over_coverage(confidence, wrong)


def _gain(confidence: NDArray[np.float64], wrong: NDArray[np.bool_], applies: NDArray[np.bool_]) -> DrawnMeasure:
    """Errors of all answers less the area: how much better than chance the surest are told."""
    curve = RiskCoverage(confidence[applies].tolist(), wrong[applies].tolist())
    at = np.cumsum(applies) - 1

    def gain(drawn: NDArray[np.intp]) -> float:
        kept = drawn[applies[drawn]]
        return float(wrong[kept].mean()) - curve.area(at[kept]) if len(kept) else float("nan")

    return DrawnMeasure(name="errors minus AURC", of=gain, applies=applies, higher_is_better=True)


def _abstention_sentence(effects: Sequence[Effect]) -> str:
    gain, _, every, said, unsaid, coverage = effects
    if every.value in (0, 1):
        return f"{'All' if every.value else 'None'} of its answers are wrong: whether it knows which cannot be told."
    if gain.sure_above:
        order = "What it is surer of is more often right"
    elif gain.sure_below:
        order = "What it is surer of is more often wrong"
    else:
        order = "How sure it is says nothing of whether it is right"
    if not unsaid.known:
        return f"{order}; it never abstains ({every.value:.0%} of its answers are wrong)."
    if not said.known:
        return f"{order}; it abstains on every clip."
    return (
        f"{order}; it answers {coverage.value:.0%} of the clips and is wrong on {said.value:.0%} of them; where it "
        f"abstains, {unsaid.value:.0%} would have been wrong."
    )


def _not_measured(probe: str, about: str, reason: str) -> ProbeResult:
    return ProbeResult(probe=probe, about=about, sentence=f"Not measured: {reason}.")
