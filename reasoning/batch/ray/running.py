"""A batch on Ray: Ray Data moves the rows, this process alone writes.

Rows of the journal go through two stages: tasks extract cues, a core each; actors with an engine each answer. What
comes back is written and noted as in a local run, so the journal is the checkpoint: after any end the same command goes
on, on Ray or without. What dies on the cluster is done again by Ray; a row that comes back twice is written once.
"""

import contextlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from ....errors import EmoreasonError, UpstreamError
from ..events import Totals
from ..journal import Entry
from ..plan import Plan
from ..row import Row, pack_row
from ..run import run_batch
from ..stages import Outcome
from ..telling import OnEvent
from ..working import Means
from .carried import carry, end_of, error_of, for_extraction, packed, table_of, unpacked
from .cluster import Share, connected, refuse_without_ray, share_of
from .workers import Answering, extract

#: Rows handed to Ray at a time: engines are made anew for the next ones. Fewer where their cues are large.
_WINDOW_ROWS: Final = 50_000
_WINDOW_BYTES: Final = 128 << 20
#: Rows that move together, at most; a worker that dies has done so many for nothing.
_BLOCK_ROWS: Final = 8
#: Rows that an engine is given at a time.
_ROOM: Final = 128
#: Blocks that one process extracts. Stated, it also keeps Ray from having the actors extract.
_CALLS: Final = 1_000


def run_on_ray(
    rows: Iterable[Row],
    out: Path,
    plan: Plan,
    *,
    address: str | None = "local",
    on_event: OnEvent | None = None,
    engines: int | None = None,
    gpus: float | None = None,
    **options: Any,
) -> Totals:
    """Explain every row on Ray; go on where an earlier run on the same folder ended, on Ray or not.

    Parameters
    ----------
    rows, out, plan, on_event
        As for :func:`~emoreason.reasoning.batch.run.run_batch`. ``out`` and ``plan.cache`` are this process's alone;
        workers read clips by the paths of the manifest, so on a cluster these lie on a file system that all share.
        The plan is pickled (:func:`~emoreason.reasoning.batch.ray.carried.carry`); give a cluster only to those you
        trust. Keys are not sent: workers have them in their environment, or read ``key_file``.
    address : str, optional
        ``local`` (default): a Ray for this run on this machine. ``auto`` or ``host:port``: a cluster with the same
        emoreason. Where this process is connected already, that is used.
    engines : int, optional
        Engines, an actor each; by default one per GPU for engines with a model of their own, otherwise one.
    gpus : float, optional
        GPUs of each (its tensor parallelism); by default one where there are any and the engine has a model.
    options
        For ``ray.init``.

    Returns
    -------
    Totals
        As of the local run. Completions are not kept between runs (``plan.memory``): rows that were under way are
        asked anew.

    Raises
    ------
    ConfigError
        As for the local run; Ray is not installed, the cluster cannot be reached or has too few GPUs.
    StoppedError
        As for the local run.
    """
    refuse_without_ray()
    work = partial(_work, address=address or "local", engines=engines, gpus=gpus, options=options)
    return run_batch(rows, out, plan, on_event=on_event, work=work)


