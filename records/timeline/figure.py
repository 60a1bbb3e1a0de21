"""A clip's cues as a timeline figure for notebooks and papers.

Figures are made without pyplot: nothing global changes, nothing needs closing.
"""

import io
import textwrap
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure

from ..cue import Cue, CueSet, Gap
from ..curve import Curve
from .lanes import INTENSITY, Bars, Lanes, shades
from .rows import claim_panels, is_still, still_panels, timed_panels
from .view import GREY, SMALL_PT, TEXT_PT, Panel, View, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..explanation import Explanation

#: Fonts that hold Chinese, Japanese and Korean words, where one is installed.
_WIDE_FONTS: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei",
)  # fmt: skip
#: Room left of the axes for labels, and on both sides of them together.
_LABELS_IN: Final = 0.95
_MARGIN_IN: Final = 1.1
_TITLE_IN: Final = 0.21
_AXIS_IN: Final = 0.34
_NOTE_CHARACTERS_PER_IN: Final = 19


class Timeline(Figure):
    """A figure that notebooks show by themselves and that is saved to the same bytes every time."""

    def savefig(self, fname: str | PathLike[str] | IO[Any], *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save like any figure; SVG and PDF carry no date and no random ids unless ``metadata`` says otherwise."""
        name = Path(fname).suffix[1:] if isinstance(fname, str | PathLike) else ""
        form = str(kwargs.get("format") or name or mpl.rcParams["savefig.format"]).lower()
        dated = {"svg": "Date", "svgz": "Date", "pdf": "CreationDate", "ps": "CreationDate", "eps": "CreationDate"}
        if form in dated:
            kwargs["metadata"] = {dated[form]: None} | dict(kwargs.get("metadata") or {})
        with mpl.rc_context({"svg.hashsalt": "emoreason"}):
            super().savefig(fname, transparent=transparent, **kwargs)

    def _repr_png_(self) -> bytes:
        """PNG for notebooks in which pyplot was never asked for."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()


def plot_cues(
    cueset: CueSet,
    *,
    curves: Sequence[Curve] = (),
    explanation: "Explanation | None" = None,
    codes: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    width_in: float = 7.0,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw the timeline; see :meth:`CueSet.plot`."""
    wanted = _wanted(codes, subjects)
    cues = [cue for cue in cueset.cues if wanted(cue)]
    chosen = [curve for curve in curves if wanted(curve)]
    panels = list(still_panels(cues) if is_still(cueset) else timed_panels(cues, chosen))
    if explanation is not None and not is_still(cueset):
        panels += claim_panels(explanation)
    view = View(
        start_s=0.0 if start_s is None else start_s,
        end_s=_end_s(cueset, chosen) if end_s is None else end_s,
        cited=frozenset(cue_id for claim in explanation.claims for cue_id in claim.cue_ids)
        if explanation
        else frozenset(),
        fonts=_fonts(),
        width_in=max(width_in - _MARGIN_IN, 1.0),
    )
    notes = _notes(cueset, cues, panels, width_in, cited=bool(view.cited))
    sheet = _Sheet(panels, len(notes), view)
    target = figure or Timeline(figsize=(sheet.width_in, sheet.height_in))
    target.suptitle(plain(cueset.clip.id), x=0.01, y=1 - 0.06 / sheet.height_in, ha="left", va="top", **view.text(8.5))
    rows = sheet.place(target)
    _draw(panels, rows, view)
    _shade_gaps(zip(rows, panels, strict=True), cueset.gaps)
    if sheet.scaled:
        _add_scale(target, sheet, view)
    target.text(0.01, 0.05 / sheet.height_in, "\n".join(notes), va="bottom", linespacing=1.3, **view.text())
    return target


class _Sheet:
    """Where the panels stand: in inches from the top, the same every time (layout engines differ in the last digit)."""

    def __init__(self, panels: Sequence[Panel], notes: int, view: View) -> None:
        self._panels = panels
        self.scaled = any(isinstance(panel, Lanes) and "face" in panel.modalities for panel in panels)
        timed = [panel for panel in panels if not isinstance(panel, Bars)]
        self._with_axis = {id(panel) for panel in panels if isinstance(panel, Bars) or panel is timed[-1]}
        self.top_in = 0.5 if self.scaled else 0.28
        self.height_in = self.top_in + sum(map(self._total_in, panels)) + 0.14 * notes + 0.15
        self.width_in = view.width_in + _MARGIN_IN

    def _total_in(self, panel: Panel) -> float:
        return _TITLE_IN + panel.height_in + (_AXIS_IN if id(panel) in self._with_axis else 0.0)

    def place(self, target: Figure | SubFigure) -> list["Axes"]:
        """Make the axes of the panels, from the top down."""
        rows = []
        top_in = self.height_in - self.top_in
        for panel in self._panels:
            box = (_LABELS_IN, top_in - _TITLE_IN - panel.height_in, self.width_in - _MARGIN_IN, panel.height_in)
            rows.append(target.add_axes(self.box(*box)))
            top_in -= self._total_in(panel)
            rows[-1].tick_params(axis="x", labelsize=SMALL_PT, labelbottom=id(panel) in self._with_axis)
            if id(panel) in self._with_axis and not isinstance(panel, Bars):
                rows[-1].set_xlabel("time (s)", fontsize=TEXT_PT)
        return rows

    def box(
        self, left_in: float, bottom_in: float, width_in: float, height_in: float
    ) -> tuple[float, float, float, float]:
        """Position as shares of the figure."""
        return (
            left_in / self.width_in,
            bottom_in / self.height_in,
            width_in / self.width_in,
            height_in / self.height_in,
        )


def _draw(panels: Sequence[Panel], rows: Sequence["Axes"], view: View) -> None:
    for axes, panel in zip(rows, panels, strict=True):
        if not isinstance(panel, Bars):
            axes.set_xlim(view.start_s, view.end_s)
        panel.draw(axes, view)
        axes.set_title(plain(panel.title), loc="left", pad=2, fontweight="bold", **view.text(TEXT_PT))
        axes.spines[["top", "right"]].set_visible(False)


def _add_scale(target: Figure | SubFigure, sheet: _Sheet, view: View) -> None:
    """Colour bar of intensities: the same stretch of the map that the bars use."""
    place = sheet.box(sheet.width_in - 1.7, sheet.height_in - 0.42, 1.5, 0.07)
    bar = target.colorbar(
        ScalarMappable(INTENSITY, ListedColormap(shades(256))), cax=target.add_axes(place), orientation="horizontal"
    )
    bar.ax.set_title("AU intensity (0-5)", pad=2, **view.text())
    bar.ax.tick_params(labelsize=SMALL_PT, length=2, pad=1)
    bar.outline.set_visible(False)


def _shade_gaps(rows: "Iterable[tuple[Axes, Panel]]", gaps: Sequence[Gap]) -> None:
    for axes, panel in rows:
        for gap in gaps:
            if gap.start_s is not None and gap.end_s is not None and panel.covers(gap):
                axes.axvspan(
                    gap.start_s, gap.end_s, facecolor="none", edgecolor=GREY, hatch="xxxx", linewidth=0.0, alpha=0.5,
                    zorder=0,
                )  # fmt: skip


def _end_s(cueset: CueSet, curves: Sequence[Curve]) -> float:
    ends = [cue.end_s for cue in cueset.cues if cue.end_s is not None]
    ends += [curve.times_s[-1] for curve in curves if curve.times_s]
    return max(cueset.clip.duration_s or max(ends, default=1.0), 1e-3)


def _wanted(codes: Sequence[str] | None, subjects: Sequence[str] | None) -> Callable[[Cue | Curve], bool]:
    def wanted(record: Cue | Curve) -> bool:
        by_code = codes is None or record.code in codes or record.modality in codes
        return by_code and (subjects is None or record.subject is None or record.subject in subjects)

    return wanted


def _fonts() -> tuple[str, ...]:
    installed = set(font_manager.get_font_names())
    return (*mpl.rcParams["font.family"], *(name for name in _WIDE_FONTS if name in installed))


def _notes(cueset: CueSet, cues: Sequence[Cue], panels: Sequence[Panel], width_in: float, *, cited: bool) -> list[str]:
    """Say what the panels cannot show: gaps of the whole clip, cues without a time, or that there is nothing."""
    said = [f"not observed: {'; '.join(_gap_words(gap) for gap in cueset.gaps if gap.start_s is None)}"]
    timeless = dict.fromkeys(cue.code for cue in cues if cue.state == "present" and cue.start_s is None)
    said.append(f"without a time: {', '.join(timeless)}" if not is_still(cueset) else "")
    hatched = any("during_speech" in cue.marks for cue in cues)
    said.append("hatched: the mouth was talking" if hatched and panels and not is_still(cueset) else "")
    said.append("red: cited by a claim" if cited and panels else "")
    if not panels:
        said.append("no cue to draw")
    width = int(width_in * _NOTE_CHARACTERS_PER_IN)
    kept = [plain(line) for line in said if line and not line.endswith(": ")]
    return [part for line in kept for part in textwrap.wrap(line, width)]


def _gap_words(gap: Gap) -> str:
    who = f" of {gap.subject}" if gap.subject else ""
    return f"{gap.modality}{who} ({gap.reason.replace('_', ' ')})"
