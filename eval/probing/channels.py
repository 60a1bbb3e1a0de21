"""Channels: what a missing one changes, and which of another clip the answer follows (``mask`` and ``swap``)."""

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final

from ...records import CueSet, Explanation
from ...rewards.grounding import verdicts
from .answers import top_of
from .result import Effect, ProbeResult, bars_of
from .trial import Answers, Trial
from .variants import CHANNELS, has_channel, masked, swapped

#: A sentence that says that something is not known claims nothing of it.
_MISSING: Final = re.compile(
    r"\bnot (?:\w+ )?(?:measured|asked|available|observed|given|known|provided|shown|included|visible|audible)\b"
    r"|\b(?:no|without|lacking|missing|unavailable|unknown|cannot|could not|absent)\b"
    r"|没有|无法|缺少|缺失|未知|未测|未提供|不可用|不知道",
    re.IGNORECASE,
)

_MASK: Final = "Each channel (face, voice, words, scene) is taken away in turn, and that it is missing is said."
_SWAP: Final = "Each channel is replaced in turn by that of another clip."


def mask(trial: Trial) -> ProbeResult:
    """Take channels away, and see what moves and whether they are still spoken of."""
    there = _channels(trial)
    variants: dict[Hashable, CueSet] = {
        (number, channel): masked(trial.cuesets[number], channel)
        for channel, numbers in there.items()
        for number in numbers
    }
    answers = trial.ask(variants)
    moves = {channel: trial.moves(answers, channel) for channel in there}
    spoken = {channel: _speaks_on(trial, answers, variants, channel) for channel in there}
    every = [
        _any([spoken[channel][number] for channel in there if spoken[channel][number] is not None])
        for number in range(len(trial.cuesets))
    ]
    of = "share of clips"
    effects = (
        trial.effect("claims about a masked channel", every, of=of, higher_is_better=False, yes_or_no=True),
        *(trial.effect(f"{channel} masked: moved", moves[channel]) for channel in there),
        *(
            trial.effect(
                f"{channel} masked: claims about it", spoken[channel], of=of, higher_is_better=False, yes_or_no=True
            )
            for channel in there
        ),
    )
    return ProbeResult(
        probe="mask",
        about=_MASK,
        sentence=_mask_sentence(effects, list(there)),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            *answers.notes("variants"),
            "A claim counts when it affirms something of the channel that no cue left bears out; it is read by rule "
            "(rewards/grounding). Sentences that say that something is missing, and possibilities, do not count.",
        ),
        pictures=(
            bars_of(
                "What taking a channel away moves",
                "share of the probability",
                [(channel, effects[1 + at].interval) for at, channel in enumerate(there)],
            ),
        ),
        counts={"clips": len(trial.cuesets), "failed": answers.failed, "asked": len(variants)},
    )


def _channels(trial: Trial) -> dict[str, list[int]]:
    """Channel -> clips that have it and another one as well; channels that no clip has are left out."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, cueset in enumerate(trial.cuesets):
        own = [channel for channel in CHANNELS if has_channel(cueset, channel)]
        for channel in own:
            found[channel].append(number)
    return {channel: found[channel] for channel in CHANNELS if found[channel]}


def _speaks_on(trial: Trial, answers: Answers, variants: dict[Hashable, CueSet], channel: str) -> list[float | None]:
    values: list[float | None] = []
    for number in range(len(trial.cuesets)):
        explanation = answers.explanation((number, channel))
        if explanation is None:
            values.append(None)
        else:
            values.append(float(_claims_about(explanation, variants[number, channel], channel) > 0))
    return values


def _claims_about(explanation: Explanation, cueset: CueSet, channel: str) -> int:
    """How many claims affirm something of a channel that the cues left do not bear out."""
    return sum(
        verdict.assertion.modality in CHANNELS[channel]
        and not verdict.assertion.negated
        and not verdict.assertion.hedged
        and verdict.verdict != "supported"
        and not _MISSING.search(verdict.assertion.sentence)
        for verdict in verdicts(explanation.reasoning or "", cueset)
    )


def _any(values: Sequence[float | None]) -> float | None:
    return float(any(values)) if values else None


def _mask_sentence(effects: Sequence[Effect], channels: Sequence[str]) -> str:
    claims = effects[0]
    if not claims.known:
        return "Not measured: no clip has a channel that could be masked and an answer."
    moved_by = ", ".join(
        f"{channel} {effect.value:.1%}" for channel, effect in zip(channels, effects[1:], strict=False) if effect.known
    )
    if claims.value == 0:
        goes_on = "It never speaks of what it no longer has."
    else:
        goes_on = f"On {claims.value:.0%} of the clips it goes on speaking of a channel that it no longer has."
    return f"Taking a channel away moves so much of the probability: {moved_by}. {goes_on}"


def swap(trial: Trial) -> ProbeResult:
    """Replace channels by those of another clip, and see whether the answer follows."""
    variants: dict[Hashable, CueSet] = {}
    donors: dict[Hashable, int] = {}
    there = _channels(trial)
    for channel, numbers in there.items():
        for number in numbers:
            donor = _donor(trial, number, numbers, channel)
            if donor is not None:
                donors[number, channel] = donor
                variants[number, channel] = swapped(trial.cuesets[number], trial.cuesets[donor], channel)
    answers = trial.ask(variants)
    follows = {channel: _follows(trial, answers, donors, channel) for channel in there}
    effects = (
        *(trial.effect(f"{channel} swapped: towards the other clip's answer", follows[channel]) for channel in there),
        *(trial.effect(f"{channel} swapped: moved", trial.moves(answers, channel)) for channel in there),
    )
    known = [f"{channel} {effect.value:+.1%}" for channel, effect in zip(there, effects, strict=False) if effect.known]
    return ProbeResult(
        probe="swap",
        about=_SWAP,
        sentence=(
            f"Given another clip's channel, the answer moves towards that clip's by: {', '.join(known)}. The channel "
            "with the most decides most."
            if known
            else "Not measured: there are no two clips with the same channel and different answers."
        ),
        effects=effects,
        notes=(
            *trial.base.notes("clips"),
            *answers.notes("variants"),
            "Towards the other clip's answer: how much probability its class gains. The other clip is drawn among "
            "those with another answer.",
        ),
        pictures=(
            bars_of(
                "How far the answer follows a swapped channel",
                "probability that the other clip's class gains",
                [(channel, effect.interval) for channel, effect in zip(there, effects, strict=False)],
                zero=True,
            ),
        ),
        counts={"clips": len(trial.cuesets), "failed": answers.failed, "asked": len(variants)},
    )


def _donor(trial: Trial, number: int, numbers: Sequence[int], channel: str) -> int | None:
    """Clip with the channel and with another answer, drawn by the seed."""
    own = trial.base.shares(number)
    if own is None:
        return None
    others = [
        other
        for other in numbers
        if other != number and (theirs := trial.base.shares(other)) is not None and top_of(theirs) != top_of(own)
    ]
    return trial.rng("swap", channel, trial.clips[number]).choice(others) if others else None


def _follows(trial: Trial, answers: Answers, donors: dict[Hashable, int], channel: str) -> list[float | None]:
    values: list[float | None] = []
    for number in range(len(trial.cuesets)):
        donor = donors.get((number, channel))
        before, after = trial.base.shares(number), answers.shares((number, channel))
        theirs = None if donor is None else trial.base.shares(donor)
        if before is None or after is None or theirs is None:
            values.append(None)
        else:
            top = top_of(theirs)
            values.append(float(after[top] - before[top]))
    return values
