"""Panels other than lanes of events: curves, speech and shots, claims."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ..cue import Cue, Gap
from ..curve import Curve
from ..labels import Modality
from .view import CITED, LANE_IN, SERIES, SMALL_PT, View, plain, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS: Final = 2_000


def thinned(curve: Curve) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return times and values (NaN where not measured); a long curve as the extremes of equal stretches."""
    times = np.asarray(curve.times_s, dtype=float)
    values = np.asarray([math.nan if value is None else value for value in curve.values], dtype=float)
    step = math.ceil(2 * len(times) / _MOST_POINTS)
    if step <= 2:
        return times, values
    keep: list[int] = []
    for first in range(0, len(times), step):
        part = values[first : first + step]
        if np.isnan(part).all():
            keep.append(first)
        else:
            keep += sorted({first + int(np.nanargmin(part)), first + int(np.nanargmax(part))})
    return times[keep], values[keep]


@dataclass(frozen=True)
class Curves:
    """Curves that share a scale; ``levels`` are cues whose value holds over their span (mean pitch of an utterance)."""

    title: str
    label: str
    curves: tuple[Curve, ...]
    modality: Modality
    levels: tuple[Cue, ...] = ()
    subject: str | None = None
    height_in: float = 0.75

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw every curve, broken where nothing was measured, and every level as a bar."""
        for curve, (colour, dashes) in zip(self.curves, cycle(SERIES), strict=False):
            times, values = thinned(curve)
            axes.plot(times, values, color=colour, linestyle=dashes, linewidth=0.9, label=plain(curve.code))
        for cue in self.levels:
            if cue.value is not None and cue.start_s is not None and cue.end_s is not None:
                colour = CITED if cue.id in view.cited else SERIES[1][0] if self.curves else SERIES[0][0]
                axes.plot(
                    [cue.start_s, cue.end_s], [cue.value, cue.value], color=colour, linewidth=2.0, solid_capstyle="butt"
                )
        axes.set_ylabel(self.label, **view.text())
        axes.tick_params(axis="y", labelsize=SMALL_PT)
        axes.margins(y=0.12)
        axes.locator_params(axis="y", nbins=4)
        if len(self.curves) > 1:
            legend = axes.legend(
                loc="lower right", bbox_to_anchor=(1.0, 0.95), ncols=len(self.curves), fontsize=SMALL_PT,
                frameon=False, borderaxespad=0.0, handlelength=2.2, columnspacing=1.2,
            )  # fmt: skip
            for text in legend.get_texts():
                text.set(**view.text())

    def covers(self, gap: Gap) -> bool:
        """Gaps of this modality and of this person (or of nobody in particular)."""
        return gap.modality == self.modality and gap.subject in (None, self.subject)


@dataclass(frozen=True)
class Strip:
    """Spans in one to three thin lanes with words in them: speech, utterances, pauses, shots, keyframes."""

    title: str
    rows: tuple[tuple[str, tuple[Cue, ...], str], ...]
    modalities: frozenset[Modality]

    @property
    def height_in(self) -> float:
        """Room for every row."""
        return 0.12 + LANE_IN * len(self.rows)

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw each row's spans; a moment is a diamond."""
        count = len(self.rows)
        for place, (_, cues, colour) in enumerate(self.rows):
            for number, cue in enumerate(cues):
                self._draw_span(axes, cue, count - 1 - place, colour, view, pale=number % 2 == 1)
        axes.set_ylim(-0.1, count + 0.1)
        ticks = [count - 0.55 - place for place in range(count)]
        axes.set_yticks(ticks, [plain(label) for label, _, _ in self.rows], **view.text())
        axes.tick_params(axis="y", length=0)

    @staticmethod
    def _draw_span(axes: "Axes", cue: Cue, bottom: float, colour: str, view: View, *, pale: bool) -> None:
        start_s, end_s = cue.start_s or 0.0, cue.end_s or 0.0
        if end_s <= start_s:
            axes.plot([start_s], [bottom + 0.45], marker="D", markersize=3.5, color=colour, linestyle="none")
            return
        axes.bar(
            start_s, 0.8, width=end_s - start_s, bottom=bottom + 0.05, align="edge", color=colour,
            alpha=0.3 if pale else 0.5, edgecolor=CITED if cue.id in view.cited else "none", linewidth=1.1,
        )  # fmt: skip
        words = shortened(plain(cue.text or ""), end_s - start_s, view)
        if words:
            axes.text(start_s, bottom + 0.45, f" {words}", va="center", clip_on=True, **view.text())

    def covers(self, gap: Gap) -> bool:
        """Gaps of these modalities."""
        return gap.modality in self.modalities


@dataclass(frozen=True)
class ClaimLanes:
    """Claims as numbered brackets; those over the same span share one, and as few lanes are used as possible."""

    spans: tuple[tuple[float, float, str], ...]
    title: str = "claims"

    @cached_property
    def _placed(self) -> list[tuple[int, float, float, str]]:
        ends: list[float] = []
        placed = []
        for start_s, end_s, numbers in sorted(self.spans, key=lambda span: (span[0], -span[1])):
            lane = next((place for place, end in enumerate(ends) if end < start_s), len(ends))
            ends[lane:] = [end_s, *ends[lane + 1 :]]
            placed.append((lane, start_s, end_s, numbers))
        return placed

    @property
    def height_in(self) -> float:
        """Room for every lane."""
        return 0.12 + LANE_IN * (1 + max((lane for lane, *_ in self._placed), default=0))

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw each span as a line with its claims' numbers in it."""
        count = 1 + max((lane for lane, *_ in self._placed), default=0)
        for lane, start_s, end_s, numbers in self._placed:
            y = count - 0.5 - lane
            axes.plot([start_s, end_s], [y, y], color=CITED, linewidth=1.0, marker="|", markersize=6)
            middle = (max(start_s, view.start_s) + min(end_s, view.end_s)) / 2
            axes.text(
                middle, y, shortened(numbers, max(end_s - start_s, 0.0), view) or numbers.split(",")[0], ha="center",
                va="center", clip_on=True, bbox={"boxstyle": "square,pad=0.1", "facecolor": axes.get_facecolor(),
                "edgecolor": "none"}, **view.text(),
            )  # fmt: skip
        axes.set_ylim(0, count)
        axes.set_yticks([])

    def covers(self, gap: Gap) -> bool:
        """No gap belongs to claims."""
        return False
