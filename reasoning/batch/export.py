"""A finished batch as tables: ``explanations.parquet``, ``cues.jsonl`` and the counts of ``summary.json``.

Everything is read once, line by line, and each file is whole or not there: it grows under another name.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError
from ...formats.parquet import ParquetFile
from ...formats.table import EXPLANATIONS, Table, explanation_rows
from ...records import Clip, CueSet, Explanation
from ...records.convert import restore
from ...records.jsonl import dump_line
from .events import Totals
from .journal import Journal
from .kept_cues import KeptCues
from .lock import locked
from .manifest_fields import valid_text
from .memory import StageResults
from .outputs import FILES, StorageError
from .run import STATE_FOLDER
from .summary import Summary

PARQUET: Final = "explanations.parquet"
CUES: Final = "cues.jsonl"
SUMMARY: Final = "summary.json"

#: Rows held at a time: explanations are long.
_GROUP_ROWS: Final = 2_000


def export_results(out: Path, totals: Totals, *, cache: Path | None = None) -> Summary:
    """Write the tables of a batch that no run is working on.

    ``explanations.parquet`` has the columns of :data:`~emoreason.formats.table.EXPLANATIONS`, ``score.NAME`` for each
    score, and ``record``: the line of ``explanations.jsonl`` itself. ``cues.jsonl`` has one CueSet per explanation, in
    the same order; a page can be made of each pair (``emoreason report``).

    Parameters
    ----------
    out : Path
        The batch's folder.
    totals : Totals
        Of the run that ended, for the summary.
    cache : Path, optional
        Where the run kept the results of stages, if not in ``out``.

    Raises
    ------
    ConfigError
        Another run works on the folder, or there is no batch in it.
    StorageError
        A file cannot be written; ``explanations.jsonl`` is whole all the same.
    """
    state = out / STATE_FOLDER
    if not (state / "journal.sqlite").exists():
        raise ConfigError(f"{out}: no batch was run there")
    with locked(state / "lock"), ExitStack() as stack:
        journal = Journal(state / "journal.sqlite")
        stack.callback(journal.close)
        results = StageResults(cache or state, alone=cache is None)
        stack.callback(results.close)
        try:
            summary = _tables(out, journal, results)
            seconds, summary.prompt_tokens, summary.completion_tokens = journal.spent()
            summary.seconds = dict(seconds)
            _write_summary(out, summary.to_json(totals))
        except OSError as error:
            raise StorageError(f"the tables in {out} cannot be written: {error.strerror or error}") from error
    return summary


def _tables(out: Path, journal: Journal, results: StageResults) -> Summary:
    summary = Summary()
    names = list((journal.parameters() or {}).get("scorers") or ())
    columns = (*EXPLANATIONS.columns, *((f"score.{name}", "number") for name in names), ("record", "text"))
    table = Table("explanations", columns, EXPLANATIONS.n_index)
    parquet, cues = _partial(out, PARQUET), _partial(out, CUES)
    with ParquetFile(parquet, table, group_rows=_GROUP_ROWS) as rows, open(cues, "w", encoding="utf-8") as lines:
        for line in _lines(out / FILES["done"]):
            explanation = restore(json.loads(line), Explanation)
            cueset = _cues(explanation.clip, journal, results)
            values = _values(names, journal, results, explanation.clip)
            for row in explanation_rows(explanation, cueset.clip.duration_s):
                rows.add([(*row, *values.values(), line)])
            lines.write(dump_line(_written(cueset)) + "\n")
            summary.add(explanation, values)
    for line in _lines(out / FILES["failed"]):
        summary.add_failure(json.loads(line))
    os.replace(cues, out / CUES)
    os.replace(parquet, out / PARQUET)
    return summary


def _cues(row_id: str, journal: Journal, results: StageResults) -> CueSet:
    """Cues that a row was explained from; none where they are not kept."""
    return KeptCues(journal, results).of(row_id) or CueSet(clip=Clip(id=row_id))


def _written(cueset: CueSet) -> CueSet:
    """Cues as every file can hold them: a path may be no Unicode."""
    path = cueset.clip.path
    return cueset if path is None else replace(cueset, clip=replace(cueset.clip, path=valid_text(path)))


def _values(names: list[str], journal: Journal, results: StageResults, row_id: str) -> dict[str, float | None]:
    """Score -> value; None where it does not apply."""
    scores = (results.get("score", journal.key_of(row_id)) or {}) if names else {}
    return {name: None if scores.get(name) is None else scores[name]["value"] for name in names}


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file of ours, without their newlines; none where there is no file."""
    if path.exists():
        with open(path, encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")


def _partial(out: Path, name: str) -> Path:
    return out / STATE_FOLDER / f"{name}.partial"


def _write_summary(out: Path, value: Mapping[str, Any]) -> None:
    partial = _partial(out, SUMMARY)
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, out / SUMMARY)
