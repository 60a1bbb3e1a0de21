"""Whole runs: stages, failures, going on, retrying, stopping, and a full disk."""

import resource
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from batch_runs import (
    FAILING,
    DeadEngine,
    ParallelEngine,
    SlowEngine,
    check_exactly_once,
    cue_rows,
    cueset,
    left,
    mixed_rows,
    run,
)

from emoreason.errors import ConfigError, UpstreamError
from emoreason.reasoning.batch.holding import MOST_HELD
from emoreason.reasoning.batch.journal import Journal
from emoreason.reasoning.batch.kept_cues import KeptCues
from emoreason.reasoning.batch.memory import StageResults
from emoreason.reasoning.batch.outputs import StorageError
from emoreason.reasoning.batch.plan import Shard
from emoreason.reasoning.batch.row import Row
from emoreason.reasoning.batch.run import STATE_FOLDER
from emoreason.reasoning.batch.stopped import StoppedError
from emoreason.reasoning.engines import Reply, Request
from emoreason.records import CueSet, Explanation, Reference, Score, Turn
from emoreason.records.jsonl import read_jsonl


class Broken(SlowEngine):
    def answer(self, request: Request) -> Reply:
        if request.cueset.clip.id == "row-001":
            raise ValueError("of a plug-in")
        if request.cueset.clip.id == "row-002":
            return Reply(text="nothing that can be read")
        return super().answer(request)


@pytest.mark.parametrize("engine", [SlowEngine, ParallelEngine])
def test_every_row_ends_in_one_file(tmp_path: Path, engine: type[SlowEngine]) -> None:
    rows = mixed_rows(tmp_path / "media", 30)
    totals, events = run(rows, tmp_path / "out", engine)
    check_exactly_once(tmp_path / "out", rows)
    _, failed = left(tmp_path / "out")
    stages = [line["stage"] for line in failed]
    assert {stage: stages.count(stage) for stage in stages} == FAILING
    assert all(set(line) == {"clip", "stage", "error", "message"} for line in failed)
    assert (totals.done, totals.failed, totals.pending) == (23, 7, 0)
    assert [event.kind for event in events] == ["start", *["row"] * 30, "end"]
    assert totals.seconds.keys() == {"extract", "generate", "parse"}
    explanations = list(read_jsonl(tmp_path / "out" / "explanations.jsonl", Explanation))
    assert {one.engine for one in explanations} == {"slow"}


def test_a_second_run_asks_nobody(tmp_path: Path) -> None:
    rows = mixed_rows(tmp_path / "media", 25)
    run(rows, tmp_path / "out")
    before = left(tmp_path / "out")

    def unwanted() -> SlowEngine:
        raise AssertionError("there is no work")

    totals, _ = run(rows, tmp_path / "out", unwanted)
    assert (totals.done_now, totals.failed_now) == (0, 0)
    assert left(tmp_path / "out") == before


def test_a_manifest_that_grew(tmp_path: Path) -> None:
    run(cue_rows(4), tmp_path)
    totals, events = run(cue_rows(4, start=2), tmp_path)
    assert (totals.rows, totals.done, totals.done_now, totals.vanished) == (4, 4, 2, 2)
    assert "2 rows of earlier runs are not in the manifest" in (events[0].message or "")
    assert left(tmp_path)[0] == [f"row-{number:03}" for number in range(6)]


def test_mistakes_of_an_engine_cost_one_row(tmp_path: Path) -> None:
    run(cue_rows(4), tmp_path, Broken)
    done, failed = left(tmp_path)
    assert done == ["row-000", "row-003"]
    assert [(line["stage"], line["error"]) for line in failed] == [
        ("generate", "UpstreamError"),
        ("parse", "ModelOutputError"),
    ]
    assert "ValueError: of a plug-in" in failed[0]["message"]


