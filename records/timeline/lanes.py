"""Lanes of events: one per action unit or other kind of event of a person.

Intensity is told by colour (viridis, which keeps its order for colour-blind readers and in print) and by height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import Normalize

from ..cue import Cue, Gap
from ..curve import Curve
from ..labels import Modality
from .panels import thinned
from .view import CITED, GREY, LANE_IN, TEXT_PT, View, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INTENSITY: Final = Normalize(0.0, 5.0)

_BLINK: Final = "AU45"
_LONGEST_LABEL: Final = 18


def shades(count: int) -> npt.NDArray[np.float64]:
    """Colours of intensities from 0 to 5, array of shape (count, 4): without the palest, which would vanish."""
    return np.asarray(colormaps["viridis_r"](np.linspace(0.08, 0.95, count)))


def intensity_share(cue: Cue) -> float | None:
    """Intensity of an action unit as a share of its 0-5 scale; None for a cue without one."""
    if cue.value is None or cue.modality != "face" or cue.unit not in ("0-5", None):
        return None
    return min(max(cue.value, 0.0), 5.0) / 5.0


def intensity_colour(cue: Cue) -> Any:
    """Colour of an action unit's intensity; grey for a cue without one."""
    share = intensity_share(cue)
    return GREY if share is None else tuple(shades(256)[round(share * 255)])


@dataclass(frozen=True)
class Lane:
    """Events of one kind: their label, and the curve they were read from, if it is given."""

    label: str
    cues: tuple[Cue, ...]
    curve: Curve | None = None

    def draw(self, axes: "Axes", bottom: float, view: View) -> None:
        """Draw into the unit height above ``bottom``."""
        for cue in self.cues:
            self._draw_cue(axes, cue, bottom, view)
        if self.curve is not None:
            self._draw_curve(axes, self.curve, bottom)

    def _draw_curve(self, axes: "Axes", curve: Curve, bottom: float) -> None:
        times, values = thinned(curve)
        heights = bottom + 0.9 * np.clip(values, 0.0, 5.0) / 5.0
        axes.plot(times, heights, color=GREY, linewidth=0.6)
        for cue in self.cues:
            inside = (times >= (cue.start_s or 0.0)) & (times <= (cue.end_s or 0.0))
            axes.fill_between(times, bottom, heights, where=inside, color=intensity_colour(cue), linewidth=0.0)

    def _draw_cue(self, axes: "Axes", cue: Cue, bottom: float, view: View) -> None:
        """Draw a bar as high as the event is strong; behind a curve a pale one as high as the lane."""
        assert cue.start_s is not None  # noqa: S101 - cues without a time have no lane
        end_s = cue.start_s if cue.end_s is None else cue.end_s
        share = intensity_share(cue)
        presence_only = "presence_only" in cue.marks
        behind = self.curve is not None
        height = 0.9 if behind else 0.3 if presence_only else 0.27 + 0.63 * (1.0 if share is None else share)
        width = max(end_s - cue.start_s, (view.end_s - view.start_s) / 500)
        axes.bar(
            cue.start_s,
            height,
            width=width,
            bottom=bottom,
            align="edge",
            facecolor="none" if presence_only else intensity_colour(cue),
            edgecolor=GREY if presence_only else "white",
            linestyle=":" if presence_only else "-",
            linewidth=0.6 if presence_only else 0.0,
            hatch="/////" if "during_speech" in cue.marks else None,
            alpha=0.25 if behind else 0.6 if "low_confidence" in cue.marks else None,
        )
        if cue.id in view.cited:
            axes.bar(cue.start_s, 0.09, width=width, bottom=bottom - 0.09, align="edge", color=CITED)
        if cue.apex_s is not None and end_s > cue.start_s and not presence_only and not behind:
            axes.plot([cue.apex_s], [bottom + height], marker=7, markersize=3, color=GREY)
        if cue.direction:
            self._write_direction(axes, cue, bottom, view)

    @staticmethod
    def _write_direction(axes: "Axes", cue: Cue, bottom: float, view: View) -> None:
        axes.text(
            cue.start_s or 0.0, bottom + 0.5, f" {plain(cue.direction or '').replace('_', ' ')}",
            va="center", clip_on=True, **view.text(),
        )  # fmt: skip


