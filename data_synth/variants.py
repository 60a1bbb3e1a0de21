"""Variants of rows: cues held back, a modality taken away.

Two things keep a model from copying cues and from writing what is not there (``training/examples/holding_back.py``,
which draws them):

- **held-back cues**: some rows have ``held_back``; the prompt does not show these cues and the rewards know them;
- **masked modality**: some rows come a second time without one modality, which is said to be missing (a gap). The cues
  are taken out of the row, so nothing of them earns anything.

The target is one for what is shown. Where a template wrote it, it writes again; what a model wrote loses the sentences
that rest on something else, and must keep all its parts: those that weigh several modalities in one sentence seldom do,
and such rows then have no variant. Either way it is checked like a draft; a variant that does not pass is not made.
Rows of data that has one modality alone get no masked variant.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from ..errors import ConfigError, RecordError
from ..prompts.presets import preset_named
from ..records import CueSet, TrainingRow
from ..training.examples.drawing import draw
from ..training.examples.holding_back import plans_for
from ..training.examples.targets import adapt_target
from ..training.settings import DataSettings
from .check import check_draft
from .checked import Checked
from .checks.case import Case
from .checks.limits import Limits
from .checks.shown import Prompts
from .draft import MODES, STYLES, Draft, Manner, Mode, Style
from .labelled import LabelledClip
from .split import telling_digest
from .template.writer import write_template
from .writing.rows import clip_of, mode_of

__all__ = ["Variants", "case_of", "checked_row", "vary", "written"]

#: Begins the name of a row's variant: ``without voice``.
WITHOUT: Final = "without "
#: Begins the names of writers that write at no cost.
_TEMPLATE: Final = "template/"
_PROMPTS: Final = Prompts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """What is made of rows beside themselves.

    Attributes
    ----------
    held_back_rows : float
        Share of the rows that hold cues back.
    hold_back : float
        Share of the cues that such a row holds back.
    masked_rows : float
        Share of the rows that come again without a modality.
    pairs : float
        Share of the rows that get preference pairs (``data_synth/preferences.py``), at most one of each kind.
    seed : int
        Of what is drawn.
    """

    held_back_rows: float = 0.2
    hold_back: float = 0.25
    masked_rows: float = 0.1
    pairs: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name in ("held_back_rows", "hold_back", "masked_rows", "pairs"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise ConfigError(f"{name} is {value}; expected a share from 0 to 1")


def vary(
    rows: Iterable[TrainingRow],
    variants: Variants | None = None,
    limits: Limits | None = None,
    *,
    observed: Mapping[bytes, str] | None = None,
) -> Iterator[TrainingRow]:
    """Yield each row, some with cues held back, and its masked variant, where there is one, behind it.

    Parameters
    ----------
    rows : iterable of TrainingRow
        Taken one by one. Those that no writer wrote (perception) stay as they are.
    variants : Variants, optional
    limits : Limits, optional
        Of the checks that a variant must pass.
    observed : mapping, optional
        ``Splits.observed``: a variant in which is left what another split shows is not made.
    """
    variants, limits, observed = variants or Variants(), limits or Limits(), observed or {}
    for row in rows:
        if not written(row):
            yield row
            continue
        yield _held_back(row, variants, limits)
        masked = _masked(row, variants, limits)
        if masked is not None and _is_elsewhere(masked, observed):
            masked = None
        if masked is not None:
            yield masked


def written(row: TrainingRow) -> bool:
    """Whether a row's target is a draft about the clip."""
    return row.target is not None and mode_of(row) in MODES


def checked_row(row: TrainingRow, limits: Limits, shown: CueSet | None = None, target: str | None = None) -> Checked:
    """Check a row as the draft that it was.

    Parameters
    ----------
    row : TrainingRow
        With a target that a writer wrote.
    limits : Limits
        Of the checks.
    shown : CueSet, optional
        What its prompt shows, if that is not all of its clip. The coded action units are left out of the gold then:
        they were coded with everything in view.
    target : str, optional
        In the place of its target.
    """
    return check_draft(_clip(row, shown), _draft(row, row.target if target is None else target), limits)


