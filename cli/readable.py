"""An explanation as a person reads it on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..records.citation import without_citations
from .headings import Headings, headings
from .observations import claim_rows, observed
from .page import gap_row, pairs, section, spaced, title
from .terminal import printable

if TYPE_CHECKING:
    from ..records import Alternative, Claim, Cue, CueSet, EmotionProbability, Explanation

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
#: The weakest of many say nothing.
_MOST_COMPOUNDS: Final = 5


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


def readable(explanation: "Explanation", cueset: "CueSet | None" = None, language: str = "en") -> RenderableType:
    """Rich renderable of one explanation: headline, distribution, claims with times, gaps, notes, the notice.

    Parameters
    ----------
    explanation : Explanation
    cueset : CueSet, optional
        What it explains: adds length and tracks to the title, and lets claims that only repeat a cue be shortened.
    language : str
        ``en`` or ``zh``: the page's own words; what the engine wrote stays as it is.
    """
    heading = title(explanation.clip, cueset.clip if cueset else None)
    cues = cueset.by_id() if cueset else {}
    return Group(heading, *spaced(_sections(explanation, cues, headings(language))), Text())


def brief(explanation: "Explanation", language: str = "en") -> RenderableType:
    """One line: the clip, what it expresses most, how surely."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{printable(explanation.clip)}  ", "bold")
    if explanation.abstained:
        words = headings(language)
        reason = printable(explanation.abstain_reason or "")
        return line.append(f"{words.abstained.lower()}{words.colon}{reason}", "yellow")
    top = max(explanation.emotions, key=lambda emotion: emotion.probability)
    line.append(f"{top.label} {top.probability:.0%}", _COLOURS.get(top.label, "default"))
    return line.append(f"  {printable(', '.join(explanation.labels))}")


def _sections(explanation: "Explanation", cues: Mapping[str, "Cue"], words: Headings) -> Iterator[RenderableType]:
    yield _headline(explanation, words)
    yield _distribution(explanation.emotions, bold_first=not explanation.abstained)
    if explanation.compounds:
        yield section(words.compounds, _distribution(explanation.compounds[:_MOST_COMPOUNDS]))
    interpretation = explanation.interpretation or ""
    meanings = [claim for claim in explanation.claims if claim.sentence in interpretation]
    elsewhere = [interpretation, *(alternative.reason for alternative in explanation.alternatives)]
    observations = [claim for claim in explanation.claims if not any(claim.sentence in text for text in elsewhere)]
    if observations:
        yield section(words.observed, observed(observations, cues, words))
    if interpretation:
        yield section(words.together, _interpretation(interpretation, meanings, words))
    if explanation.alternatives:
        yield section(words.alternatives, pairs(map(_alternative_row, explanation.alternatives)))
    if explanation.gaps:
        yield section(words.not_observed, pairs(gap_row(gap, words) for gap in explanation.gaps))
    if explanation.notes:
        yield section(words.notes, Group(*(Text(printable(note)) for note in explanation.notes)))
    yield _footer(explanation, words)


def _interpretation(text: str, claims: Sequence["Claim"], words: Headings) -> RenderableType:
    """Its claims as rows with their times; what cites nothing as prose below."""
    for claim in claims:
        text = text.replace(claim.sentence, " ", 1)
    rest = " ".join(text.split())
    parts = [claim_rows(claims, words)] if claims else []
    return Group(*parts, *([Text(printable(without_citations(rest)), "dim" if parts else "")] if rest else []))


def _alternative_row(alternative: "Alternative") -> tuple[str, str]:
    return alternative.label, without_citations(alternative.reason).removeprefix(f"{alternative.label}: ")


def _headline(explanation: "Explanation", words: Headings) -> RenderableType:
    line = Text()
    if explanation.abstained:
        line.append(words.abstained, "bold yellow")
        line.append(words.colon + printable(explanation.abstain_reason or words.too_thin))
        return line
    line.append(words.expressed + words.colon, "dim")
    line.append(printable(", ".join(explanation.labels) or words.no_label), "bold")
    for name, value in ((words.valence, explanation.valence), (words.arousal, explanation.arousal)):
        if value is not None:
            line.append(f"   {name} ", "dim")
            line.append(f"{value:+.2f}")
    return line


def _distribution(emotions: Sequence["EmotionProbability"], *, bold_first: bool = False) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=9)
    table.add_column()
    table.add_column(justify="right")
    for place, emotion in enumerate(sorted(emotions, key=lambda emotion: -emotion.probability)):
        style = "bold" if place == 0 and bold_first else ""
        bar = Bar(emotion.probability, _COLOURS.get(emotion.label, "white"), 40)
        table.add_row(Text(printable(emotion.label), style), bar, Text(f"{emotion.probability:.0%}", style))
    return table


def _footer(explanation: "Explanation", words: Headings) -> RenderableType:
    made_by = " · ".join(part for part in (explanation.engine, explanation.model, explanation.prompt_version) if part)
    return Text(f"{words.notice}\n{printable(made_by)}".rstrip(), "dim italic")
