"""Preference pairs: a row's target, and an answer to the same prompt that is worse in a known way.

Three kinds of worse answers:

- ``swapped``: the observations of one modality are those of another clip (``negatives/swapping.py``);
- ``flipped``: one true claim has the opposite intensity or direction (``negatives/flipping.py``);
- ``rejected``: another draft for the clip, in the same language and style, that failed the checks.

Every pair has been through the checks again: the worse answer has a fault in what it says (not in its length or form
alone), ``why`` is the first of these, and the blended reward pays less for what was made of a row's own target.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ..errors import RecordError
from ..reasoning.batch.manifest_tables import json_lines
from ..reasoning.batch.row import plain_id
from ..records import TrainingRow
from ..training.examples.drawing import draw
from .checked import Checked, Fault
from .checks.action_units import check_action_units
from .checks.case import Case
from .checks.citations import check_citations
from .checks.consistency import check_consistency
from .checks.grounding import check_contradicted, check_unverifiable
from .checks.label import check_label
from .checks.limits import Limits
from .checks.observations import check_observations
from .checks.reward import blended
from .negatives.claims import Claims
from .negatives.flipping import flipped
from .negatives.swapping import Observing, swapped
from .variants import Variants, case_of, written
from .writing.rows import clip_of, variant_of

PREFERENCES: Final = "preferences.jsonl"

Kind = Literal["swapped", "flipped", "rejected"]

#: Checks of what an answer says, in the order of ``data_synth/check.py``; the others are of its form and length.
TELLING_CHECKS: Final[Sequence[Callable[[Case], Iterator[Fault]]]] = (
    check_label,
    check_contradicted,
    check_unverifiable,
    check_citations,
    check_action_units,
    check_consistency,
    check_observations,
)
#: Their reasons: faults that make an answer worse in what it says.
TELLING: Final = frozenset(
    ("contradicted", "unverifiable", "uncited", "action_units", "label", "inconsistent", "emotion_in_observation")
)
#: Rows seen last, of each language and style, that a modality may be taken from.
_PARTNERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A row and an answer that is worse than its target.

    Attributes
    ----------
    row, clip : str
        Ids of the row and of its clip.
    kind : Kind
    rejected : str
        The worse answer, in the contract's form.
    why : str
        The first fault that makes it worse: its reason and its detail.
    margin : float or None
        Blended reward of the target less that of the worse answer. None: not known.
    """

    row: str
    clip: str
    kind: Kind
    rejected: str
    why: str
    margin: float | None = None


def preferences(
    rows: Iterable[TrainingRow],
    variants: Variants | None = None,
    limits: Limits | None = None,
    *,
    drafts: Mapping[str, Sequence[Checked]] | None = None,
) -> Iterator[Preference]:
    """Yield the pairs of rows, those of a row together.

    Parameters
    ----------
    rows : iterable of TrainingRow
        In order; only the last few are kept, for what is swapped.
    variants : Variants, optional
        ``pairs`` is the share of the rows, and ``seed`` draws.
    limits : Limits, optional
        Of the checks.
    drafts : mapping, optional
        Clip id -> its checked drafts, of which the failed ones make pairs as well; looked up row by row.
    """
    variants, limits = variants or Variants(), limits or Limits()
    pairing = Pairing(variants, limits, drafts)
    for row in rows:
        yield from pairing.of(row)


