"""An explanation as a person reads it on a terminal."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..reasoning.purpose import NOTICE
from .terminal import printable

if TYPE_CHECKING:
    from ..records import Claim, Clip, CueSet, Explanation, Gap

#: Bars are told apart by their colour as well as by their label.
_COLOURS: Final = {
    "happiness": "yellow",
    "sadness": "blue",
    "anger": "red",
    "fear": "magenta",
    "surprise": "cyan",
    "disgust": "green",
    "neutral": "bright_black",
}
_CITATION: Final = re.compile(r"\s*\[[^\[\]]*\.[^\[\]]*\]")
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


class Bar:
    """A horizontal bar over ``share`` (0-1) of the width, in eighths of a character; ``#`` where only ASCII goes."""

    def __init__(self, share: float, colour: str, width: int) -> None:
        self.share = min(max(share, 0.0), 1.0)
        self.colour = colour
        self.width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(self.width, options.max_width)
        if options.ascii_only:
            text = "#" * round(self.share * width)
        else:
            full, eighths = divmod(round(self.share * width * 8), 8)
            text = "█" * full + ("▏▎▍▌▋▊▉"[eighths - 1] if eighths else "")
        yield Segment(text.ljust(width), Style(color=self.colour))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = min(self.width, options.max_width)
        return Measurement(width, width)


def readable(explanation: "Explanation", clip: "Clip | None" = None) -> RenderableType:
    """Rich renderable of one explanation: headline, distribution, claims with times, gaps, notes, the notice.

    Parameters
    ----------
    explanation : Explanation
    clip : Clip, optional
        Adds length and tracks to the title.
    """
    return Group(_title(explanation.clip, clip), *_spaced(_sections(explanation)), Text())


def brief(explanation: "Explanation") -> RenderableType:
    """One line: the clip, what it expresses most, how surely."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{printable(explanation.clip)}  ", "bold")
    if explanation.abstained:
        return line.append(f"abstained: {printable(explanation.abstain_reason or '')}", "yellow")
    top = max(explanation.emotions, key=lambda emotion: emotion.probability)
    line.append(f"{top.label} {top.probability:.0%}", _COLOURS.get(top.label, "default"))
    return line.append(f"  {printable(', '.join(explanation.labels))}")


def _title(name: str, clip: "Clip | None") -> RenderableType:
    title = Text(printable(name), "bold")
    if clip is not None:
        tracks = [name for name, there in (("video", clip.has_video), ("audio", clip.has_audio)) if there]
        length = [clock(clip.duration_s)] if clip.duration_s else []
        facts = "  ".join([*length, " + ".join(tracks)]).strip()
        title.append(f"  {facts}" if facts else "", "not bold dim")
    return Rule(title, align="left", style="dim")


def _sections(explanation: "Explanation") -> Iterator[RenderableType]:
    yield _headline(explanation)
    yield _distribution(explanation)
    if explanation.claims:
        yield _section("Observed", _claims(explanation.claims))
    if explanation.interpretation:
        yield _section("Taken together", _prose(explanation.interpretation))
    if explanation.alternatives:
        rows = ((alternative.label, alternative.reason) for alternative in explanation.alternatives)
        yield _section("Also possible", _pairs(rows))
    if explanation.gaps:
        yield _section("Not observed", _pairs(_gap_row(gap) for gap in explanation.gaps))
    if explanation.notes:
        yield _section("Notes", Group(*(_prose(note) for note in explanation.notes)))
    yield _footer(explanation)


def _spaced(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    for part in parts:
        yield Text()
        yield Padding(part, _INDENT)


def _headline(explanation: "Explanation") -> RenderableType:
    line = Text()
    if explanation.abstained:
        line.append("Abstained", "bold yellow")
        line.append(f": {printable(explanation.abstain_reason or 'the evidence is too thin')}")
        return line
    line.append("Expressed: ", "dim")
    line.append(printable(", ".join(explanation.labels) or "no label"), "bold")
    for name, value in (("valence", explanation.valence), ("arousal", explanation.arousal)):
        if value is not None:
            line.append(f"   {name} ", "dim")
            line.append(f"{value:+.2f}")
    return line


def _distribution(explanation: "Explanation") -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=9)
    table.add_column()
    table.add_column(justify="right")
    ranked = sorted(explanation.emotions, key=lambda emotion: -emotion.probability)
    for place, emotion in enumerate(ranked):
        style = "bold" if place == 0 and not explanation.abstained else ""
        bar = Bar(emotion.probability, _COLOURS.get(emotion.label, "white"), 40)
        table.add_row(Text(printable(emotion.label), style), bar, Text(f"{emotion.probability:.0%}", style))
    for compound in explanation.compounds:
        bar = Bar(compound.probability, "white", 40)
        table.add_row(Text(printable(compound.label), "italic"), bar, Text(f"{compound.probability:.0%}"))
    return table


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(title, "bold"), body)


def _table(first_style: str) -> Table:
    """Two columns without lines: a short first one in colour, text."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=first_style, no_wrap=True)
    table.add_column(ratio=1)
    return table


def _claims(claims: Iterable["Claim"]) -> RenderableType:
    table = _table("cyan")
    for claim in claims:
        sentence = _CITATION.sub("", printable(claim.sentence)) if claim.cue_ids else printable(claim.sentence)
        body = Text(sentence)
        if claim.cue_ids:
            body.append(f"  {printable(', '.join(claim.cue_ids))}", "dim")
        table.add_row(span(claim.start_s, claim.end_s), body)
    return table


def _pairs(rows: Iterable[tuple[str, str]]) -> RenderableType:
    table = _table("yellow")
    for name, text in rows:
        table.add_row(Text(printable(name)), Text(printable(text)))
    return table


def _gap_row(gap: "Gap") -> tuple[str, str]:
    where = ", ".join(part for part in (gap.subject, span(gap.start_s, gap.end_s)) if part)
    reason = gap.reason.replace("_", " ") + (f" ({where})" if where else "")
    return gap.modality, f"{reason}: {gap.detail}" if gap.detail else reason


def _prose(text: str) -> Text:
    body = Text(printable(text))
    body.highlight_regex(_CITATION.pattern, "dim")
    return body


def _footer(explanation: "Explanation") -> RenderableType:
    made_by = " · ".join(part for part in (explanation.engine, explanation.model, explanation.prompt_version) if part)
    return Text(f"{NOTICE}\n{printable(made_by)}".rstrip(), "dim italic")


def readable_cues(cueset: "CueSet") -> RenderableType:
    """Rich renderable of the cues of a clip, ordered by time within each modality, and its gaps."""
    from ..cues.wording import cue_text

    parts: list[RenderableType] = []
    for modality in dict.fromkeys(cue.modality for cue in cueset.cues):
        table = _table("cyan")
        own = [cue for cue in cueset.cues if cue.modality == modality]
        for cue in sorted(own, key=lambda cue: cue.start_s or 0.0):
            said = f" “{cue.text}”" if cue.text else ""
            body = Text(printable(cue_text(cue) + said), "dim" if cue.state != "present" else "")
            table.add_row(Text(span(cue.start_s, cue.end_s)), body.append(f"  {printable(cue.id)}", "dim"))
        parts.append(_section(modality.capitalize(), table))
    if cueset.gaps:
        parts.append(_section("Not observed", _pairs(_gap_row(gap) for gap in cueset.gaps)))
    return Group(_title(cueset.clip.id, cueset.clip), *_spaced(parts), Text())