def _work(
    entries: Iterator[Entry],
    means: Means,
    *,
    address: str,
    engines: int | None,
    gpus: float | None,
    options: dict[str, Any],
) -> None:
    carried = carry(means.plan), carry(for_extraction(means.plan))
    with connected(address, **options) as ray:
        resources = ray.cluster_resources()
        share = share_of(means.plan.parameters.get("engine"), resources, engines, gpus)
        cores = max(1, int(resources.get("CPU", 1)))
        while window := _taken(entries, means):
            block = max(1, min(_BLOCK_ROWS, len(window) // (4 * cores)))
            tables = [table_of(window[begin : begin + block]) for begin in range(0, len(window), block)]
            written = _Written({row["ordinal"] for row in window}, means, _ROOM * share.engines)
            del window
            with contextlib.closing(_results(tables, block, carried, share, means.plan.jobs)) as results:
                for ordinal, row_id, found in results:
                    written.take(ordinal, row_id, found)
            written.end()


def _taken(entries: Iterator[Entry], means: Means) -> list[dict[str, Any]]:
    """Return the next rows, as they are sent."""
    window, size = [], 0
    for entry in islice(entries, _WINDOW_ROWS):
        row = entry.row
        known = means.kept.extracted(row.id) if row.cueset is None and row.path is not None else None
        sent: dict[str, Any] = {
            "ordinal": entry.ordinal,
            "id": row.id,
            "row": pack_row(row),
            "found": None if known is None else packed(known),
        }
        window.append(sent)
        size += len(sent["row"]) + len(sent["found"] or b"")
        if size > _WINDOW_BYTES:
            break
    return window


def _results(
    tables: list[Any], block: int, carried: tuple[Any, Any], share: Share, jobs: int | None
) -> Generator[tuple[int, str, dict[str, Any]], None, None]:
    """Yield ordinal, id and what was found of each row, as they come."""
    from ray import data

    context = data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_options.preserve_order = False
    context.execution_options.verbose_progress = False
    context.downstream_capacity_backpressure_ratio = 1.0
    calls = max(1, _ROOM // block)
    with data.DataContext.current(context):
        found = (
            data.from_arrow(tables)
            .map_batches(
                extract,  # type: ignore[arg-type, unused-ignore]
                fn_kwargs={"carried": carried[1]},
                batch_size=block,
                batch_format="pyarrow",
                num_cpus=1,
                concurrency=jobs,
                max_calls=_CALLS,
            )
            .map_batches(
                Answering,
                fn_constructor_kwargs={"carried": carried[0]},
                batch_size=block,
                batch_format="pyarrow",
                compute=data.ActorPoolStrategy(
                    size=share.engines,
                    max_tasks_in_flight_per_actor=calls,
                    max_concurrent_calls_per_actor=calls,
                    enable_true_multi_threading=True,
                ),
                num_cpus=share.cpus,
                num_gpus=share.gpus,
            )
        )
        batches = iter(found.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
    while (batch := _next(batches)) is not None:
        for row in batch.to_pylist():
            yield row["ordinal"], row["id"], unpacked(row["found"])


def _next(batches: Iterator[Any]) -> Any:
    try:
        return next(batches, None)
    except EmoreasonError:
        raise
    except Exception as error:  # Ray has a dozen kinds; the first line says what happened
        line = next((line for line in str(error).splitlines() if line.strip()), "")
        raise UpstreamError(f"Ray gave up: {type(error).__name__}: {line.strip()}") from error


class _Written:
    """What came back, written once each.

    Rows come back in blocks, not in the order in which they were answered. Failures that any row would have had
    therefore wait until the answers of their time must have come: these would be taken for signs of life.

    Parameters
    ----------
    waiting : set of int
        Ordinals of the rows that were sent.
    means : Means
    room : int
        Rows that all engines are at together.
    """

    def __init__(self, waiting: set[int], means: Means, room: int) -> None:
        self._waiting = waiting
        self._means = means
        self._room = room
        self._answered = 0
        self._gone: deque[tuple[int, Entry, Outcome, EmoreasonError]] = deque()

    def take(self, ordinal: int, row_id: str, found: dict[str, Any]) -> None:
        """Take what came back of a row.

        Raises
        ------
        EmoreasonError
            What concerns all rows.
        """
        if "fatal" in found:
            raise error_of(found)
        if ordinal not in self._waiting:  # Ray did it twice
            return
        self._waiting.discard(ordinal)
        self._keep_cues(row_id, found["kept"])
        entry = Entry(ordinal, Row(id=row_id), 0)
        outcome, reply = end_of(found)
        if isinstance(reply, EmoreasonError):
            self._gone.append((self._answered, entry, outcome, reply))
            if len(self._gone) >= self._room:
                self.end()
            return
        self._answered += 1
        self._means.done(entry, outcome, reply)
        while self._gone and self._answered - self._gone[0][0] >= self._room:
            self._means.done(*self._gone.popleft()[1:])

    def end(self) -> None:
        """Write what has waited."""
        while self._gone:
            self._means.done(*self._gone.popleft()[1:])

    def _keep_cues(self, row_id: str, kept: list[list[Any]]) -> None:
        for stage, key, value in kept:
            if value is None:
                self._means.kept.point(row_id, stage, key)
            else:
                self._means.kept.keep_json(row_id, stage, key, value)
