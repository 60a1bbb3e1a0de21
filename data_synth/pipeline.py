"""Pipeline: labelled clips -> training rows that deserve trust. Read, draft, check; then select, split, write.

What writers cost is kept clip by clip as it comes (``rounds.py``), and a run that was killed goes on there. The rest
is made anew each time (``finishing.py``). :func:`synthesise` is all of it; ``loop.py`` adds rounds to a
:class:`Synthesis`.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError
from ..reasoning.batch.events import Event, Totals
from ..reasoning.batch.memory import Completions, StageResults
from ..reasoning.batch.telling import OnEvent
from ..reasoning.conversation.memory import Memory
from ..rewards.embedders import Embedder
from .draft import Writer
from .finishing import Finished, finish
from .folder import Folder, held
from .judging import JUDGED, DraftJudge, Judged, JudgedFile, judge_drafts, read_scores
from .kept import CheckedFile, ClipFile
from .placed import PLACED, keep_placed, read_placed
from .read import Counts, read_labelled
from .rounds import CHECKED, Order, run_round
from .settings import Drafting, SynthSettings
from .telling import Made, tell

#: Makes a writer; told the completions of earlier runs, which need not be generated again.
MakeWriter = Callable[[Memory], Writer]

_NO_EVENT: Final[OnEvent] = lambda event: None  # noqa: E731 - a default


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is made into rows, and by whom.

    Attributes
    ----------
    sources : sequence of path
        Files of labelled clips.
    writer : callable
        Makes the writer; called when there is anything to write.
    parameters : mapping
        Name -> JSON value of what decides what the writer writes.
    judge : DraftJudge or None
        Measures drafts, and rejects none; what an earlier one said stays where none is given.
    embedder : Embedder or None
        For near-duplicates by meaning.
    """

    sources: Sequence[str | Path]
    writer: MakeWriter
    parameters: Mapping[str, Any] = field(default_factory=dict)
    judge: DraftJudge | None = None
    embedder: Embedder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a synthesis came to.

    Attributes
    ----------
    out : Path
    read : Counts
        Of the input: clips, layouts, data sets, bad lines.
    totals : Totals
        Of the first round of drafting in this run.
    finished : Finished
    made : Made or None
        What was written beside the rows; None while it is not.
    judged : Judged or None
        What came of asking a judge; None where none was asked.
    """

    out: Path
    read: Counts
    totals: Totals
    finished: Finished
    made: Made | None = None
    judged: Judged | None = None


def synthesise(
    given: Given,
    out: Path,
    settings: SynthSettings | None = None,
    *,
    fresh: bool = False,
    retry_failed: bool = False,
    on_event: OnEvent = _NO_EVENT,
    on_problem: Callable[[str], None] = lambda text: None,
) -> Summary:
    """Make training rows of labelled clips; go on where an earlier run on the same folder ended.

    Parameters
    ----------
    given : Given
    out : Path
        Gets ``rows.jsonl``, ``rejected.jsonl`` and the other outputs; every clip is in one of these two.
    settings : SynthSettings, optional
    fresh : bool
        Begin anew: what an earlier synthesis wrote there is removed first.
    retry_failed : bool
        Take up clips again for which the writer failed.
    on_event : callable, optional
        Told what happens while drafts are written; one call at a time.
    on_problem : callable
        Told of each line of the input that cannot be used.

    Returns
    -------
    Summary

    Raises
    ------
    ConfigError
        Another run works on ``out``; it was begun with other parameters; a file, a setting or the writer cannot be
        used; there is no clip.
    StoppedError
        The writer or the disk gave out before all clips were done. What is done is kept; the same call goes on.
    RecordError
        An output cannot be written.
    """
    with opened(given, out, settings, fresh=fresh, on_event=on_event, on_problem=on_problem) as synthesis:
        summary = synthesis.run(retry_failed=retry_failed)
        return replace(summary, made=synthesis.tell(summary.finished))


@contextlib.contextmanager
def opened(
    given: Given,
    out: Path,
    settings: SynthSettings | None = None,
    *,
    fresh: bool = False,
    on_event: OnEvent = _NO_EVENT,
    on_problem: Callable[[str], None] = lambda text: None,
) -> "Iterator[Synthesis]":
    """Hold the folder and read the input; parameters and errors as for :func:`synthesise`."""
    with held(out, fresh=fresh) as folder:
        synthesis = Synthesis(folder, given, settings or SynthSettings(), on_event)
        synthesis.read(on_problem)
        yield synthesis


class Synthesis:
    """One synthesis in a folder that is held.

    Attributes
    ----------
    folder : Folder
    given : Given
    settings : SynthSettings
    clips : ClipFile
        The input, once :meth:`read` was called.
    on_event : callable
        Told what happens while drafts are written.
    judged : Judged or None
        What came of asking a judge.
    """

    def __init__(self, folder: Folder, given: Given, settings: SynthSettings, on_event: OnEvent = _NO_EVENT) -> None:
        self.folder, self.given, self.settings, self.on_event = folder, given, settings, on_event
        self.clips = ClipFile(folder.clips)
        self.judged: Judged | None = None
        self._read = Counts()

    def read(self, on_problem: Callable[[str], None] = lambda text: None) -> None:
        """Read the input, and where its clips were placed before.

        Raises
        ------
        ConfigError
            A file cannot be read, or there is no clip.
        """
        reading, given = self.settings.reading, self.given
        found = read_labelled(
            given.sources,
            reading.layout,
            on_problem,
            language=reading.language,
            source=reading.source,
            counts=self._read,
        )
        if not self.clips.write(found):
            raise ConfigError(f"{', '.join(map(str, given.sources))}: there is no clip to write about")
        splitting = self.settings.splitting
        placed = read_placed(self.folder.state / PLACED, splitting)
        self.settings = replace(self.settings, splitting=replace(splitting, placed=placed))

    def run(self, *, retry_failed: bool = False) -> Summary:
        """Write and check the drafts of all clips, and write rows and rejected clips."""
        given, drafting = self.given, self.settings.drafting
        totals = self.draft(self.folder.round(0), given.writer, drafting, given.parameters, retry_failed=retry_failed)
        finished = self.finish(1)
        keep_placed(self.folder.state / PLACED, self.settings.splitting, finished.splits.of)
        return Summary(out=self.folder.out, read=self._read, totals=totals, finished=finished, judged=self.judged)

    def draft(
        self,
        place: Path,
        writer: MakeWriter,
        drafting: Drafting,
        parameters: Mapping[str, Any],
        *,
        only: Collection[str] | None = None,
        retry_failed: bool = False,
    ) -> Totals:
        """Write and check drafts in a folder of their own.

        Parameters
        ----------
        place : Path
            The folder; goes on where an earlier run on it ended.
        writer, drafting, parameters
            Who writes, how, and what decides it.
        only : collection of str, optional
            Ids of the clips that are meant; by default all.
        retry_failed : bool
            Take up clips again for which the writer failed.
        """
        with contextlib.ExitStack() as stack:

            def made() -> Writer:
                place.mkdir(parents=True, exist_ok=True)
                results = StageResults(place, alone=True)
                stack.callback(results.close)
                return writer(Completions(results))

            order = Order(
                writer=made,
                manners=drafting.manners,
                limits=self.settings.limits,
                retries=drafting.retries,
                parameters=self.settings.parameters(drafting, parameters),
                retry_failed=retry_failed,
            )
            return run_round(self.clips, place, order, only=only, on_event=self.on_event)

    def drafts(self, rounds: int) -> CheckedFile:
        """Find what the first rounds wrote, with what a judge said of it."""
        folders = [self.folder.round(number) for number in range(rounds)]
        files = [folder / name for folder in folders for name in CHECKED.files.values()]
        return JudgedFile(read_scores(self.folder.state / JUDGED), *files)

    def judge(self, rounds: int) -> None:
        """Have the drafts of the first rounds judged, where there is a judge."""
        if self.given.judge is None:
            return
        drafts = self.drafts(rounds)
        totals = Totals(rows=len(self.clips))
        self.on_event(Event(kind="notice", totals=totals, message="the judge is asked about the drafts"))
        self.judged = judge_drafts(self.clips, drafts, self.given.judge, self.folder.state / JUDGED)

    def finish(self, rounds: int) -> Finished:
        """Write rows and rejected clips of the drafts of the first rounds, beside the outputs until :meth:`tell`."""
        self.judge(rounds)
        drafts = self.drafts(rounds)
        return finish(self.folder.begin(), self.clips, drafts, self.settings, embedder=self.given.embedder)

    def tell(self, finished: Finished, rounds: int = 1, looped: Sequence[Mapping[str, Any]] = ()) -> Made:
        """Write all that tells of the rows, as people decided on them before, and put all outputs in their places."""
        made = tell(
            self.folder.made,
            self.clips,
            self.drafts(rounds),
            finished,
            self.settings,
            read=self._read,
            sources=self.given.sources,
            writer=self.given.parameters,
            rounds=looped,
            decisions=self.folder.decisions,
            judged=self.judged,
        )
        self.folder.place()
        return made
