"""Parts that pages on a terminal are made of: titles, sections, times, tables without lines, gaps."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..cues.wording import wording
from .headings import ENGLISH, Headings
from .terminal import printable

if TYPE_CHECKING:
    from ..records import Clip, Gap

_INDENT: Final = (0, 2)


def clock(seconds: float) -> str:
    """Time as ``mm:ss.s`` (``h:mm:ss.s`` from one hour on).

    Examples
    --------
    >>> clock(75.25)
    '01:15.2'
    >>> clock(3600)
    '1:00:00.0'
    """
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock_hours = f"{hours}:" if hours else ""
    return f"{clock_hours}{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"


def span(start_s: float | None, end_s: float | None) -> str:
    """Time span as ``00:01.2–00:02.8``; a moment is one time; empty when not known."""
    if start_s is None:
        return ""
    first, last = clock(start_s), clock(start_s if end_s is None else end_s)
    return first if first == last else f"{first}–{last}"


def title(name: str, clip: "Clip | None") -> RenderableType:
    """Name of a clip, its length and tracks, and a rule."""
    words = Text(printable(name), "bold")
    if clip is not None:
        picture = "picture" if clip.duration_s == 0 else "video"
        tracks = [name for name, there in ((picture, clip.has_video), ("audio", clip.has_audio)) if there]
        length = [clock(clip.duration_s)] if clip.duration_s else []
        facts = "  ".join([*length, " + ".join(tracks)]).strip()
        words.append(f"  {facts}" if facts else "", "not bold dim")
    return Rule(words, align="left", style="dim")


def spaced(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Put an empty line before each part, and indent it."""
    for part in parts:
        yield Text()
        yield Padding(part, _INDENT)


def section(heading: str, body: RenderableType) -> RenderableType:
    """Put a heading above a body."""
    return Group(Text(heading, "bold"), body)


def two_columns(first_style: str) -> Table:
    """Two columns without lines: a short first one in colour, text."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=first_style, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")  # Chinese has no spaces to break at; nothing may be cut off
    return table


def pairs(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Lay out names and texts side by side."""
    table = two_columns("yellow")
    for name, text in rows:
        table.add_row(Text(printable(name)), Text(printable(text)))
    return table


def gap_row(gap: "Gap", words: Headings = ENGLISH) -> tuple[str, str]:
    """Modality of a gap, and its reason with person, span and remedy (which is English in every language)."""
    where = words.comma.join(part for part in (gap.subject, span(gap.start_s, gap.end_s)) if part)
    modality, reason = str(gap.modality), gap.reason.replace("_", " ")
    if words is not ENGLISH:
        known = wording(words.language)
        modality, reason = known["modalities"][gap.modality], known["gaps"][gap.reason]
    reason += words.brackets.format(where) if where else ""
    return modality, f"{reason}{words.colon}{gap.detail}" if gap.detail else reason