def test_failed_rows_are_tried_again_and_leave_the_errors(tmp_path: Path) -> None:
    rows = mixed_rows(tmp_path / "media", 25)
    out, asked = tmp_path / "out", tmp_path / "asked"
    run(rows, out)
    there = next(row.path for row in rows if row.id == "0.png")
    rows = [replace(row, path=there) if row.id == "missing" else row for row in rows]
    totals, events = run(rows, out, lambda: SlowEngine(asked=asked, good=True), retry_failed=True)
    check_exactly_once(out, rows)
    assert [line["clip"] for line in left(out)[1]] == sorted(["unread-0", "unread-1", "broken"], key=lambda i: i[::-1])
    assert "7 rows that failed are tried again" in [event.message for event in events]
    assert totals.failed == 3
    assert sorted(asked.read_text().split()) == ["bad-0", "bad-1", "bad-2", "missing"]


def test_extraction_is_not_done_again(tmp_path: Path) -> None:
    rows = [row for row in mixed_rows(tmp_path / "media", 25) if row.path and row.id[0] in "012"]
    first, _ = run(rows, tmp_path / "one", cache=tmp_path / "cache")
    second, _ = run(rows, tmp_path / "two", cache=tmp_path / "cache", preset="direct")
    assert first.seconds["extract"] > 0
    assert "extract" not in second.seconds
    told, _ = run([replace(row, transcript="hello") for row in rows], tmp_path / "three", cache=tmp_path / "cache")
    assert told.seconds["extract"] > 0


def test_what_a_row_says_reaches_the_engine(tmp_path: Path) -> None:
    seen: list[CueSet] = []

    class Seeing(SlowEngine):
        def answer(self, request: Request) -> Reply:
            seen.append(request.cueset)
            return super().answer(request)

    media = next(row for row in mixed_rows(tmp_path / "media", 25) if (row.path or "").endswith(".wav"))
    turns = (Turn("A", "hi"),)
    rows = [
        replace(media, id="one", transcript="so it goes", context=turns, sex="female"),
        Row(id="two", cueset=cueset(), transcript="well", context=turns),
    ]
    run(rows, tmp_path / "out", Seeing, extractors=("speech",))
    assert sorted((one.clip.id, one.clip.transcript, one.clip.context) for one in seen) == [
        ("one", "so it goes", turns),
        ("two", "well", turns),
    ]


def test_scenes_are_described_once_and_the_cues_of_a_row_can_be_had(tmp_path: Path) -> None:
    described: list[str] = []

    def describe(cues: CueSet) -> CueSet:
        described.append(cues.clip.id)
        if cues.clip.id == "row-001":
            raise UpstreamError("cannot see it")
        if cues.clip.id == "row-002":
            raise KeyError("mistake")
        return replace(cues, cues=cues.cues[:1])

    run(cue_rows(4), tmp_path, describe=describe, cache=tmp_path / "cache")
    run(cue_rows(4), tmp_path, describe=describe, cache=tmp_path / "cache", retry_failed=True)
    assert sorted(described) == ["row-000", "row-001", "row-001", "row-002", "row-002", "row-003"]
    assert {(line["stage"], line["error"]) for line in left(tmp_path)[1]} == {
        ("describe", "UpstreamError"),
        ("describe", "EmoreasonError"),
    }
    kept = KeptCues(Journal(tmp_path / STATE_FOLDER / "journal.sqlite"), StageResults(tmp_path / "cache", alone=False))
    assert [len(found.cues) for row_id in ("row-000", "row-003") if (found := kept.of(row_id))] == [1, 1]
    assert kept.of("no such row") is None


def test_scores_are_kept_in_the_journal(tmp_path: Path) -> None:
    def count(text: str, cues: CueSet, reference: Reference | None) -> Score | None:
        return None if reference is None else Score(name="count", value=float(len(cues.cues)))

    rows = [replace(row, reference=Reference() if number else None) for number, row in enumerate(cue_rows(2))]
    run(rows, tmp_path, scorers={"count": count})
    journal = Journal(tmp_path / STATE_FOLDER / "journal.sqlite")
    assert [(row_id, found["count"] and found["count"]["value"]) for row_id, found in journal.scores()] == [
        ("row-000", None),
        ("row-001", 3.0),
    ]


