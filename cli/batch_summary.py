"""The end of a batch in words: a table of what it came to, and one line with the count."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .terminal import printable, show

if TYPE_CHECKING:
    from ..reasoning.batch.events import Totals

_MOST: Final = 8


def count_line(totals: "Totals", out: Path) -> str:
    """Say the count in one line.

    Examples
    --------
    >>> from emoreason.reasoning.batch.events import Totals
    >>> count_line(Totals(rows=120, done=118, failed=2), Path("OUT"))
    '120 rows: 118 explained, 2 failed (OUT/errors.jsonl)'
    """
    failed = f", {totals.failed} failed ({out / 'errors.jsonl'})" if totals.failed else ", 0 failed"
    pending = f", {totals.pending} not done yet" if totals.pending else ""
    return f"{totals.rows} {'row' if totals.rows == 1 else 'rows'}: {totals.done} explained{failed}{pending}"


def show_summary(summary: Mapping[str, Any]) -> None:
    """Print what ``summary.json`` holds as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in _rows(summary):
        table.add_row(Text(name, "bold"), Text(printable(words)))
    show(table)


def _rows(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    counts = [*summary["emotions"].items(), *([("abstained", summary["abstained"])] if summary["abstained"] else [])]
    yield from _row("emotions", (f"{label} {count}" for label, count in sorted(counts, key=lambda one: -one[1])))
    yield from _row("labels", (f"{label} {count}" for label, count in summary["labels"].items()))
    yield from _row("not observed", map(_gap, summary["gaps"]))
    yield from _row(
        "failures", (f"{one['stage']}: {one['error']} {one['rows']}" for one in summary["failures"]), separator="; "
    )
    yield from _row("scores", (_score(name, score) for name, score in summary["scores"].items()))
    tokens = summary["tokens"]
    if any(tokens.values()):
        yield "tokens", f"{tokens['prompt']:,} read, {tokens['completion']:,} written"
    yield from _row("seconds", (f"{stage} {seconds:,.1f}" for stage, seconds in summary["seconds"].items()))
    this_run = summary["this_run"]
    if this_run["rows_per_s"] is not None:
        rows = this_run["explained"] + this_run["failed"]
        yield "this run", f"{rows} rows in {this_run['seconds']:,.1f} s, {this_run['rows_per_s']:.3g} a second"


def _row(name: str, items: Iterable[str], separator: str = ", ") -> Iterator[tuple[str, str]]:
    found = list(items)
    if found:
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        yield name, separator.join(found[:_MOST]) + more


def _score(name: str, score: Mapping[str, Any]) -> str:
    if score["mean"] is None:
        return f"{name} none"
    return f"{name} {score['mean']:.4f} of {score['n_scored']}"


def _gap(gap: Mapping[str, Any]) -> str:
    return f"{gap['modality']}: {gap['reason'].replace('_', ' ')} {gap['rows']}"
