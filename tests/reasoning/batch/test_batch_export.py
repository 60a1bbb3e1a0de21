"""The tables of a finished batch: what they hold is what the lines hold."""

import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from batch_runs import cue_rows, left, mixed_rows, run

from emoreason.errors import ConfigError
from emoreason.reasoning.batch.export import export_results
from emoreason.reasoning.batch.lock import locked
from emoreason.reasoning.batch.outputs import StorageError
from emoreason.records import CueSet, Reference, Score
from emoreason.records.jsonl import read_jsonl


def length(text: str, cueset: CueSet, reference: Reference | None) -> Score | None:
    return None if cueset.clip.id == "row-000" else Score(name="length", value=float(len(cueset.cues)))


def test_parquet_and_cues_say_the_same_as_the_lines(tmp_path: Path) -> None:
    out = tmp_path / "out"
    totals, _ = run(mixed_rows(tmp_path / "media"), out, scorers={"length": length})
    summary = export_results(out, totals)
    done, failed = left(out)
    lines = (out / "explanations.jsonl").read_text(encoding="utf-8").splitlines()
    table = pd.read_parquet(out / "explanations.parquet").reset_index()
    assert table["file"].tolist() == done
    assert table["record"].tolist() == lines
    values = [json.loads(line) for line in lines]
    assert table["valence"].tolist() == pytest.approx([value["valence"] for value in values])
    assert [list(labels) for labels in table["labels"]] == [value.get("labels") or [] for value in values]
    for value, happiness in zip(values, table["happiness"], strict=True):
        assert {one["label"]: one["probability"] for one in value["emotions"]}["happiness"] == happiness
    scores = dict(zip(table["file"], table["score.length"], strict=True))
    assert pd.isna(scores["row-000"])
    assert scores["row-001"] == 3.0
    cuesets = list(read_jsonl(out / "cues.jsonl", CueSet))
    assert [cueset.clip.id for cueset in cuesets] == done
    assert all(cueset.cues or cueset.gaps for cueset in cuesets)
    written = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert written == summary.to_json(totals)
    assert (written["explained"], written["failed"]) == (len(done), len(failed))
    assert written["scores"]["length"]["n_not_applicable"] == 1
    assert {one["stage"] for one in written["failures"]} == {"manifest", "extract", "generate"}


def test_a_folder_that_is_worked_on_or_no_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no batch"):
        export_results(tmp_path, None)  # type: ignore[arg-type]
    totals, _ = run(list(cue_rows(2)), tmp_path / "out")
    with locked(tmp_path / "out/.emoreason/lock"), pytest.raises(ConfigError, match="being worked on"):
        export_results(tmp_path / "out", totals)


def test_what_cannot_be_written_leaves_older_tables_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    totals, _ = run(list(cue_rows(2)), out)
    export_results(out, totals)
    before = (out / "explanations.parquet").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("emoreason.reasoning.batch.export.dump_line", full)
    with pytest.raises(StorageError, match="No space left"):
        export_results(out, totals)
    assert (out / "explanations.parquet").read_bytes() == before
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        *("cues.jsonl", "errors.jsonl", "explanations.jsonl", "explanations.parquet", "summary.json")
    ]


@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        out = tmp_path / str(count)
        totals, _ = run(list(cue_rows(count)), out)
        export_results(out, totals)
        tracemalloc.start()
        export_results(out, totals)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(6_000) < peak(2_500) + 4e6
