"""What all panels of a timeline share: the stretch of time, the fonts, the colours, and how text is drawn.

Every text that comes from a clip is drawn as it is: never as mathematics, never with control characters.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..cue import Gap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe & Ito's colours (2008) that hold on light and on dark paper, and a dash pattern for each.
SERIES: Final = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", ":"), ("#CC79A7", "-."))
GREY: Final = "#808080"
#: What a claim cites.
CITED: Final = "#D62728"
SMALL_PT: Final = 6.5
TEXT_PT: Final = 7.5
#: Height of one lane of events.
LANE_IN: Final = 0.19

_CHARACTER_IN: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What all panels share: the stretch of time shown, the cues that claims cite, the fonts, the width of the axes."""

    start_s: float
    end_s: float
    cited: frozenset[str] = frozenset()
    fonts: tuple[str, ...] = ()
    width_in: float = 7.0

    def text(self, size_pt: float = SMALL_PT) -> dict[str, Any]:
        """Keyword arguments of any text: size, fonts, and neither mathematics nor TeX in it."""
        return {"fontsize": size_pt, "fontfamily": list(self.fonts), "parse_math": False, "usetex": False}


class Panel(Protocol):
    """One row of the figure."""

    @property
    def title(self) -> str:
        """What stands above it."""
        ...

    @property
    def height_in(self) -> float:
        """Height in inches."""
        ...

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw into the axes, whose x axis is time in seconds (but for pictures)."""
        ...

    def covers(self, gap: Gap) -> bool:
        """Whether this panel is where a gap should be seen."""
        ...


def plain(text: str) -> str:
    """One line of text without what no font can show (control characters, lone surrogates)."""
    return "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))


def shortened(text: str, length_s: float, view: View) -> str:
    """As much of a text as fits into a span of that length."""
    room = int(view.width_in * length_s / (view.end_s - view.start_s) / _CHARACTER_IN)
    return text if len(text) <= room else f"{text[: room - 1]}…" if room > 3 else ""
