"""An explanation as a person reads it on a terminal."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..reasoning.purpose import NOTICE
from .page import gap_row, pairs, section, spaced, span, title, two_columns
from .terminal import printable

if TYPE_CHECKING:
    from ..records import Claim, Clip, Explanation

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
    return Group(title(explanation.clip, clip), *spaced(_sections(explanation)), Text())


def brief(explanation: "Explanation") -> RenderableType:
    """One line: the clip, what it expresses most, how surely."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{printable(explanation.clip)}  ", "bold")
    if explanation.abstained:
        return line.append(f"abstained: {printable(explanation.abstain_reason or '')}", "yellow")
    top = max(explanation.emotions, key=lambda emotion: emotion.probability)
    line.append(f"{top.label} {top.probability:.0%}", _COLOURS.get(top.label, "default"))
    return line.append(f"  {printable(', '.join(explanation.labels))}")


def _sections(explanation: "Explanation") -> Iterator[RenderableType]:
    yield _headline(explanation)
    yield _distribution(explanation)
    if explanation.claims:
        yield section("Observed", _claims(explanation.claims))
    if explanation.interpretation:
        yield section("Taken together", _prose(explanation.interpretation))
    if explanation.alternatives:
        rows = ((alternative.label, alternative.reason) for alternative in explanation.alternatives)
        yield section("Also possible", pairs(rows))
    if explanation.gaps:
        yield section("Not observed", pairs(gap_row(gap) for gap in explanation.gaps))
    if explanation.notes:
        yield section("Notes", Group(*(_prose(note) for note in explanation.notes)))
    yield _footer(explanation)


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


def _claims(claims: Iterable["Claim"]) -> RenderableType:
    table = two_columns("cyan")
    for claim in claims:
        sentence = _CITATION.sub("", printable(claim.sentence)) if claim.cue_ids else printable(claim.sentence)
        body = Text(sentence)
        if claim.cue_ids:
            body.append(f"  {printable(', '.join(claim.cue_ids))}", "dim")
        table.add_row(span(claim.start_s, claim.end_s), body)
    return table


def _prose(text: str) -> Text:
    body = Text(printable(text))
    body.highlight_regex(_CITATION.pattern, "dim")
    return body


def _footer(explanation: "Explanation") -> RenderableType:
    made_by = " · ".join(part for part in (explanation.engine, explanation.model, explanation.prompt_version) if part)
    return Text(f"{NOTICE}\n{printable(made_by)}".rstrip(), "dim italic")
