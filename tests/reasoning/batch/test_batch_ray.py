"""Batches on Ray: the same rows as a local run, whatever is killed."""

import importlib.util
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from batch_runs import DeadEngine, SlowEngine, check_exactly_once, cue_rows, left, mixed_rows, plan_for, redone, run

from emoreason.errors import ConfigError
from emoreason.reasoning.batch.events import Event, Totals
from emoreason.reasoning.batch.journal import Journal
from emoreason.reasoning.batch.kept_cues import KeptCues
from emoreason.reasoning.batch.memory import StageResults
from emoreason.reasoning.batch.run import STATE_FOLDER
from emoreason.reasoning.batch.stopped import StoppedError
from emoreason.records import CueSet, Reference

pytest.importorskip("ray", reason="extra scale: pip install 'emoreason[scale]'")

import ray_runs

from emoreason.reasoning.batch.ray import run_on_ray
from emoreason.reasoning.batch.ray.carried import carry, taken_up
from emoreason.reasoning.batch.ray.cluster import Share, connected, share_of


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    with connected("local", **ray_runs.SMALL):
        yield


def on_ray(rows: Any, out: Path, engine: Any = SlowEngine, tell: Any = None, **changes: Any) -> Totals:
    return run_on_ray(rows, out, plan_for(engine, **changes), on_event=tell)


def lines(out: Path) -> list[list[str]]:
    return [sorted((out / name).read_text().splitlines()) for name in ("explanations.jsonl", "errors.jsonl")]


def noted(out: Path, ids: list[str]) -> tuple[dict[str, Any], dict[str, CueSet | None]]:
    """What the journal knows: scores, and the cues each row was explained from."""
    journal = Journal(out / STATE_FOLDER / "journal.sqlite")
    results = StageResults(out / STATE_FOLDER, alone=True)
    try:
        kept = KeptCues(journal, results)
        return dict(journal.scores()), {row_id: kept.of(row_id) for row_id in ids}
    finally:
        results.close()
        journal.close()


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    # Before the others: a Ray that this process is connected to would be used instead.
    with pytest.raises(ConfigError, match=r"--ray 127\.0\.0\.1:9: no Ray there: ConnectionRefusedError"):
        run_on_ray(cue_rows(1), tmp_path, plan_for(SlowEngine), address="127.0.0.1:9")


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_the_same_rows_as_a_local_run(tmp_path: Path) -> None:
    rows = [replace(row, reference=Reference(labels=("joy",))) for row in mixed_rows(tmp_path / "media", 40)]
    rows[0] = replace(rows[0], reference=None)
    plan = {"describe": ray_runs.describe, "scorers": {"by cues": ray_runs.score}}
    run(rows, tmp_path / "here", **plan)
    events: list[Event] = []
    totals = on_ray(rows, tmp_path / "there", tell=events.append, **plan)
    assert lines(tmp_path / "there") == lines(tmp_path / "here")
    ids = [row.id for row in rows]
    assert noted(tmp_path / "there", ids) == noted(tmp_path / "here", ids)
    scores, cues = noted(tmp_path / "there", ids)
    assert len(scores) == totals.done == 33
    assert sum(one is not None and "scene.place.1" in {cue.id for cue in one.cues} for one in cues.values()) == 36
    assert [event.kind for event in events] == ["start", *["row"] * 40, "end"]
    assert totals.seconds.keys() == {"extract", "describe", "generate", "parse", "score"}


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_begun_here_it_goes_on_there_and_back(tmp_path: Path) -> None:
    rows = list(cue_rows(120))
    with pytest.raises(StoppedError, match="no connection; 10 of 120 rows"):
        run(rows, tmp_path, lambda: DeadEngine(10))
    with pytest.raises(StoppedError, match="no connection; 40 of 120 rows"):
        on_ray(rows, tmp_path, partial(DeadEngine, 30))
    totals, _ = run(rows, tmp_path)
    assert (totals.done_now, totals.done) == (80, 120)
    check_exactly_once(tmp_path, rows)
    with pytest.raises(ConfigError, match="engine: slow -> another"):
        on_ray(rows, tmp_path, parameters={"engine": "another"})


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_failed_rows_are_tried_again_with_the_cues_they_had(tmp_path: Path) -> None:
    rows = mixed_rows(tmp_path / "media", 25)
    on_ray(rows, tmp_path / "out")
    totals = on_ray(rows, tmp_path / "out", partial(SlowEngine, good=True), retry_failed=True)
    check_exactly_once(tmp_path / "out", rows)
    assert totals.done_now == 3
    assert len(left(tmp_path / "out")[1]) == 4


