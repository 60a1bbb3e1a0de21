"""The list of cues: by modality and person, present ones first, absent and unknown ones apart."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...cues.wording import cue_name, plain_name
from ...records.labels import MODALITIES, STATES, Modality
from .axis import span
from .choice import Choice, Listed
from .claims import details_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRow:
    """One cue as the list and the details panel show it."""

    listed: Listed
    name: str
    details: str
    said: str
    time: str
    seek_s: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CueGroup:
    """Cues of one modality and person."""

    title: str
    modality: str
    present: tuple[CueRow, ...]
    absent: tuple[CueRow, ...]
    unknown: tuple[CueRow, ...]


def groups_of(choice: Choice) -> Iterator[CueGroup]:
    """Group the listed cues in the order in which their kinds first occur."""
    kinds: dict[tuple[Modality, str | None], list[CueRow]] = {}
    for listed in choice.listed.values():
        kinds.setdefault((listed.cue.modality, listed.cue.subject), []).append(_row(listed))
    for (modality, subject), rows in sorted(kinds.items(), key=lambda item: MODALITIES.index(item[0][0])):
        by_state = {state: tuple(row for row in rows if row.listed.cue.state == state) for state in STATES}
        title = modality.capitalize() + (f" · {plain_name(subject)}" if subject else "")
        yield CueGroup(
            title=title, modality=modality, present=by_state["present"], absent=by_state["absent"],
            unknown=by_state["unknown"],
        )  # fmt: skip


def _row(listed: Listed) -> CueRow:
    cue = listed.cue
    return CueRow(
        listed=listed,
        name=cue_name(cue),
        details=details_of(cue) if cue.state == "present" or cue.marks else "",
        said=cue.text or "",
        time=span(cue.start_s, cue.end_s),
        seek_s=cue.apex_s if cue.apex_s is not None else cue.start_s,
        source=cue.source or "",
    )
