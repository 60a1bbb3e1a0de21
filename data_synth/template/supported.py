"""Whether any cue of a clip speaks for its label: what ``needs_bearing`` asks of a clip, for rows of any writer."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import RecordError
from ...records import CueSet, Reference, TrainingRow
from ..variants import written
from .bearing import case_for, find_bearing
from .frames import Voice
from .gold import read_gold
from .observing import tellable


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Rows that a writer wrote, and those of them whose label no cue speaks for."""

    rows: int
    unsupported: int

    @property
    def share(self) -> float:
        """Share of them, 0 where there is no row."""
        return self.unsupported / self.rows if self.rows else 0.0


def is_supported(cueset: CueSet, reference: Reference, language: str = "en") -> bool:
    """Whether a cue speaks for the label, by the table that the grounding reward goes by.

    Parameters
    ----------
    cueset : CueSet
    reference : Reference
        The gold; a label that nothing is known of is not supported.
    language : str
        Of what is written: only cues that it has words for count.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> smile = CueSet(clip=Clip(id="a"), cues=(Cue(id="face1.AU12.1", modality="face", code="AU12"),))
    >>> is_supported(smile, Reference(emotion="happiness")), is_supported(smile, Reference(emotion="anger"))
    (True, False)
    """
    try:
        gold = read_gold(reference)
    except RecordError:
        return False
    cues, _ = tellable(cueset, Voice(language, ""))
    return case_for(gold, find_bearing(cueset, cues)) != "none"


def count_unsupported(rows: Iterable[TrainingRow]) -> Unsupported:
    """Count rows that a writer wrote, read once, and those of them whose label no cue speaks for."""
    number, without = 0, 0
    for row in rows:
        if written(row):
            number += 1
            without += not is_supported(row.cueset, row.reference, row.language)
    return Unsupported(number, without)
