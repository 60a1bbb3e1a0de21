"""The cues of a clip as a person reads them on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..cues.wording import cue_name
from ..reasoning.purpose import NOTICE
from ..records import Cue, CueSet
from .observations import cue_details
from .page import gap_row, pairs, section, spaced, span, title
from .terminal import printable


def readable_cues(cueset: CueSet) -> RenderableType:
    """Rich renderable of the cues of a clip by modality and person, in order of time, and its gaps."""
    parts = [*_sections(cueset), Text(NOTICE, "dim italic")]
    return Group(title(cueset.clip.id, cueset.clip), *spaced(parts), Text())


def _sections(cueset: CueSet) -> Iterator[RenderableType]:
    groups: dict[tuple[str, str | None], list[Cue]] = {}
    for cue in cueset.cues:
        groups.setdefault((cue.modality, cue.subject), []).append(cue)
    for (modality, subject), cues in groups.items():
        heading = modality.capitalize() + (f" ({printable(subject)})" if subject else "")
        present = sorted((cue for cue in cues if cue.state == "present"), key=lambda cue: cue.start_s or 0.0)
        parts: list[RenderableType] = [_present(present)] if present else []
        for state, words in (("absent", "Not there: "), ("unknown", "Could not be measured: ")):
            names = [cue_name(cue) for cue in cues if cue.state == state]
            if names:
                parts.append(Text(words + printable(", ".join(names)), "dim"))
        yield section(heading, Group(*parts))
    if cueset.gaps:
        yield section("Not observed", pairs(gap_row(gap) for gap in cueset.gaps))


def _present(cues: Sequence[Cue]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=3)
    table.add_column(ratio=4)
    for cue in cues:
        table.add_row(Text(span(cue.start_s, cue.end_s)), Text(printable(cue_name(cue))), cue_details(cue))
    return table
