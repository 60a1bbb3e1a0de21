"""Counterfactual pairs: the same clip twice, one cue changed, with the change of the answer that is to be expected.

What is expected comes from the published tables that the grounding reward goes by
(``rewards/grounding/bearing.py``): an emotion that the cue spoke for before, and does not after, should become less
probable (``down``), one that it speaks for after alone more (``up``). They say "has to do with", not "how much", and
single cues seldom decide an emotion: a pair says which way an answer should move, never how far. A ``control`` changes
a cue that speaks for nothing, and the answer should stay. The probe ``counterfactuals`` asks about them.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from ..cues.face.report import level_of
from ..eval.probing.counterfactual_lines import Change, Counterfactual, write_counterfactuals
from ..records import Cue, CueSet
from ..rewards.grounding.assertion import Assertion
from ..rewards.grounding.bearing import emotions_borne
from ..rewards.grounding.cue_index import index_of

__all__ = ["Counterfactual", "make_counterfactuals", "write_counterfactuals"]

_OPPOSITE: Final[Mapping[str, str]] = {
    "very_low": "very_high", "low": "high", "high": "low", "very_high": "very_low",
    "rising": "falling", "falling": "rising", "up": "down", "down": "up",
}  # fmt: skip
_TRACE: Final = 0.1
_FAINT_LEVELS: Final = frozenset(("barely", "slightly"))
#: Modalities whose cues are measured; prose says several things at once, and words are no single cue.
_MEASURED: Final = frozenset(("face", "head", "gaze", "voice"))


def make_counterfactuals(cuesets: Iterable[CueSet], *, each: int = 3, seed: int = 0) -> Iterator[Counterfactual]:
    """Make pairs, at most ``each`` of a clip, of different changes and cues where it has them.

    Parameters
    ----------
    cuesets : iterable of CueSet
        Read one by one.
    each : int
        Pairs of a clip.
    seed : int
        Of the choice among more.

    Examples
    --------
    >>> from emoreason.records import Clip
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", level="strongly", value=3.0, unit="0-5")
    >>> pairs = list(make_counterfactuals([CueSet(clip=Clip(id="a"), cues=(smile,))]))
    >>> [(one.change, one.down, one.changed.cues[0].level) for one in pairs]
    [('fainter', ('happiness',), 'barely'), ('removed', ('happiness',), None)]
    """
    for cueset in cuesets:
        found = list(_pairs(cueset))
        rng = random.Random(f"{seed} {cueset.clip.id}")  # noqa: S311 - nothing secret is drawn
        rng.shuffle(found)
        chosen: list[Counterfactual] = []
        while found and len(chosen) < each:
            found.sort(key=lambda one: sum((one.change == other.change) + (one.cue == other.cue) for other in chosen))
            chosen.append(found.pop(0))
        yield from sorted(chosen, key=lambda one: one.id)


def _pairs(cueset: CueSet) -> Iterator[Counterfactual]:
    before = {cue.id: _borne(cueset, cue) for cue in cueset.cues}
    for cue in cueset.cues:
        if cue.state != "present" or cue.modality not in _MEASURED or _spoken_for_by_another(cueset, cue):
            continue
        for change, other in _changes(cue, bears=bool(before[cue.id])):
            changed = replace(cueset, cues=tuple(other if one.id == cue.id else one for one in cueset.cues))
            after = _borne(changed, other)
            # Weaker evidence is less of the same; else what it no longer speaks for.
            down = before[cue.id] - {"neutral"} if change == "fainter" else before[cue.id] - after
            up = frozenset[str]() if change == "fainter" else after - before[cue.id]
            if bool(up | down) == (change == "control"):
                continue
            yield Counterfactual(
                id=f"{cueset.clip.id} {cue.id} {change}",
                clip=cueset.clip.id,
                cue=cue.id,
                change=change,
                up=tuple(sorted(up)),
                down=tuple(sorted(down)),
                cueset=cueset,
                changed=changed,
            )


def _borne(cueset: CueSet, cue: Cue) -> frozenset[str]:
    """Classes that a cue speaks for as it is."""
    claim = Assertion(sentence="", clause="", codes=(cue.code,), negated=cue.state == "absent")
    return emotions_borne(claim, index_of(cueset).by_id[cue.id])


def _spoken_for_by_another(cueset: CueSet, cue: Cue) -> bool:
    """Whether another cue says the same of the same person: one changed alone would contradict it."""
    return any(
        one.id != cue.id and (one.modality, one.code, one.subject) == (cue.modality, cue.code, cue.subject)
        for one in cueset.cues
    )


def _changes(cue: Cue, *, bears: bool) -> Iterator[tuple[Change, Cue]]:
    moves = cue.modality in ("face", "head", "gaze")
    if moves:
        yield (
            "removed" if bears else "control",
            replace(cue, state="absent", value=None, unit=None, level=None, direction=None, apex_s=None, marks=()),
        )
    if not bears:
        return
    if cue.modality == "face" and cue.level is not None and cue.level not in _FAINT_LEVELS:
        value = None if cue.value is None else _TRACE
        yield "fainter", replace(cue, value=value, level=level_of(_TRACE))
    if turned := _turned(cue):
        yield "opposite", replace(cue, **turned)


def _turned(cue: Cue) -> dict[str, Any]:
    """Fields of a cue turned round; a value would contradict them, and goes."""
    fields = {name: _OPPOSITE[word] for name in ("level", "direction") if (word := asdict(cue)[name]) in _OPPOSITE}
    return {**fields, "value": None, "unit": None} if fields else {}
