"""One round of drafting on disk: every clip's checked drafts become one line, once, whatever ends the run in between.

The journal and the files are those of a batch (``reasoning/batch``): a line is written whole, then noted; what a killed
run had written and not noted is taken over at the next start.
"""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError, EmoreasonError
from ..reasoning.batch.events import Totals
from ..reasoning.batch.holding import Holding
from ..reasoning.batch.journal import Entry, Journal
from ..reasoning.batch.ledger import Ledger
from ..reasoning.batch.outputs import StorageError
from ..reasoning.batch.parameters import refuse_others
from ..reasoning.batch.resume import LineForm, Mended, close_files, mend, open_files, take_up_failed
from ..reasoning.batch.row import Row, plain_id
from ..reasoning.batch.stages import Outcome
from ..reasoning.batch.stopped import StoppedError
from ..reasoning.batch.telling import OnEvent, Telling
from .checked import Checked
from .checks.limits import Limits
from .draft import Manner, Writer
from .drafting import Drafted, draft_each
from .kept import CheckedFile, ClipFile, dump_checked
from .labelled import LabelledClip

#: Files of a round: clips whose drafts are checked, and clips for which the writer failed.
CHECKED: Final = LineForm({"done": "checked.jsonl", "failed": "failed.jsonl"}, "clip", lambda line: (0, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is done with each clip of a round.

    Attributes
    ----------
    writer : callable
        Makes the writer; called when there is anything to write.
    manners : callable
        Clip -> manners of its drafts.
    limits : Limits
    retries : int
        How often a draft is sent back with what was wrong.
    parameters : mapping
        Name -> JSON value of everything that decides what comes out; a round goes on with the same alone.
    retry_failed : bool
        Whether clips for which the writer failed are taken up again.
    """

    writer: Callable[[], Writer]
    manners: Callable[[LabelledClip], tuple[Manner, ...]]
    limits: Limits
    retries: int
    parameters: Mapping[str, Any]
    retry_failed: bool = False


def run_round(
    clips: ClipFile,
    folder: Path,
    order: Order,
    *,
    only: Collection[str] | None = None,
    on_event: OnEvent | None = None,
) -> Totals:
    """Write and check the drafts of clips; go on where an earlier run on the same folder ended.

    Parameters
    ----------
    clips : ClipFile
    folder : Path
        Gets ``checked.jsonl``, ``failed.jsonl`` and the journal; whoever calls holds a lock on it.
    order : Order
    only : collection of str, optional
        Ids of the clips that are meant; by default all.
    on_event : callable, optional
        Told what happens.

    Raises
    ------
    ConfigError
        The round was begun with other parameters, a clip has changed since, or the writer cannot be used.
    StoppedError
        It had to end before all clips were done; the same call goes on.
    """
    totals = Totals()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            journal = Journal(folder / "journal.sqlite")
            stack.callback(journal.close)
            _begin(journal, folder, order.parameters)
            files = open_files(folder, CHECKED)
            stack.callback(close_files, files)
            telling = Telling(totals, on_event)
            _say_mended(mend(journal, files, form=CHECKED), telling)
            refuse_changed(clips, folder)
            wanted = clips.places if only is None else [name for name in clips.places if name in only]
            journal.enrol(_row(name, clips) for name in wanted)
            if order.retry_failed and (count := take_up_failed(journal, files)):
                telling.notice(f"{count} clips for which the writer failed are tried again")
            _Round(journal, Ledger(journal, files), clips, order, telling).work()
        except StorageError as error:
            raise StoppedError(str(error), totals) from error
    return totals


def drafts_of(*folders: Path) -> CheckedFile:
    """Find the lines of rounds, in their order."""
    return CheckedFile(*(folder / name for folder in folders for name in CHECKED.files.values()))


def refuse_changed(clips: ClipFile, folder: Path) -> None:
    """Refuse to mix drafts of clips as they were with clips as they are.

    Raises
    ------
    ConfigError
        Names the first clip that changed.
    """
    drafts = CheckedFile(folder / CHECKED.files["done"])
    changed = [name for name, place in clips.places.items() if drafts.digests(name) - {place.digest}]
    if changed:
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise ConfigError(
            f"clip {changed[0]!r}{more} is not what it was when its drafts were written; expected the old input, or "
            "--fresh to begin anew"
        )


def _row(name: str, clips: ClipFile) -> Row:
    place = clips.places[name]
    return Row(id=name, place=(place.offset, place.length))


def _begin(journal: Journal, folder: Path, parameters: Mapping[str, Any]) -> None:
    was = journal.parameters()
    files = [folder / name for name in CHECKED.files.values()]
    if was is not None and any(path.exists() and path.stat().st_size for path in files):
        refuse_others(was, parameters, folder.parent.parent)
        return
    # A round that never came to a result may begin again with other parameters.
    journal.keep_fact("writer", None)
    journal.keep_parameters(parameters)


def _say_mended(mended: Mended, telling: Telling) -> None:
    telling.totals.adopted, telling.totals.cut_bytes = mended.adopted, mended.cut_bytes
    if mended.adopted:
        telling.notice(f"{mended.adopted} lines of a run that was killed are whole and were taken over")
    if mended.cut_bytes:
        telling.notice(f"{mended.cut_bytes} bytes of a line that was torn when a run was killed were removed")
    if mended.lost:
        telling.notice(f"{mended.lost} clips are done again: their lines are no longer in the files")


class _Round:
    """A round whose journal and files agree."""

    def __init__(self, journal: Journal, ledger: Ledger, clips: ClipFile, order: Order, telling: Telling) -> None:
        self._journal, self._ledger, self._clips = journal, ledger, clips
        self._order, self._telling = order, telling
        self._holding = Holding()
        self._writer: str | None = journal.fact("writer")

    def work(self) -> None:
        """Work on what is pending."""
        totals = self._telling.totals
        counts = self._journal.counts()
        totals.vanished = counts.pop("vanished", 0)
        totals.rows, totals.done, totals.failed = sum(counts.values()), counts.get("done", 0), counts.get("failed", 0)
        began = time.monotonic()
        self._telling.begin()
        try:
            if not totals.complete:
                self._draft()
        except (ConfigError, StorageError, StoppedError):
            raise
        except EmoreasonError as error:
            raise StoppedError(str(error), totals) from error
        finally:
            totals.wall_s = time.monotonic() - began
            self._end()

    def _draft(self) -> None:
        order = self._order
        writer = order.writer()
        with contextlib.ExitStack() as stack:
            if callable(close := getattr(writer, "close", None)):
                stack.callback(close)
            drafting = draft_each(self._pending(), writer, order.limits, retries=order.retries)
            for drafted in drafting:
                self._done(drafted)
        for entry, outcome in self._holding.end():
            self._record(entry, outcome)

    def _pending(self) -> Iterator[tuple[Entry, LabelledClip, tuple[Manner, ...]]]:
        for entry in self._journal.pending():
            clip = self._clips.read(entry.row.id)
            yield entry, clip, self._order.manners(clip)

    def _done(self, drafted: Drafted[Entry]) -> None:
        """Take the drafts of a clip; failures that any clip would have had are held back."""
        error = drafted.error
        self._refuse_another_writer(drafted.checked)
        outcome = outcome_of(drafted, self._clips.places[plain_id(drafted.clip.id)].digest)
        for entry, known in self._holding.take(drafted.key, outcome, error):
            self._record(entry, known)

    def _record(self, entry: Entry, outcome: Outcome) -> None:
        self._ledger.record(entry, outcome)
        self._telling.row(entry.row.id, outcome)

    def _refuse_another_writer(self, checked: tuple[Checked, ...]) -> None:
        """Refuse to mix what two models write: behind an address another one may be served than before."""
        now = next((plain_id(one.draft.writer) for one in checked if one.draft.text), None)
        if now is None or now == self._writer:
            return
        if self._writer is not None:
            raise ConfigError(
                f"drafts of this synthesis were written by {self._writer}, and now {now} answers; name another --out, "
                "use the old model, or begin anew with --fresh"
            )
        self._writer = now
        self._journal.keep_fact("writer", now)

    def _end(self) -> None:
        """Bring everything to disk, also when something else ends the run already."""
        try:
            self._ledger.flush()
        finally:
            self._telling.end()


def outcome_of(drafted: Drafted[Any], digest: str) -> Outcome:
    """Make the line of a clip."""
    clip_id, error = drafted.clip.id, drafted.error
    if error is None:
        return Outcome(state="done", line=dump_checked(clip_id, digest, drafted.checked))
    kind, message = type(error).__name__, plain_id(str(error))
    line = dump_checked(clip_id, digest, drafted.checked, stage="draft", error=kind, message=message)
    return Outcome(state="failed", line=line, stage="draft", error=kind, message=message)
