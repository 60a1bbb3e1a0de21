"""Labelled clips: what synthesis begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..records import CueSet, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledClip:
    """One clip, its cues, and what people said of it.

    Attributes
    ----------
    id : str
        The clip's id, unique within the input.
    cueset : CueSet
        All that was observed; emotion words of imported prose are masked, and so are its own labels.
    reference : Reference
        Labels, class, crowd distribution, valence, arousal, action units; without ``cueset``. The gold.
    text : str or None
        An explanation that a person (or another system) wrote, where the data set has one.
    group : str or None
        Speaker, session or dialogue: never in two splits.
    source : str
        The data set it comes from (``MELD``); the card counts by it.
    licence : str or None
        Of the source, as its importer knows it.
    line_sha256 : str
        Of the source row as it stood: provenance.
    masked : mapping of str to int
        Emotion words, and words of the clip's own labels, that were masked in imported prose, and how often.
    refused : int
        Texts of imported prose in which a language model refused, and which are no cues.
    """

    id: str
    cueset: CueSet
    reference: Reference
    text: str | None = None
    group: str | None = None
    source: str = "unknown"
    licence: str | None = None
    line_sha256: str = ""
    masked: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
