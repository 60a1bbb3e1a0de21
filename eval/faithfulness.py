"""Faithfulness: whether an engine's answer rests on what its reasons point at.

- ``cited``: each cue that an explanation cites is dropped, and each that it does not cite; the engine is asked again.
  If the reasons are the real ones, dropping a cited cue moves more of the answer. Where several cues say the same,
  dropping one of them moves nothing: so all cited cues are dropped together as well, against as many drawn at random.
- ``mask``: a whole channel (face, voice, words, scene) is taken away, and that it is missing is said. What moves, and
  does the engine go on speaking of what it no longer has?
- ``swap``: a channel is replaced by that of another clip. Does the answer follow it?

How much an answer moves is the total variation distance of its distribution over seven classes: the share of the
probability that lies elsewhere afterwards.

Sources: DeYoung et al. 2020 (ERASER: comprehensiveness and sufficiency); Jacovi & Goldberg 2020 (a faithful reason is
one that made the answer, a plausible one only looks so).
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from statistics import fmean
from typing import Final

from ..records import CueSet, Explanation
from .pictures import Bars
from .probing.channels import mask, swap
from .probing.result import Effect, ProbeResult, bars_of
from .probing.trial import Answers, Trial
from .probing.variants import without_cues

__all__ = ["cited", "mask", "swap"]

#: Kinds of cues drawn in the picture of the ablation, at most.
_MOST_CODES: Final = 16

# Names of variants that are no cue's id.
_WITHOUT: Final = ("without", "cited")
_ONLY: Final = ("only", "cited")
_RANDOM: Final = ("without", "random")

_CITED: Final = "Each cited cue and each uncited cue is dropped in turn, and the engine is asked again."


def cited(trial: Trial) -> ProbeResult:
    """Drop cues one by one, those that are cited and those that are not."""
    drops = [_drops(trial, number) for number in range(len(trial.cuesets))]
    variants: dict[Hashable, CueSet] = {}
    for number, (cueset, (named, others)) in enumerate(zip(trial.cuesets, drops, strict=True)):
        for cue_id in (*named, *others):
            variants[number, cue_id] = without_cues(cueset, {cue_id})
        if every := _cited_ids(trial.base.explanation(number), cueset):
            variants[number, _WITHOUT] = without_cues(cueset, every)
            variants[number, _ONLY] = without_cues(cueset, {cue.id for cue in cueset.cues} - every)
            variants[number, _RANDOM] = without_cues(cueset, _as_many(trial, cueset, len(every)))
    answers = trial.ask(variants)
    by_named = [_mean_move(trial, answers, number, named) for number, (named, _) in enumerate(drops)]
    by_others = [_mean_move(trial, answers, number, others) for number, (_, others) in enumerate(drops)]
    gaps = [None if a is None or b is None else a - b for a, b in zip(by_named, by_others, strict=True)]
    effects = (
        trial.effect("cited minus uncited", gaps, higher_is_better=True),
        trial.effect("all cited minus as many at random", _beyond_chance(trial, answers), higher_is_better=True),
        trial.effect("a cited cue dropped", by_named),
        trial.effect("an uncited cue dropped", by_others),
        trial.effect(
            "all cited cues dropped (comprehensiveness)", trial.moves(answers, _WITHOUT), higher_is_better=True
        ),
        trial.effect("as many cues dropped at random", trial.moves(answers, _RANDOM)),
        trial.effect("only cited cues kept (sufficiency)", trial.moves(answers, _ONLY), higher_is_better=False),
    )
    silent = sum(not named for named, _ in drops)
    every_one = sum(bool(named) and not others for named, others in drops)
    return ProbeResult(
        probe="cited",
        about=_CITED,
        sentence=_cited_sentence(effects),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            *answers.notes("variants"),
            *([f"{silent} of {len(drops)} answers cite no cue; they say nothing here"] if silent else []),
            *([f"{every_one} answers cite every cue; they have no uncited one to compare"] if every_one else []),
            f"At most {trial.settings.most_cues} cues of each kind are dropped in a clip, drawn by the seed.",
        ),
        pictures=(_by_code(trial, answers, drops),),
        counts={"clips": len(drops), "failed": answers.failed + trial.base.failed, "asked": len(variants)},
    )


def _cited_sentence(effects: Sequence[Effect]) -> str:
    gap, together, named, others = effects[:4]
    if not gap.known:
        return "Not measured: no answer cites some cues and leaves others."
    moves = f"{named.value:.1%} of the probability, an uncited one {others.value:.1%}"
    if gap.sure_above:
        return f"Dropping a cue that the engine cites moves {moves}: what its reasons point at decides more."
    if gap.sure_below:
        return (
            f"Dropping a cue that the engine cites moves only {moves}: what decides its answers is not what its "
            "reasons point at."
        )
    if together.sure_above:
        return (
            f"Dropping one cue that the engine cites moves {moves}, which cannot be told apart; dropping all of them "
            f"moves {together.value:.1%} more than as many others do: together they decide."
        )
    return f"Dropping a cue that the engine cites moves {moves}: its reasons cannot be told from any other cues."


def _cited_ids(explanation: Explanation | None, cueset: CueSet) -> set[str]:
    """Cues that an answer points at, in its reasoning or beside its labels."""
    if explanation is None:
        return set()
    ids = {cue_id for claim in explanation.claims for cue_id in claim.cue_ids}
    ids |= {cue_id for cue_ids in (explanation.label_cues or {}).values() for cue_id in cue_ids}
    return ids & {cue.id for cue in cueset.cues}


def _drops(trial: Trial, number: int) -> tuple[list[str], list[str]]:
    """Cited and uncited cues of a clip that are dropped one by one."""
    cueset = trial.cuesets[number]
    if trial.base.explanation(number) is None:
        return [], []
    named = _cited_ids(trial.base.explanation(number), cueset)
    rng, most = trial.rng("cited", cueset.clip.id), trial.settings.most_cues
    kinds: tuple[list[str], list[str]] = (
        [cue.id for cue in cueset.cues if cue.id in named],
        [cue.id for cue in cueset.cues if cue.id not in named and cue.state != "unknown"],
    )
    first, second = ([*ids] if len(ids) <= most else sorted(rng.sample(ids, most)) for ids in kinds)
    return first, second


def _as_many(trial: Trial, cueset: CueSet, number: int) -> set[str]:
    """Return so many cues, drawn from all."""
    ids = sorted(cue.id for cue in cueset.cues)
    return set(trial.rng("cited at random", cueset.clip.id).sample(ids, number))


def _beyond_chance(trial: Trial, answers: Answers) -> list[float | None]:
    """Return what dropping all cited cues moves, beyond what as many of all cues move."""
    pairs = zip(trial.moves(answers, _WITHOUT), trial.moves(answers, _RANDOM), strict=True)
    return [None if ours is None or theirs is None else ours - theirs for ours, theirs in pairs]


def _mean_move(trial: Trial, answers: Answers, number: int, cue_ids: Sequence[str]) -> float | None:
    found = [move for cue_id in cue_ids if (move := trial.move(answers, number, cue_id)) is not None]
    return fmean(found) if found else None


def _by_code(trial: Trial, answers: Answers, drops: Sequence[tuple[list[str], list[str]]]) -> Bars:
    """Draw what dropping a cue of each kind moves; the kinds that move most."""
    by_code: dict[str, list[float]] = defaultdict(list)
    for number, (named, others) in enumerate(drops):
        cues = trial.cuesets[number].by_id()
        for cue_id in (*named, *others):
            move = trial.move(answers, number, cue_id)
            if move is not None:
                cue = cues[cue_id]
                by_code[cue.code if cue.modality == "face" else f"{cue.modality} {cue.code}"].append(move)
    ranked = sorted(by_code, key=lambda code: (-fmean(by_code[code]), code))[:_MOST_CODES]
    found = [(f"{code} (n={len(by_code[code])})", trial.interval(by_code[code])) for code in ranked]
    return bars_of("What dropping one cue moves, by kind of cue", "share of the probability", found)