def _unusable() -> SlowEngine:
    raise ConfigError("there is no such model")


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_an_engine_that_cannot_be_made_fails_no_row(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such model"):
        on_ray(cue_rows(20), tmp_path, _unusable)
    assert left(tmp_path) == ([], [])


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("title", ["Answering", "extract"])
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows, asked = mixed_rows(tmp_path / "media", 200), tmp_path / "asked"
    seen, killed = 0, 0

    def tell(event: Event) -> None:
        nonlocal seen, killed
        seen += event.kind == "row"
        if seen > 20 * (killed + 1) and killed < 2:
            killed += ray_runs.kill_worker(title)

    on_ray(rows, tmp_path / "out", partial(SlowEngine, 0.02, asked), tell=tell)
    assert killed
    check_exactly_once(tmp_path / "out", rows)
    print(f"{killed} workers killed ({title}): {redone(asked)} of {len(rows)} redone, 0 duplicates")  # noqa: T201 - for the log


@pytest.mark.slow
def test_a_driver_that_is_killed_goes_on(tmp_path: Path) -> None:
    rows, out = mixed_rows(tmp_path / "media", 120), tmp_path / "out"
    options = {"media": tmp_path / "media", "asked": tmp_path / "asked", "count": 120, "seconds": 0.05}
    first = ray_runs.start(out, **options)
    assert first.stdout is not None
    seen = 0
    while seen < 40 and (line := first.stdout.readline()):
        seen += line.startswith("row ")
    with pytest.raises(ConfigError, match="is being worked on by process"):
        on_ray(rows, out)
    there = {
        process: line for process, line in ray_runs.processes(first.pid).items() if not line.startswith(ray_runs.AGENTS)
    }
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert seen == 40, first.stderr and first.stderr.read()
    assert any(line.startswith("ray::") for line in there.values())
    assert ray_runs.wait_for_end(there) == {}, "what Ray started lives on"
    second = ray_runs.start(out, **options)
    printed, errors = second.communicate()
    assert second.returncode == 0, errors
    check_exactly_once(out, rows)
    again = redone(tmp_path / "asked")
    print(f"driver killed: {again} of {len(rows)} redone, 0 duplicates; {printed.splitlines()[-1]}")  # noqa: T201 - for the log


def test_gpus_are_shared_out() -> None:
    there = {"CPU": 16.0, "GPU": 4.0}
    assert share_of("vllm", there, None, 2) == Share(2, 2, 0)
    assert share_of("transformers", {"CPU": 16.0}, None, None) == Share(1, 0, 1)
    assert share_of("transformers", {"CPU": 1.0}, None, None) == Share(1, 0, 0)
    assert share_of("evidence", there, 3, None) == Share(3, 0, 0)
    with pytest.raises(ConfigError, match="5 engines with 1 GPUs each, and the cluster has 4"):
        share_of("vllm", there, 5, None)


def test_a_plan_travels_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOREASON_API_KEY", "secret")
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    plan = plan_for(SlowEngine, jobs=3)
    carried = carry(plan)
    assert carried["environment"].get("EMOREASON_OFFLINE") == "1"
    assert "secret" not in str(carried)
    assert taken_up(carried) == plan
    with pytest.raises(ConfigError, match=r"a worker of the cluster has emoreason .*; install the same"):
        taken_up({**carried, "version": "0.0.1"})
    with pytest.raises(ConfigError, match="cannot be sent to other processes"):
        carry(plan_for(SlowEngine, parameters={"lock": threading.Lock()}))


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'emoreason\[scale\]'"):
        on_ray(cue_rows(1), tmp_path)
