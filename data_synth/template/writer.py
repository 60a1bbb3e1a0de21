"""TemplateWriter: drafts from the cues around the gold label, in many realisations, the same for the same seed."""

from collections.abc import Iterable, Iterator
from typing import Final

from ...errors import EmoreasonError, RecordError
from ...prompts.contract import write_answer
from ..checked import NoEvidenceError
from ..draft import Draft, Manner
from ..labelled import LabelledClip
from .answering import answer
from .bearing import case_for, find_bearing
from .frames import Voice
from .gold import read_gold
from .interpreting import conclusion, interpretation
from .observing import choose, observations, tellable

#: Writer and version: the version rises when the same seed gives another text.
NAME: Final = "template/1"
_LISTED: Final = 0.4


class TemplateWriter:
    """Writes drafts without a model (``data_synth/draft.py``, protocol ``Writer``).

    Parameters
    ----------
    needs_bearing : bool
        Whether a clip in which nothing measured speaks for the gold label is refused. By default it gets a text that
        says so and is unsure.
    """

    name = NAME

    def __init__(self, *, needs_bearing: bool = False) -> None:
        self.needs_bearing = needs_bearing

    def write_each(
        self, orders: Iterable[tuple[LabelledClip, int, Manner, tuple[str, ...]]]
    ) -> Iterator[tuple[LabelledClip, int, Draft | EmoreasonError]]:
        """Write a draft for each order, in order; what was wrong with the one before gives another realisation."""
        for clip, number, manner, feedback in orders:
            try:
                text = write_template(clip, manner, feedback, needs_bearing=self.needs_bearing)
            except EmoreasonError as error:
                yield clip, number, error
                continue
            yield (
                clip,
                number,
                Draft(number=number, text=text, manner=manner, writer=NAME, retries=1 if feedback else 0),
            )


def write_template(
    clip: LabelledClip, manner: Manner, feedback: tuple[str, ...] = (), *, needs_bearing: bool = False
) -> str:
    """Write one text in the contract's form.

    Parameters
    ----------
    clip : LabelledClip
    manner : Manner
        Its style, language and seed.
    feedback : tuple of str
        What was wrong with the text before; draws another realisation.
    needs_bearing : bool
        Refuse a clip in which nothing measured speaks for the gold label.

    Raises
    ------
    RecordError
        Nothing is known of the emotion, or the clip has no cue that there are words for.
    NoEvidenceError
        No cue speaks for the label, and ``needs_bearing`` is set.
    ConfigError
        There is no such language.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue, CueSet, Reference
    >>> cues = tuple(Cue(id=f"face1.{code}.1", modality="face", code=code) for code in ("AU6", "AU12"))
    >>> clip = LabelledClip(id="a", cueset=CueSet(clip=Clip(id="a"), cues=cues), reference=Reference(emotion="happy"))
    >>> print(write_template(clip, Manner(style="short", seed=1)).splitlines()[1])
    Observations:
    """
    voice = Voice(manner.language, "\n".join([clip.id, str(manner.seed), manner.style, *feedback]))
    gold = read_gold(clip.reference)
    cues, person = tellable(clip.cueset, voice)
    if not cues:
        raise RecordError("the clip has no cue that a template has words for")
    bearing = find_bearing(clip.cueset, cues)
    case = case_for(gold, bearing)
    if needs_bearing and case == "none":
        raise NoEvidenceError(f"nothing that was measured speaks for {', '.join(gold.labels)}")
    # An answer without a chain of thought rests on the same cues as a short one.
    style = "short" if manner.style == "direct" else manner.style
    told = choose(cues, person, gold, bearing, style)
    think = None
    if manner.style != "direct":
        first, second, third = voice.frames["headings"]
        mark = "- " if voice.chance(_LISTED) else ""
        lines = [first, *(mark + line for line in observations(told, clip.cueset, voice, style))]
        lines += [second, *(mark + line for line in interpretation(gold, told, bearing, case, voice, style))]
        lines += [third, mark + conclusion(gold, case, voice)]
        think = "\n".join(lines)
    return write_answer(think, answer(gold, clip.reference, cues, told, bearing, case, voice))
