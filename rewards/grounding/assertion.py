"""Assertion: one checkable statement of a text about what can be seen or heard in a clip."""

from dataclasses import dataclass

from ...records.labels import Modality, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One atomic statement (one action, one measure, one quoted utterance, one scene fact) as read from a text.

    Attributes
    ----------
    sentence : str
        The sentence it stands in.
    clause : str
        The words it was read from (what a report shows as the claim).
    start, end : int
        Where the clause stands in the text, characters.
    modality : Modality or None
        None: it describes something that no lexicon knows.
    codes : tuple of str
        Cue codes it may be about; any one of them will do ("raised brows": AU1, AU2). Empty: nothing known.
    negated : bool
        The text says that it is not there (or not so).
    level : int or None
        Action units 1-5 (barely, slightly, moderately, strongly, very strongly); measures -2..2 (very low … very
        high, 0 is "in the normal range"; speech rate: slow is -1, fast 1; pauses: short or few -1, long or many 1).
        None: the text does not say.
    value : float or None
        A number with a unit that the text gives for the measure, in ``unit``.
    unit : str or None
        Unit of ``value`` as cues spell it (``Hz``, ``dB``, ``syll/s``, ``s`` …).
    direction : str or None
        ``rising``, ``falling``, ``level``, ``rise_fall``, ``fall_rise``, ``left``, ``right``, ``up``, ``down``,
        ``away``, ``toward``, ``forward``, ``back``.
    side : Side or None
        Side of the person's own body that the text names, or ``top``/``bottom`` lip.
    subject : str or None
        Tracked person the text names (``face2``); None when it names nobody in particular.
    start_s, end_s : float or None
        When the text says it happens, seconds. One of them None: open on that side.
    part : str or None
        ``beginning``, ``middle``, ``end``, ``first_half``, ``second_half`` or ``throughout``.
    quote : str or None
        Words the text says were spoken.
    hedged : bool
        Said as a possibility ("might", "perhaps", "似乎").
    cited : tuple of str
        Ids of cues of the clip cited for it.
    unknown_ids : tuple of str
        What looks like cited cue ids but is none of the clip's.
    """

    sentence: str
    clause: str
    start: int = 0
    end: int = 0
    modality: Modality | None = None
    codes: tuple[str, ...] = ()
    negated: bool = False
    level: int | None = None
    value: float | None = None
    unit: str | None = None
    direction: str | None = None
    side: Side | None = None
    subject: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    part: str | None = None
    quote: str | None = None
    hedged: bool = False
    cited: tuple[str, ...] = ()
    unknown_ids: tuple[str, ...] = ()