def test_an_engine_that_is_gone_costs_no_rows(tmp_path: Path) -> None:
    with pytest.raises(StoppedError, match=r"answered none of the last 20 rows: no connection; 7 of 60 rows") as caught:
        run(cue_rows(60), tmp_path, lambda: DeadEngine(7))
    assert caught.value.totals.pending == 53
    assert left(tmp_path)[1] == []
    totals, _ = run(cue_rows(60), tmp_path)
    assert (totals.done, totals.failed) == (60, 0)


def test_one_that_is_gone_from_the_start_stops_a_short_batch_too(tmp_path: Path) -> None:
    with pytest.raises(StoppedError, match="answered none of the last 3 rows"):
        run(cue_rows(3), tmp_path, lambda: DeadEngine(0))
    assert left(tmp_path) == ([], [])


def test_one_that_comes_back_leaves_failures(tmp_path: Path) -> None:
    run(cue_rows(40), tmp_path, lambda: DeadEngine(3, failures=MOST_HELD - 1))
    assert [len(part) for part in left(tmp_path)] == [40 - MOST_HELD + 1, MOST_HELD - 1]


def test_a_describing_model_that_is_gone_costs_no_rows_either(tmp_path: Path) -> None:
    def describe(cues: CueSet) -> CueSet:
        error = UpstreamError("no connection")
        error.for_all = True
        raise error

    with pytest.raises(StoppedError, match="answered none of the last 20 rows: no connection; 0 of 50 rows"):
        run(cue_rows(50), tmp_path, describe=describe)
    assert left(tmp_path) == ([], [])


def test_a_cache_that_is_full_fails_no_row(tmp_path: Path) -> None:
    class Full(SlowEngine):
        def answer(self, request: Request) -> Reply:
            raise StorageError("the cache cannot be written: No space left on device")

    with pytest.raises(StoppedError, match="No space left on device; 0 of 3 rows"):
        run(cue_rows(3), tmp_path, Full)
    assert left(tmp_path) == ([], [])


def test_configuration_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="preset"):
        run(cue_rows(3), tmp_path / "a", preset="nonsense")
    with pytest.raises(ConfigError, match="no extractor is called"):
        run(mixed_rows(tmp_path / "media", 25), tmp_path / "b", extractors=("nonsense",))


def test_results_that_are_no_batch_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "explanations.jsonl").write_text("{}\n")
    with pytest.raises(ConfigError, match="was not written by a batch"):
        run(cue_rows(3), tmp_path)
    assert (tmp_path / "explanations.jsonl").read_text() == "{}\n"


def test_lines_of_somebody_else_are_not_taken_for_ours(tmp_path: Path) -> None:
    run(cue_rows(2), tmp_path)
    path = tmp_path / "explanations.jsonl"
    own = path.read_text()
    for foreign, said in (('{"clip": "x"}\n', "of no row of this batch"), (own.splitlines()[0] + "\n", "a second one")):
        path.write_text(own + foreign)
        with pytest.raises(ConfigError, match=said):
            run(cue_rows(2), tmp_path)
    path.write_text(own)
    run(cue_rows(2), tmp_path)


def forget_the_last(out: Path, lines: int) -> None:
    """Make the journal what it was before its last commit."""
    journal = Journal(out / STATE_FOLDER / "journal.sqlite")
    data = (out / "explanations.jsonl").read_bytes()
    journal.forget_after("done", len(data) - sum(len(line) + 1 for line in data.splitlines()[-lines:]))
    journal.close()