class Pairing:
    """Makes the pairs of rows that come one by one; parameters are those of :func:`preferences`.

    Attributes
    ----------
    variants : Variants
    limits : Limits
    drafts : mapping or None
    """

    def __init__(
        self, variants: Variants, limits: Limits, drafts: Mapping[str, Sequence[Checked]] | None = None
    ) -> None:
        self.variants, self.limits, self.drafts = variants, limits, drafts
        self._partners: dict[tuple[str, ...], deque[Observing]] = {}

    def of(self, row: TrainingRow) -> Iterator[Preference]:
        """Yield the pairs of the next row; none where it has none."""
        if not written(row) or row.held_back:
            return
        key = (row.language, row.preset, str(row.origin.get("style")), row.split or "")
        near = self._partners.setdefault(key, deque(maxlen=_PARTNERS))
        ours = Observing(row)
        if draw(row.id, self.variants.seed, "pairs").random() < self.variants.pairs:
            yield from self._made(ours, near)
            if self.drafts is not None:
                yield from _failed_drafts(row, self.drafts.get(clip_of(row), ()))
        near.append(ours)

    def _made(self, ours: Observing, near: Sequence[Observing]) -> Iterator[Preference]:
        """Yield the pairs whose worse answer is made of the target."""
        row, claims = ours.row, Claims(ours.row.cueset)
        chance = draw(row.id, self.variants.seed, "negatives")
        tried: list[tuple[Kind, str]] = []
        if others := [one for one in near if one.emotion != ours.emotion]:
            found = swapped(ours, chance.choice(others), chance)
            tried += [("swapped", found[0])] if found is not None else []
        found = flipped(row.target or "", row.cueset, row.language, chance, claims=claims)
        tried += [("flipped", found[0])] if found is not None else []
        chosen = self._reward(row, claims) if tried else None
        for kind, text in tried:
            case = _case(row, self.limits, text, claims)
            if (why := _first_fault(case)) is None:
                continue
            reward = blended(case)
            margin = None if chosen is None or reward is None else round(chosen - reward, 4)
            if margin is None or margin > 0:
                yield Preference(row=row.id, clip=clip_of(row), kind=kind, rejected=text, why=why, margin=margin)

    def _reward(self, row: TrainingRow, claims: Claims) -> float | None:
        """Reward of the target: what it earned as a draft, where it still is that draft."""
        earned = row.origin.get("reward")
        if variant_of(row) is None and isinstance(earned, float):
            return earned
        case = _case(row, self.limits, row.target or "", claims)
        return blended(case) if case.completion.answered else None


def _case(row: TrainingRow, limits: Limits, text: str, claims: Claims) -> Case:
    case = case_of(row, limits, text)
    if case.thinks:
        case.verdicts = claims.of(case.observed)
    return case


def _first_fault(case: Case) -> str | None:
    """Tell the first fault that makes an answer worse in what it says; what cannot be read at all says nothing."""
    if not case.completion.answered:
        return None
    fault = next((fault for check in TELLING_CHECKS for fault in check(case)), None)
    return None if fault is None else _told(fault)


def _failed_drafts(row: TrainingRow, drafts: Sequence[Checked]) -> Iterator[Preference]:
    """Yield a pair with the failed draft of the same manner that earned most: the hardest to tell."""
    if row.origin.get("variant") is not None:
        return
    alike = [
        one
        for one in drafts
        if (one.draft.manner.language, one.draft.manner.style) == (row.language, row.origin.get("style"))
        and _why(one) is not None
    ]
    if not alike:
        return
    worst = max(alike, key=lambda one: (one.reward if one.reward is not None else float("-inf"), -one.draft.number))
    reward = row.origin.get("reward")
    margin = round(reward - worst.reward, 4) if isinstance(reward, float) and worst.reward is not None else None
    yield Preference(
        row=row.id,
        clip=clip_of(row),
        kind="rejected",
        rejected=plain_id(worst.draft.text),
        why=_why(worst) or "",
        margin=margin,
    )


def _why(checked: Checked) -> str | None:
    """First fault that makes an answer worse in what it says."""
    fault = next((one for one in checked.faults if one.reason in TELLING), None)
    return None if fault is None else _told(fault)


def _told(fault: Fault) -> str:
    return f"{fault.reason}: {fault.detail}".removesuffix(": ")


def write_preferences(pairs: Iterable[Preference], folder: Path) -> int:
    """Write ``preferences.jsonl``, whole or not at all; return how many.

    Raises
    ------
    RecordError
        It cannot be written.
    """
    path = folder / PREFERENCES
    partial = path.with_name(f".{PREFERENCES}.{os.getpid()}.partial")
    number = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            for pair in pairs:
                value = {name: getattr(pair, name) for name in Preference.__dataclass_fields__}
                file.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
                number += 1
        os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return number


def read_preferences(folder: Path) -> Iterator[Preference]:
    """Yield the pairs of ``preferences.jsonl``; nothing where there is no such file.

    Raises
    ------
    RecordError
        A line is no pair.
    """
    path = folder / PREFERENCES
    if not path.exists():
        return
    for place, value in json_lines(path):
        if isinstance(value, RecordError):
            raise RecordError(f"{place}: {value}")
        known: dict[str, Any] = {name: value[name] for name in Preference.__dataclass_fields__ if name in value}
        try:
            yield Preference(**known)
        except TypeError as error:
            raise RecordError(f"{place}: no preference pair; expected row, clip, kind, rejected and why") from error