@dataclass(frozen=True)
class Lanes:
    """Events of one person (or of none), one lane per kind."""

    title: str
    lanes: tuple[Lane, ...]
    modalities: frozenset[Modality]
    subject: str | None = None

    @property
    def height_in(self) -> float:
        """Room for every lane."""
        return 0.12 + LANE_IN * len(self.lanes)

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw the lanes from the top down."""
        count = len(self.lanes)
        for place, lane in enumerate(self.lanes):
            lane.draw(axes, count - 1 - place, view)
        axes.set_ylim(-0.15, count + 0.1)
        ticks = [count - 0.55 - place for place in range(count)]
        axes.set_yticks(ticks, [plain(lane.label)[:_LONGEST_LABEL] for lane in self.lanes], **view.text())
        axes.tick_params(axis="y", length=0)

    def covers(self, gap: Gap) -> bool:
        """Gaps of these modalities and of this person (or of nobody in particular)."""
        return gap.modality in self.modalities and gap.subject in (None, self.subject)


@dataclass(frozen=True)
class Bars:
    """One person in a picture: the intensity of every action unit, told apart from absent and not measured."""

    title: str
    cues: tuple[Cue, ...]

    @property
    def height_in(self) -> float:
        """Room for every bar."""
        return 0.1 + LANE_IN * len(self.cues)

    def draw(self, axes: "Axes", view: View) -> None:
        """Draw one horizontal bar per cue; say in words what has no bar."""
        words = {"absent": "not there", "unknown": "could not be measured"}
        for place, cue in enumerate(reversed(self.cues)):
            if cue.state != "present":
                axes.text(0.03, place, words[cue.state], va="center", color=GREY, **view.text())
            elif cue.value is None:
                axes.text(0.03, place, "present", va="center", **view.text())
            else:
                edge = CITED if cue.id in view.cited else "none"
                axes.barh(place, cue.value, 0.7, color=intensity_colour(cue), edgecolor=edge, linewidth=1.1)
        axes.set_xlim(0, 5)
        axes.set_ylim(-0.6, len(self.cues) - 0.4)
        axes.set_yticks(
            range(len(self.cues)), [plain(cue.code)[:_LONGEST_LABEL] for cue in reversed(self.cues)], **view.text()
        )
        axes.set_xlabel("intensity (0-5)", **view.text(TEXT_PT))

    def covers(self, gap: Gap) -> bool:
        """No gap: a picture has no time."""
        return False


def action_unit_order(cue_or_code: str) -> tuple[int, float, str]:
    """Sort key: action units by number with blinks last, then everything else by name."""
    if cue_or_code == _BLINK:
        return (1, 0.0, "")
    number = cue_or_code[2:]
    return (0, float(number), "") if cue_or_code.startswith("AU") and number.isdecimal() else (2, 0.0, cue_or_code)


def lane_label(code: str) -> str:
    """Name of an event's lane: the code, and what AU45 is called in plain words."""
    return "AU45 (blink)" if code == _BLINK else code.replace("_", " ")


def lanes_of(cues: Sequence[Cue], curves: Sequence[Curve]) -> tuple[Lane, ...]:
    """Lanes of timed events, action units first (those on the 0-5 scale with their curve)."""
    kinds: dict[tuple[Modality, str], list[Cue]] = {}
    for cue in cues:
        kinds.setdefault((cue.modality, cue.code), []).append(cue)
    by_kind = {(curve.modality, curve.code): curve for curve in curves if curve.unit == "0-5"}
    ordered = sorted(kinds, key=lambda kind: (kind[0] != "face", kind[0], action_unit_order(kind[1])))
    return tuple(
        Lane(lane_label(code) if modality == "face" else f"{modality} {lane_label(code)}", tuple(kinds[modality, code]),
             by_kind.get((modality, code)))
        for modality, code in ordered
    )  # fmt: skip