def test_what_a_power_failure_leaves_is_cut(tmp_path: Path) -> None:
    """The system may have kept the length of a file and the end of it, and not what lies between."""
    run(cue_rows(6), tmp_path)
    forget_the_last(tmp_path, 3)
    path = tmp_path / "explanations.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], b"\0" * 900 + lines[4][-50:], lines[5], b"\0" * 70]))
    totals, _ = run(cue_rows(6), tmp_path)
    check_exactly_once(tmp_path, list(cue_rows(6)))
    assert (totals.adopted, totals.done_now) == (1, 2)
    assert totals.cut_bytes == 950 + len(lines[5]) + 70


def test_scores_of_adopted_lines_are_kept(tmp_path: Path) -> None:
    def one(text: str, cues: CueSet, reference: Reference | None) -> Score:
        return Score(name="one", value=1.0)

    run(cue_rows(3), tmp_path, scorers={"one": one})
    forget_the_last(tmp_path, 2)
    totals, _ = run(cue_rows(3), tmp_path, scorers={"one": one})
    assert (totals.adopted, totals.done_now) == (2, 0)
    journal = Journal(tmp_path / STATE_FOLDER / "journal.sqlite")
    assert [found["one"]["value"] for _, found in journal.scores()] == [1.0, 1.0, 1.0]


def test_lines_that_are_gone_are_written_again(tmp_path: Path) -> None:
    run(cue_rows(5), tmp_path)
    path = tmp_path / "explanations.jsonl"
    path.write_bytes(path.read_bytes()[: -len(path.read_bytes().splitlines()[-1]) - 40])
    totals, events = run(cue_rows(5), tmp_path)
    check_exactly_once(tmp_path, list(cue_rows(5)))
    assert totals.done_now == 2
    assert any("2 rows are done again" in (event.message or "") for event in events)


def test_ids_that_are_no_text(tmp_path: Path) -> None:
    run([Row(id="caf\udce9.mp4", path=str(tmp_path / "caf\udce9.mp4")), *cue_rows(1)], tmp_path / "out")
    assert left(tmp_path / "out")[1][0]["clip"] == r"caf\udce9.mp4"
    totals, _ = run([Row(id="caf\udce9.mp4", path=str(tmp_path / "caf\udce9.mp4")), *cue_rows(1)], tmp_path / "out")
    assert totals.failed_now == 0


