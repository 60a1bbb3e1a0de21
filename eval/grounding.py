"""Grounding suite: which claims of a text are borne out by the clip's cues.

Every text is read as claims and each is checked by rule against all cues of the clip (the rules:
:mod:`emoreason.rewards.grounding`): supported, contradicted, or unverifiable, negation, intensity, direction, side,
person and time included. Rates are of claims, over all clips and for each modality; the first measure is the mean over
clips of the share that is supported, 0 for a clip about which nothing was claimed. Claims that are true and say nothing
about the emotion count as supported here, and so does what is true of nearly every clip (most actions are absent): the
*grounding reward* beside it pays for claims that bear on the answer, and the shuffled control shows what chance earns.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

import numpy as np

from ..errors import ConfigError
from ..records import CueSet
from ..records.labels import MODALITIES
from ..rewards.grounding import Verdict, verdicts
from ..rewards.grounding.scoring import score_verdicts
from ..rewards.grounding.verdict import Ruling
from .measure import Measure, mean_measure, share
from .pictures import Matrix
from .sample import Sample
from .suite import SuiteResult, SuiteSettings
from .written import completion_of, counted, reference_of_text

RULINGS: Final[tuple[Ruling, ...]] = get_args(Ruling)
#: Claims about what no cue of the gold is about, and those that no lexicon knows.
OTHER: Final = "other"
#: An engine whose text repeats the cues' lines by design; its copies may earn.
_REPEATS_CUES: Final = "evidence"

Test = Callable[[Verdict], bool]


def grounding(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Check the claims of texts against the gold's cues.

    Parameters
    ----------
    samples : sequence of Sample
        Golds with a ``cueset``.
    settings : SuiteSettings
        Nothing of it is used: the rules read English and Chinese.

    Raises
    ------
    ConfigError
        No gold has cues.
    """
    usable = [_cues(sample) is not None for sample in samples]
    if not any(usable):
        raise ConfigError(
            "grounding checks claims against cues, and no clip of the gold has any; "
            "give a gold file with cue sets (a column 'cueset', or action units with intensities)"
        )
    found = [_checked(sample) for sample in samples]
    modalities = _modalities(samples)
    silent = sum(use and not one for use, one in zip(usable, found, strict=True))
    return SuiteResult(
        suite="grounding",
        measures=_measures(samples, found, usable, modalities),
        counts=counted(samples, usable) | {"claims": sum(len(one) for one in found), "without_a_claim": silent},
        settings={"rules": "emoreason.rewards.grounding"},
        notes=_notes(samples, silent, sum(usable)),
        pictures=(_picture(found, modalities),),
        clips={sample.clip: _shown(one) for sample, one, use in zip(samples, found, usable, strict=True) if use},
    )


def _cues(sample: Sample) -> CueSet | None:
    cueset = sample.gold.reference.cueset
    return cueset if cueset is not None and cueset.cues else None


def _checked(sample: Sample) -> list[Verdict]:
    if _cues(sample) is None:
        return []
    cueset = reference_of_text(sample.gold).cueset
    reasoning = completion_of(sample.prediction).reasoning
    return verdicts(reasoning, cueset) if cueset is not None and reasoning.strip() else []


