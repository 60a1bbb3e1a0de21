"""One input of a batch."""

from dataclasses import dataclass

from ...records import CueSet, Reference, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input.

    Attributes
    ----------
    id : str
        Identifies it in both output files (``Explanation.clip``); unique within a batch.
    path : str or None
        The media file; None when ``cueset`` is given.
    cueset : CueSet or None
        Cues that exist already; nothing is extracted.
    transcript : str or None
        What is said in the clip.
    context : tuple of Turn
        Earlier turns of the dialogue.
    sex : str or None
        ``female`` or ``male``: chooses the norm for the voice.
    reference : Reference or None
        What is known about the right answer, for scores; no model sees it.
    problem : str or None
        Why this row cannot be worked on (a bad line of the manifest); it goes to the errors at once.
    """

    id: str
    path: str | None = None
    cueset: CueSet | None = None
    transcript: str | None = None
    context: tuple[Turn, ...] = ()
    sex: str | None = None
    reference: Reference | None = None
    problem: str | None = None