def test_two_at_once(tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Waiting(SlowEngine):
        def answer(self, request: Request) -> Reply:
            entered.set()
            leave.wait(30)
            return super().answer(request)

    thread = threading.Thread(target=run, args=(cue_rows(3), tmp_path, Waiting))
    thread.start()
    assert entered.wait(30)
    with pytest.raises(ConfigError, match=r"is being worked on by process \d+"):
        run(cue_rows(3), tmp_path)
    leave.set()
    thread.join()
    check_exactly_once(tmp_path, list(cue_rows(3)))


@pytest.mark.parametrize("engine", [SlowEngine, ParallelEngine])
def test_interrupted_wherever_it_is(tmp_path: Path, engine: type[SlowEngine]) -> None:
    rows = mixed_rows(tmp_path / "media", 30)

    class Interrupting(engine):  # type: ignore[misc, valid-type]
        def answer(self, request: Request) -> Reply:
            if request.cueset.clip.id == "row-007":
                signal.raise_signal(signal.SIGINT)
            return super().answer(request)

    with pytest.raises(KeyboardInterrupt):
        run(rows, tmp_path / "out", Interrupting)
    totals, _ = run(rows, tmp_path / "out")
    check_exactly_once(tmp_path / "out", rows)
    assert totals.complete


def test_interrupted_between_line_and_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, calls = Journal.note, []

    def interrupted(self: Journal, *arguments: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        note(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "note", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(cue_rows(6), tmp_path)
    monkeypatch.undo()
    totals, _ = run(cue_rows(6), tmp_path)
    check_exactly_once(tmp_path, list(cue_rows(6)))
    assert totals.adopted == 3


@pytest.mark.parametrize("limit", [3_000, 20_000, 60_000, 120_000])
def test_a_full_disk_loses_nothing(tmp_path: Path, limit: int) -> None:
    rows = list(cue_rows(60))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        with pytest.raises(StoppedError, match=r"cannot be written: .*; .*the same command goes on") as c:
            run(rows, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert "\n" not in str(c.value)
    said = c.value.totals.done
    totals, _ = run(rows, tmp_path)
    check_exactly_once(tmp_path, rows)
    assert totals.done_now == len(rows) - said


def test_shards_make_the_same_rows_as_one_run(tmp_path: Path) -> None:
    rows = list(cue_rows(30))
    run(rows, tmp_path / "whole")
    for index in (1, 2, 3):
        run(rows, tmp_path / f"part-{index}", shard=Shard(index, 3))
    whole = sorted((tmp_path / "whole" / "explanations.jsonl").read_text().splitlines())
    parts = [(tmp_path / f"part-{index}" / "explanations.jsonl").read_text().splitlines() for index in (1, 2, 3)]
    assert sorted(line for part in parts for line in part) == whole


@pytest.mark.parametrize("stated", [10**30, -1, 2**63, "7", True])
def test_token_counts_that_are_none_cost_nothing(tmp_path: Path, stated: object) -> None:
    class Stating(SlowEngine):
        def answer(self, request: Request) -> Reply:
            return replace(super().answer(request), generation={"prompt_tokens": stated, "completion_tokens": 3})

    rows = list(cue_rows(2))
    for _ in range(2):
        totals, _ = run(rows, tmp_path / "out", Stating)
        check_exactly_once(tmp_path / "out", rows)
    assert totals.done == 2


class Renamed(SlowEngine):
    model = "slow 2"


def test_what_two_models_say_is_not_mixed(tmp_path: Path) -> None:
    run(cue_rows(3), tmp_path / "out")
    with pytest.raises(ConfigError, match="were explained by slow slow 1, and now slow slow 2 answers"):
        run(cue_rows(5), tmp_path / "out", Renamed)
    totals, _ = run(cue_rows(5), tmp_path / "out")
    assert totals.done == 5
    (tmp_path / "out" / "explanations.jsonl").write_bytes(b"")  # begun anew
    totals, _ = run(cue_rows(5), tmp_path / "out", Renamed)
    assert totals.done == 5


def test_files_that_were_edited_are_refused_and_nothing_is_cut_off(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(cue_rows(3), out)
    path = out / "explanations.jsonl"
    edited = path.read_bytes().replace(b'{"clip": ', b'{ "clip" : ')
    path.write_bytes(edited)
    with pytest.raises(ConfigError, match="something else wrote to it: no line begins at byte"):
        run(cue_rows(4), out)
    assert path.read_bytes() == edited


def test_scores_of_a_line_that_is_taken_over_are_found(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def score(text: str, cues: CueSet, reference: Reference | None) -> Score:
        return Score(name="half", value=0.5)

    # The journal is not committed in between: a bad row first, killed right after the second.
    class Killed(SlowEngine):
        def answer(self, request: Request) -> Reply:
            if request.cueset.clip.id == "row-001":
                raise KeyboardInterrupt
            return super().answer(request)

    rows = [Row(id="bad line", problem="no JSON"), *cue_rows(2)]
    journal = Journal.flush
    try:
        Journal.flush = lambda self: None  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            run(rows, out, Killed, scorers={"half": score})
    finally:
        Journal.flush = journal  # type: ignore[method-assign]
    totals, _ = run(rows, out, scorers={"half": score})
    assert totals.adopted > 0
    again = Journal(out / STATE_FOLDER / "journal.sqlite")
    assert [row_id for row_id, _ in again.scores()] == ["row-000", "row-001"]
    again.close()