def case_of(row: TrainingRow, limits: Limits, target: str) -> Case:
    """Return an answer to a row's prompt as the checks look at it, for those who need some of them alone."""
    return Case(_clip(row, None), _draft(row, target), limits, _PROMPTS)


def _draft(row: TrainingRow, target: str | None) -> Draft:
    return Draft(number=0, text=target or "", manner=_manner(row), writer=_writer(row))


def _clip(row: TrainingRow, shown: CueSet | None) -> LabelledClip:
    """Clip of a row, as far as it is shown."""
    reference = row.reference if shown is None else replace(row.reference, action_units=None)
    return LabelledClip(id=clip_of(row), cueset=shown or row.cueset, reference=reference, group=row.group)


def _manner(row: TrainingRow) -> Manner:
    seed, said = row.origin.get("seed"), row.origin.get("style")
    thinks: Style = "long" if preset_named(row.preset).thinks else "direct"
    return Manner(
        mode=cast("Mode", mode_of(row)),
        style=next((style for style in STYLES if style == said), thinks),
        language=row.language,
        seed=seed if isinstance(seed, int) else 0,
    )


def _writer(row: TrainingRow) -> str:
    writer = row.origin.get("writer")
    return writer if isinstance(writer, str) else "unknown"


def _held_back(row: TrainingRow, variants: Variants, limits: Limits) -> TrainingRow:
    if row.held_back or draw(row.id, variants.seed, "held back").random() >= variants.held_back_rows:
        return row
    data = DataSettings(train=(), hold_back=variants.hold_back, seed=variants.seed)
    for plan in plans_for(row, data, variants.seed):
        shown = {cue.id for cue in plan.cueset.cues}
        held = tuple(cue.id for cue in row.cueset.cues if cue.id not in shown)
        target = _target_for(row, plan.cueset, limits) if held else None
        if target is not None:
            return replace(row, target=target, held_back=held, origin={**row.origin, "held_back": len(held)})
    return row


def _masked(row: TrainingRow, variants: Variants, limits: Limits) -> TrainingRow | None:
    """Return the row without a modality; None where it was not so drawn, or too little would be left."""
    data = DataSettings(train=(), mask_modality=variants.masked_rows, seed=variants.seed)
    shown = next(iter(plans_for(row, data, variants.seed))).cueset
    if len(shown.gaps) == len(row.cueset.gaps):
        return None
    modality = shown.gaps[-1].modality
    target = _target_for(row, shown, limits)
    if target is None:
        return None
    reference = replace(row.reference, action_units=None) if modality == "face" else row.reference
    origin = {**row.origin, "variant": f"{WITHOUT}{modality}"}
    return replace(
        row, id=f"{row.id}-without-{modality}", cueset=shown, target=target, reference=reference, origin=origin
    )


def _target_for(row: TrainingRow, shown: CueSet, limits: Limits) -> str | None:
    """Target for what is shown, which passes the checks; None where there is none."""
    if _writer(row).startswith(_TEMPLATE):
        try:
            target = write_template(_clip(row, shown), _manner(row))
        except RecordError:  # nothing is left that there are words for
            return None
    else:
        thinks = preset_named(row.preset).thinks
        adapted = adapt_target(row.target or "", row.cueset, shown, thinks=thinks, sees=False)
        if not (adapted.keeps_evidence and adapted.keeps_parts):
            return None
        target = adapted.text
    return target if checked_row(row, limits, shown, target).passed else None


def _is_elsewhere(row: TrainingRow, observed: Mapping[bytes, str]) -> bool:
    digest = telling_digest(row.cueset)
    return digest is not None and observed.get(digest, row.split) != row.split
