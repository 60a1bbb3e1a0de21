"""Check: what is wrong with a draft, what was measured in it, and what its writer may be told.

Every draft goes through all checks (``checks/``, one a file), whatever wrote it; a draft without a fault may be used.
What cannot be read at all has that fault alone. The thresholds stand in :class:`Limits` with their reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ..errors import EmoreasonError
from .checked import REASONS, Checked, Fault, NoEvidenceError
from .checks.action_units import check_action_units
from .checks.case import Case
from .checks.citations import check_citations, cited_share
from .checks.consistency import check_consistency
from .checks.copied import check_copied, copied_share
from .checks.form import check_form
from .checks.grounding import check_contradicted, check_unverifiable, unverifiable_share
from .checks.label import check_label, crowd_share, wheel_agreement
from .checks.leak import BLIND, check_leak
from .checks.length import check_length, length_in_words
from .checks.limits import Limits
from .checks.observations import check_observations, emotion_words
from .checks.repetition import check_repetition, repeated_share
from .checks.reward import blended
from .checks.shown import Prompts
from .checks.told_label import check_told_label
from .draft import Draft
from .labelled import LabelledClip

__all__ = ["CHECKS", "Limits", "check_draft", "check_drafts", "failed", "feedback"]

#: All checks of a draft that can be read, in the order in which faults are told.
CHECKS: Final[tuple[Callable[[Case], Iterator[Fault]], ...]] = (
    check_form,
    check_leak,
    check_told_label,
    check_label,
    check_contradicted,
    check_unverifiable,
    check_citations,
    check_action_units,
    check_consistency,
    check_observations,
    check_copied,
    check_repetition,
    check_length,
)
#: Nothing that its writer could mend.
_NOT_THE_WRITERS: Final = frozenset({"leak", "no_evidence", "engine"})
#: Reasons whose details come from the gold.
_FROM_GOLD: Final = frozenset({"label", "action_units"})
_LONGEST_DETAIL: Final = 300

_PROMPTS: Final = Prompts()


def check_draft(clip: LabelledClip, draft: Draft, limits: Limits | None = None) -> Checked:
    """Check one draft.

    Parameters
    ----------
    clip : LabelledClip
        What it is about, and the gold.
    draft : Draft
        What was written.
    limits : Limits, optional
        Thresholds.

    Returns
    -------
    Checked
        With its faults, measures, and the reward that drafts of one clip are compared by.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue, CueSet, Reference
    >>> from emoreason.data_synth.draft import Manner
    >>> frown = Cue(id="face1.AU4.1", modality="face", code="AU4", level="strongly", subject="face1")
    >>> clip = LabelledClip(
    ...     id="a", cueset=CueSet(clip=Clip(id="a"), cues=(frown,)), reference=Reference(emotion="anger")
    ... )
    >>> text = '{"labels": [{"label": "happy", "cues": ["face1.AU12.1"]}], "emotions": [], "valence": 0.8, '
    >>> text += '"arousal": 0.2, "action_units": ["AU12"]}'
    >>> found = check_draft(clip, Draft(number=0, text=text, manner=Manner(style="direct"), writer="someone"))
    >>> [fault.reason for fault in found.faults]
    ['label', 'label', 'uncited', 'action_units']
    """
    case = Case(clip, draft, limits or Limits(), _PROMPTS)
    if not case.completion.answered:
        detail = "no JSON object with an answer can be found"
        return Checked(draft=draft, faults=(Fault(reason="unreadable", detail=detail),))
    faults = tuple(fault for check in CHECKS for fault in check(case))
    return Checked(draft=draft, faults=faults, measures=_measures(case), reward=blended(case))


def check_drafts(clip: LabelledClip, drafts: Iterable[Draft], limits: Limits | None = None) -> tuple[Checked, ...]:
    """Check the drafts of one clip; its prompt is made once."""
    return tuple(check_draft(clip, draft, limits) for draft in drafts)


def failed(draft: Draft, error: EmoreasonError) -> Checked:
    """Say that a writer wrote nothing, and why; ``draft`` has no text and tells what was ordered."""
    reason = "no_evidence" if isinstance(error, NoEvidenceError) else "engine"
    return Checked(draft=draft, faults=(Fault(reason=reason, detail=str(error)[:_LONGEST_DETAIL]),))


def feedback(checked: Checked) -> tuple[str, ...]:
    """Say what a writer may be told of a draft's faults, one sentence each, to write a better one.

    A writer who must not know the label is not told what the gold says, nor that its answer disagrees with it: writing
    again until the label comes out would be telling it. The sentences may hold words of the draft and of the clip:
    what puts them into a prompt fences them like any untrusted text.

    Examples
    --------
    >>> from emoreason.data_synth.draft import Manner
    >>> faults = (Fault(reason="label", detail="happiness against anger"), Fault(reason="length", detail="9 words"))
    >>> blind = Draft(number=0, text="", manner=Manner(mode="label-blind"), writer="someone")
    >>> feedback(Checked(draft=blind, faults=faults))
    ('It is too short or too long: 9 words.',)
    """
    blind = checked.draft.manner.mode in BLIND
    told = []
    for fault in checked.faults:
        if fault.reason in _NOT_THE_WRITERS or (blind and fault.reason == "label"):
            continue
        sentence = REASONS[fault.reason]
        if fault.detail and not (blind and fault.reason in _FROM_GOLD):
            sentence = f"{sentence.removesuffix('.')}: {fault.detail[:_LONGEST_DETAIL].removesuffix('.')}."
        told.append(sentence)
    return tuple(dict.fromkeys(told))


def _measures(case: Case) -> dict[str, float]:
    """Measure what the card and the selection tell: shares 0 to 1, and counts."""
    values: Mapping[str, float | None] = {
        "agreement": wheel_agreement(case),
        "label": _value(case, "label"),
        "crowd": crowd_share(case),
        "format": _value(case, "format"),
        "consistency": _value(case, "consistency"),
        "grounding": _value(case, "grounding"),
    }
    measures = {name: value for name, value in values.items() if value is not None}
    measures["emotion_words"] = float(len(emotion_words(case)))
    if not case.thinks:
        return measures
    claims = len(case.verdicts)
    supported = sum(verdict.verdict == "supported" for verdict in case.verdicts)
    contradicted = sum(verdict.verdict == "contradicted" for verdict in case.verdicts)
    return measures | {
        "claims": float(claims),
        "grounded": supported / claims if claims else 0.0,
        "contradicted": float(contradicted),
        "unverifiable": unverifiable_share(case),
        "cited": cited_share(case),
        "copied": copied_share(case),
        "repeated": repeated_share(case)[0],
        "words": length_in_words(case),
    }


def _value(case: Case, name: str) -> float | None:
    score = case.scores[name]
    return None if score is None else score.value