def _modalities(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Modalities that the gold has cues of: the same for every system."""
    cuesets = [cueset for cueset in map(_cues, samples) if cueset is not None]
    seen = {cue.modality for cueset in cuesets for cue in cueset.cues}
    return (*(modality for modality in MODALITIES if modality in seen), OTHER)


def _modality(verdict: Verdict, modalities: Sequence[str]) -> str:
    modality = verdict.assertion.modality
    return modality if modality is not None and modality in modalities else OTHER


def _measures(
    samples: Sequence[Sample], found: Sequence[Sequence[Verdict]], usable: Sequence[bool], modalities: Sequence[str]
) -> tuple[Measure, ...]:
    rewards = [_reward(sample, one) if use else None for sample, one, use in zip(samples, found, usable, strict=True)]
    supported = [_supported(one) if use else None for one, use in zip(found, usable, strict=True)]
    claims = [float(len(one)) if use else None for one, use in zip(found, usable, strict=True)]
    return (
        mean_measure("supported, mean of clips", supported),
        *(_rate(ruling, found, _is(ruling)) for ruling in RULINGS),
        mean_measure("grounding reward", rewards),
        _rate("claims that cite a cue", found, lambda claim: bool(claim.assertion.cited)),
        _rate("miscited", found, lambda claim: claim.miscited, _cites),
        mean_measure("claims per clip", claims, higher_is_better=None),
        *(
            _rate(f"{modality}: {ruling}", found, _is(ruling), _about(modality, modalities))
            for modality in modalities
            for ruling in RULINGS
        ),
    )


def _supported(found: Sequence[Verdict]) -> float:
    return sum(claim.verdict == "supported" for claim in found) / len(found) if found else 0.0


def _is(ruling: Ruling) -> Test:
    return lambda claim: claim.verdict == ruling


def _about(modality: str, modalities: Sequence[str]) -> Test:
    return lambda claim: _modality(claim, modalities) == modality


def _cites(claim: Verdict) -> bool:
    return bool(claim.assertion.cited or claim.assertion.unknown_ids)


def _any(claim: Verdict) -> bool:
    return True


def _rate(name: str, found: Sequence[Sequence[Verdict]], of: Test, among: Test = _any) -> Measure:
    """Share of the claims among some that are so, over all clips."""
    rows = []
    for claims in found:
        counted_in = [claim for claim in claims if among(claim)]
        rows.append([float(sum(map(of, counted_in))), float(len(counted_in))])
    sums = np.array(rows, dtype=np.float64).reshape(-1, 2)
    better = None if name.endswith("unverifiable") else not name.endswith(("contradicted", "miscited"))
    return Measure(name=name, sums=sums, of=share, applies=sums[:, 1] > 0, higher_is_better=better)


def _reward(sample: Sample, found: Sequence[Verdict]) -> float:
    engine = sample.prediction.explanation.engine if sample.prediction and sample.prediction.explanation else None
    score = score_verdicts(
        found,
        completion_of(sample.prediction),
        reference_of_text(sample.gold),
        copies_earn=engine == _REPEATS_CUES,
    )
    return float(score.value or 0.0) if score is not None else 0.0


def _notes(samples: Sequence[Sample], silent: int, scored: int) -> tuple[str, ...]:
    notes = [
        "A claim is unverifiable where nothing was measured that could tell: that is a limit of the cues, not always "
        "a fault of the text.",
        "What is absent in one clip is absent in most: read the rates beside those of shuffled predictions.",
    ]
    if silent:
        notes.append(f"{silent} of {scored} texts make no claim that can be checked: 0 in the first line.")
    written = [sample for sample in samples if sample.prediction is not None]
    if written and not any(completion_of(sample.prediction).labels for sample in written):
        notes.append("The grounding reward pays for claims that speak for the labels; these predictions name none.")
    return tuple(notes)


def _picture(found: Sequence[Sequence[Verdict]], modalities: Sequence[str]) -> Matrix:
    values: list[list[float | None]] = []
    rows: list[str] = []
    for modality in modalities:
        claims = [v.verdict for one in found for v in one if _modality(v, modalities) == modality]
        rows.append(f"{modality} ({len(claims)})")
        values.append([claims.count(ruling) / len(claims) if claims else None for ruling in RULINGS])
    return Matrix(
        title="Claims by modality",
        rows=rows,
        columns=RULINGS,
        values=values,
        row_title="what the claim is about",
        column_title="verdict",
        of="share of the row",
    )


def _shown(found: Sequence[Verdict]) -> Mapping[str, Any]:
    claims = [
        {"sentence": v.claim, "verdict": v.verdict, "cue_ids": list(v.cue_ids), "why": v.why, "miscited": v.miscited}
        for v in found
    ]
    return {**{ruling: sum(v.verdict == ruling for v in found) for ruling in RULINGS}, "claims": claims}
