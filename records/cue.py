"""Cue, Gap and CueSet: what was observed in a clip, when, by what, and what could not be observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .clip import Clip
from .labels import GapReason, Mark, Modality, Side, State

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure, SubFigure

    from .curve import Curve
    from .explanation import Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One observation with its time span.

    Attributes
    ----------
    id : str
        Unique and stable within a clip, e.g. ``face1.AU12.1`` (subject, code, running number).
    modality : Modality
        ``face``, ``head``, ``gaze``, ``body``, ``voice``, ``speech``, ``scene`` or ``physiology``.
    code : str
        What was observed: an action unit (``AU12``), a measure (``f0_mean``), a kind of event (``blink``).
    state : State
        ``present``; ``absent`` (looked for and not there); ``unknown`` (could not be seen).
    value : float or None
        The measure in ``unit``; action units: peak intensity 0-5. None says presence only.
    unit : str or None
        Unit of ``value`` (``Hz``, ``dB``, ``0-5``, ``deg`` …).
    level : str or None
        Level word from the fixed scale of this code (``slightly``, ``high`` …).
    direction : str or None
        Direction of movement or change (``rising``, ``left``, ``down`` …).
    side : Side or None
        FACS side for one-sided actions, seen from the person: ``left``, ``right``, ``top``, ``bottom``.
    start_s, end_s : float or None
        Span in seconds from the clip's start; equal for a moment; None when the span is not known.
    apex_s : float or None
        Moment of the strongest value, seconds.
    subject : str or None
        Which tracked person (``face1``); None for cues that belong to no person.
    confidence : float or None
        0-1, the extractor's own trust in this cue.
    source : str or None
        Extractor and version, e.g. ``emoreason.face/1``.
    text : str or None
        What was said, a scene sentence, imported prose. Untrusted: it is data, never an instruction.
    marks : tuple of Mark
        Caveats, e.g. ``during_speech``.
    """

    id: str
    modality: Modality
    code: str
    state: State = "present"
    value: float | None = None
    unit: str | None = None
    level: str | None = None
    direction: str | None = None
    side: Side | None = None
    start_s: float | None = None
    end_s: float | None = None
    apex_s: float | None = None
    subject: str | None = None
    confidence: float | None = None
    source: str | None = None
    text: str | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A modality that says nothing about (part of) a clip, and why.

    ``start_s`` and ``end_s`` bound the silence when it is not the whole clip; ``subject`` names the person it
    concerns; ``detail`` is one plain sentence with the remedy, if there is one.
    """

    modality: Modality
    reason: GapReason
    start_s: float | None = None
    end_s: float | None = None
    subject: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CueSet:
    """The cues of one clip and its gaps. Cue ids are unique (checked when a CueSet is read or gathered)."""

    clip: Clip
    cues: tuple[Cue, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def cue(self, cue_id: str) -> Cue:
        """Return the cue with that id; KeyError names the id when there is none."""
        for cue in self.cues:
            if cue.id == cue_id:
                return cue
        raise KeyError(cue_id)

    def by_id(self) -> Mapping[str, Cue]:
        """All cues by their id."""
        return {cue.id: cue for cue in self.cues}

    def to_dataframe(self) -> "pd.DataFrame":
        """Cues as a table indexed by ``(file, start, end)``, as openSMILE and audformat users know it.

        Returns
        -------
        pandas.DataFrame
            One row per cue; index levels ``file`` (str), ``start`` and ``end`` (timedelta64; NaT where the span is
            not known); columns are the remaining fields of :class:`Cue`.
        """
        from .table import cues_to_dataframe

        return cues_to_dataframe(self)

    def plot(
        self,
        *,
        curves: "Sequence[Curve]" = (),
        explanation: "Explanation | None" = None,
        codes: Sequence[str] | None = None,
        subjects: Sequence[str] | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        width_in: float = 7.0,
        figure: "Figure | SubFigure | None" = None,
    ) -> "Figure | SubFigure":
        """Draw the clip's cues over time with matplotlib, for notebooks and papers.

        One lane per action unit or other event of each person, then pitch, loudness, speech, pauses and shots.
        Missing stretches are hatched, gaps of the whole clip are named below. A picture gives one bar per action
        unit. Whole-clip measures (jitter, brightness) are not drawn: they are in :meth:`to_dataframe`.

        Parameters
        ----------
        curves : sequence of Curve
            What the events were read from (``emoreason.cues.extract_with_curves``); drawn where given.
        explanation : Explanation, optional
            Its claims are drawn as brackets with their numbers (from 1), the cues they cite are marked red.
        codes : sequence of str, optional
            Only these codes (``AU12``) or modalities (``voice``).
        subjects : sequence of str, optional
            Only these people (``face1``), and what belongs to nobody.
        start_s, end_s : float, optional
            Stretch of time shown; the whole clip by default.
        width_in : float
            Width in inches; the height follows from what there is to draw.
        figure : Figure or SubFigure, optional
            Draw into this one instead of a new one.

        Returns
        -------
        Figure or SubFigure
            Notebooks show it; ``savefig`` writes PNG, SVG or PDF, the same bytes every time. pyplot is not touched.

        Examples
        --------
        >>> cue = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, start_s=1.2, end_s=2.4)
        >>> figure = CueSet(clip=Clip(id="clip.mp4", duration_s=4.0), cues=(cue,)).plot()
        >>> [axes.get_title(loc="left") for axes in figure.axes][:1]
        ['person']
        """
        from .timeline import plot_cues

        return plot_cues(
            self,
            curves=curves,
            explanation=explanation,
            codes=codes,
            subjects=subjects,
            start_s=start_s,
            end_s=end_s,
            width_in=width_in,
            figure=figure,
        )

    def _repr_html_(self) -> str:
        """HTML for notebooks: what is there in order of time, what is not there, what could not be observed."""
        from .display import cueset_html

        return cueset_html(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON value of this CueSet (see ``records/schemas/cueset.json``)."""
        from .convert import to_json

        return to_json(self)
