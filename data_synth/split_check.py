"""Whether something stands in two splits, with the checks that training makes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..records import Clip, Cue, CueSet, TrainingRow
from ..training.rows.checks import MESSAGES
from ..training.rows.findings import Collector, Findings
from ..training.rows.overlaps import check_overlaps, content_digest, tells
from .split import SPLITS


def check_split(rows: Iterable[TrainingRow]) -> Findings:
    """Look for what stands in two splits, with the checks of training: once for each two of them.

    Parameters
    ----------
    rows : iterable of TrainingRow
        With their ``split``; read once. What is kept of each is what the checks compare.
    """
    check = SplitCheck()
    for row in rows:
        check.add(row)
    return check.findings()


class SplitCheck:
    """:func:`check_split` of rows that are added one by one."""

    def __init__(self) -> None:
        self._of: dict[str | None, list[TrainingRow]] = defaultdict(list)

    def add(self, row: TrainingRow) -> None:
        """Add a row."""
        self._of[row.split].append(_slim(row))

    def findings(self) -> Findings:
        """Compare the splits of all rows that were added."""
        of, found = self._of, Collector(MESSAGES)
        names = [name for name in SPLITS if of[name]]
        for place, name in enumerate(names):
            check_overlaps(of[name], [], found)
            for other in names[place + 1 :]:
                # Repeated ids are found above, once a split: here only what is in both.
                check_overlaps(_unique(of[name]), _unique(of[other]), found)
        return found.findings()


def _unique(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    return list({row.id: row for row in rows}.values())


def _slim(row: TrainingRow) -> TrainingRow:
    """Row with a digest in the place of its cues, which may be many: alike where those are."""
    clip = row.cueset.clip
    digest = content_digest(row)
    cues: tuple[Cue, ...] = ()
    if digest is not None:
        words = " ".join([digest.hex()] * (16 if tells(row) else 1))
        cues = (Cue(id="all", modality="scene", code="digest", text=words),)
    cueset = CueSet(clip=Clip(id=clip.id, path=clip.path, sha256=clip.sha256), cues=cues)
    return TrainingRow(id=row.id, cueset=cueset, group=row.group, frames=row.frames, split=row.split)
