"""``emoreason rewards score``: scores of texts, one line per row, and their means."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from ..errors import ConfigError, EmoreasonError
from . import completion
from .group import Tally
from .results import AtomicLines
from .rewards import own_stdout, presets, targets
from .rewards_rows import Row, row_batches
from .terminal import complain, meter, notice, print_json, print_line, show
from .writers import identities

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..records import Score
    from ..rewards.reward import BatchReward, Reward

_HELP: Final = """Score texts against references: scores per row as JSON Lines, and a summary.

FILE holds one JSON object a line (- is stdin): "text" (or "completion", also as a list of messages), "reference" (an
object, or a JSON string of one), and "id" if you like. Rows go to --out, else to stdout; the summary goes to stdout
with --out, else to stderr. A row that cannot be read is named with its line and passed over.

\b
Examples:
  emoreason rewards score answers.jsonl                         the default blend
  emoreason rewards score answers.jsonl --preset grounded --out scores.jsonl
  emoreason rewards score answers.jsonl --reward wheel --reward grounding
  emoreason rewards score answers.jsonl --out scores.jsonl --json

\b
Exit codes: 0 all rows scored, 1 some were not, 2 no such file, or a reward that cannot be used, 3 none was."""

_Scores = dict[str, "Score | None"]


@click.command(help=_HELP)
@click.argument("file", metavar="FILE", shell_complete=completion.complete_files)
@click.option(
    "--reward",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=completion.complete_names(targets, or_files=True),
    help="A reward (wheel, grounding …), package.module:name or file.py:name; can be repeated.",
)
@click.option(
    "--preset",
    metavar="NAME",
    shell_complete=completion.complete_names(presets),
    help="A blend: default, emer, facial-r1, affectgpt-r1 or grounded. [default: default, without --reward]",
)
@click.option("--out", metavar="FILE", shell_complete=completion.complete_files, help="Write the rows there.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object; needs --out.")
@click.pass_context
def score(
    ctx: click.Context, file: str, names: tuple[str, ...], preset: str | None, out: str | None, as_json: bool
) -> None:
    """Score the rows of one file."""
    if as_json and out is None:
        raise ConfigError("--json writes the summary to stdout, where the rows go; name a file for them with --out")
    with own_stdout():
        rewards = _rewards(names, preset)
    tally, summary = Tally(), _Summary()
    with ExitStack() as stack:
        source, size = stack.enter_context(_opened(file))
        sink = stack.enter_context(_sink(out, file))
        progress = stack.enter_context(meter(1 if size else 0, "rows"))
        for rows in row_batches(source, file, tally):
            for row, scores in _scored(rewards, rows, tally):
                summary.add(scores)
                sink(json.dumps(_line(row, scores), ensure_ascii=False))
                tally.done += 1
            if size:
                progress.reach("file", source.tell() / size)
    _show_summary(summary, tally, as_json=as_json, to_stdout=out is not None)
    ctx.exit(tally.exit_code())


@dataclass(slots=True)
class _Summary:
    """Means of the scores, by name, of what applied."""

    values: dict[str, list[float]] = field(default_factory=dict)
    not_applicable: dict[str, int] = field(default_factory=dict)

    def add(self, scores: _Scores) -> None:
        """Count one row: rewards, and the terms of blends as ``blend.term``."""
        for name, value in _flat(scores):
            known, missing = self.values.setdefault(name, []), self.not_applicable.setdefault(name, 0)
            if value is None:
                self.not_applicable[name] = missing + 1
            else:
                known.append(value)

    def rows(self) -> dict[str, dict[str, float | int | None]]:
        """Name -> ``mean``, ``n_scored``, ``n_not_applicable``."""
        return {
            name: {
                "mean": sum(values) / len(values) if values else None,
                "n_scored": len(values),
                "n_not_applicable": self.not_applicable[name],
            }
            for name, values in self.values.items()
        }


def _flat(scores: _Scores) -> Iterator[tuple[str, float | None]]:
    from ..rewards.blend import BlendScore

    for name, found in scores.items():
        yield name, None if found is None else found.value
        if isinstance(found, BlendScore):
            for term, value in found.terms.items():
                yield f"{name}.{term}", value


def _rewards(names: Sequence[str], preset: str | None) -> "dict[str, Reward | BatchReward]":
    from ..rewards.blend import blend_named
    from ..rewards.reward import reward_named

    rewards: dict[str, Reward | BatchReward] = {name: reward_named(name) for name in dict.fromkeys(names)}
    if preset is not None or not names:
        blend = blend_named(preset or "default")
        rewards = {blend.name: blend} | rewards
    return rewards


@contextmanager
def _opened(file: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open the input; its size in bytes, 0 where it is not known."""
    if file == "-":
        yield sys.stdin.buffer, 0
        return
    try:
        with open(file, "rb") as source:
            yield source, Path(file).stat().st_size if source.seekable() else 0
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _sink(out: str | None, file: str) -> Iterator[Callable[[str], None]]:
    """Where the rows go; a file takes its name at the end, also when the run was interrupted."""
    if out is None:
        yield print_line if not sys.stdout.isatty() else print_json
        return
    path = Path(out)
    if path.is_dir():
        raise ConfigError(f"--out {out}: is a folder; name a file")
    if file != "-" and identities([path]) & identities([Path(file)]):
        raise ConfigError(f"--out {out}: is being read; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = AtomicLines(path)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    try:
        yield lines.write
    finally:
        lines.close(nothing_done=lines.count == 0)


def _scored(
    rewards: "Mapping[str, Reward | BatchReward]", rows: Sequence[Row], tally: Tally
) -> list[tuple[Row, _Scores]]:
    """Scores of the rows; where a user's reward raises, the row that it raised on is complained of."""
    try:
        return list(zip(rows, _together(rewards, rows), strict=True))
    except ConfigError:  # not the row's fault: the next ones would fare no better
        raise
    except Exception as error:
        if len(rows) == 1:
            said = str(error) if isinstance(error, EmoreasonError) else f"{type(error).__name__}: {error}"
            complain(rows[0].place, f"cannot be scored: {said}")
            tally.failed += 1
            return []
    return [found for row in rows for found in _scored(rewards, [row], tally)]


def _together(rewards: "Mapping[str, Reward | BatchReward]", rows: Sequence[Row]) -> list[_Scores]:
    from ..rewards.reward import score_cases

    cases = [row.case for row in rows]
    with own_stdout():
        columns = [score_cases(reward, cases, name) for name, reward in rewards.items()]
    return [dict(zip(rewards, found, strict=True)) for found in zip(*columns, strict=True)]


def _line(row: Row, scores: _Scores) -> dict[str, Any]:
    """Row of the output: the id (or where it stood), the value of each score, and what it was made of."""
    return {
        "id": row.place if row.id is None else row.id,
        "scores": {name: None if found is None else found.value for name, found in scores.items()},
        "parts": {name: None if found is None else found.parts for name, found in scores.items()},
    }


def _show_summary(summary: _Summary, tally: Tally, *, as_json: bool, to_stdout: bool) -> None:
    rows = summary.rows()
    if as_json:
        print_json(json.dumps({"scores": rows, "n_rows": tally.done, "n_failed": tally.failed}, ensure_ascii=False))
    elif to_stdout and rows:
        show(_table(rows))
    else:
        for name, row in rows.items():
            counted = f"{row['n_scored']} rows, {row['n_not_applicable']} not applicable"
            notice(f"{name}: mean {_number(row['mean'])} of {counted}")
    notice(tally.summary(0, "rows scored"))


def _table(rows: Mapping[str, Mapping[str, float | int | None]]) -> "RenderableType":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("score")
    for column in ("mean", "scored", "not applicable"):
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, _number(row["mean"]), str(row["n_scored"]), str(row["n_not_applicable"]))
    return table


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
