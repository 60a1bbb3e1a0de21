"""kill -9 at chosen places of a synthesis, the same call again: every clip written about once, the rows the same."""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelled_clips import write_labelled

from emoreason.data_synth import finishing, pipeline, telling
from emoreason.data_synth import folder as folder_module
from emoreason.data_synth.draft import Draft
from emoreason.data_synth.folder import Folder, held
from emoreason.data_synth.pipeline import Given, Summary, synthesise
from emoreason.data_synth.settings import Drafting, SynthSettings
from emoreason.data_synth.split import Splitting
from emoreason.data_synth.template.writer import TemplateWriter
from emoreason.data_synth.writing import exports
from emoreason.errors import ConfigError, UpstreamError
from emoreason.reasoning.batch import journal, outputs
from emoreason.reasoning.batch.stopped import StoppedError

SETTINGS = SynthSettings(drafting=Drafting(styles=("long", "direct"), retries=0))
CLIPS = 12


class Noting(TemplateWriter):
    """The template; notes what it was asked in a file, which outlives it."""

    def __init__(self, asked: Path, away: int | None = None) -> None:
        super().__init__()
        self.asked, self.away = asked, away

    def write_each(self, orders: Any) -> Iterator[Any]:
        for clip, number, draft in super().write_each(orders):
            with open(self.asked, "a") as file:
                file.write(f"{clip.id} {number}\n")
            if self.away is not None and len(self.asked.read_text().splitlines()) > self.away:
                error = UpstreamError("the server is away")
                error.for_all = True
                yield clip, number, error
            else:
                yield clip, number, draft


def run(folder: Path, out: str = "out", **more: Any) -> Summary:
    make = more.pop("writer", lambda: Noting(folder / "asked"))
    settings = more.pop("settings", SETTINGS)
    return synthesise(
        Given(sources=[folder / "clips.jsonl"], writer=lambda memory: make()), folder / out, settings, **more
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(owner: Any, name: str, calls: int, half: bool = False) -> None:
    real, count = getattr(owner, name), [0]

    def deadly(*arguments: Any, **named: Any) -> Any:
        count[0] += 1
        if half and count[0] == calls:
            die()
        result = real(*arguments, **named)
        if count[0] == calls:
            die()
        return result

    setattr(owner, name, deadly)


def tears(calls: int) -> None:
    real, count = os.write, [0]

    def torn(descriptor: int, data: Any) -> int:
        if bytes(data).startswith(b'{"clip"'):
            count[0] += 1
            if count[0] == calls:
                real(descriptor, data[: len(data) // 2])
                die()
        return real(descriptor, data)

    os.write = torn


def dies_moving(calls: int) -> None:
    real, count = os.replace, [0]

    def deadly(source: Any, place: Any) -> None:
        real(source, place)
        count[0] += "outputs" in Path(source).parts and "outputs" not in Path(place).parts
        if count[0] == calls:
            die()

    os.replace = deadly


PLACES: dict[str, Callable[[], None]] = {
    "clips half read": lambda: dies_after(pipeline, "read_labelled", 1),
    "no parameters yet": lambda: dies_after(journal.Journal, "keep_parameters", 1, half=True),
    "enrolled": lambda: dies_after(journal.Journal, "enrol", 1),
    "torn line": lambda: tears(5),
    "line before its note": lambda: dies_after(outputs.Lines, "append", 4),
    "note before the commit": lambda: dies_after(journal.Journal, "note", 6),
    "drafts done": lambda: dies_after(pipeline, "run_round", 1),
    "rows half written": lambda: dies_after(finishing, "clip_rows", 3, half=True),
    "rows written": lambda: dies_after(finishing, "write_row_files", 1),
    "all but the end": lambda: dies_after(finishing, "write_rejected", 1),
    "pairs written": lambda: dies_after(telling, "write_preferences", 1),
    "exports half written": lambda: dies_after(exports.Exports, "add", 3),
    "card half written": lambda: dies_after(telling, "write_card", 1, half=True),
    "all is made": lambda: dies_after(telling, "write_manifest", 1),
    "nothing is moved": lambda: dies_after(Folder, "go_on_placing", 2, half=True),
    "the manifest is gone": lambda: dies_after(Folder, "_outputs", 1),
    "half is moved": lambda: dies_moving(6),
    "all is moved": lambda: dies_after(folder_module.shutil, "rmtree", 2, half=True),
}
#: Of these, those in which the old outputs stand no more as they were.
MOVING = {"the manifest is gone", "half is moved", "all is moved"}


def in_fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        status = 70
        try:
            work()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def everything(out: Path) -> dict[str, bytes]:
    """All outputs, byte for byte."""
    files = [path for path in out.rglob("*") if path.is_file() and ".emoreason" not in path.parts]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.parametrize("place", [name for name in PLACES if list(PLACES).index(name) >= 7])
def test_killed_while_finishing_leaves_the_old_outputs_or_the_new(tmp_path, place):
    """The same drafts finished with other settings: the old files stand until all new ones are there."""
    write_labelled(tmp_path / "clips.jsonl", CLIPS)
    other = replace(SETTINGS, splitting=Splitting(train=1, dev=1, test=0), exports=("trl-sft", "trl-dpo"))
    run(tmp_path, "new")
    run(tmp_path, "new", settings=other)
    new = everything(tmp_path / "new")
    run(tmp_path)
    old = everything(tmp_path / "out")
    assert set(old) - set(new)

    def work() -> None:
        PLACES[place]()
        run(tmp_path, settings=other)

    assert in_fork(work) == -signal.SIGKILL
    if place in MOVING:
        assert ("synthesis.json" not in everything(tmp_path / "out")) == (place != "all is moved")
        with held(tmp_path / "out"):
            pass  # goes on
        assert everything(tmp_path / "out") == new
    else:
        assert everything(tmp_path / "out") == old
    run(tmp_path, settings=other)
    assert everything(tmp_path / "out") == new


def outputs_of(out: Path) -> dict[str, str]:
    return {name: (out / name).read_text() for name in ("rows.jsonl", "rejected.jsonl")}


@pytest.mark.parametrize("place", PLACES)
def test_killed_at(tmp_path, place):
    ids = write_labelled(tmp_path / "clips.jsonl", CLIPS)
    whole = run(tmp_path, "whole")
    expected = outputs_of(tmp_path / "whole")
    (tmp_path / "asked").unlink()

    def work() -> None:
        PLACES[place]()
        run(tmp_path)

    assert in_fork(work) == -signal.SIGKILL
    summary = run(tmp_path)
    assert outputs_of(tmp_path / "out") == expected
    assert summary.finished == whole.finished
    named = [json.loads(line)["clip"] for line in "".join(expected.values()).splitlines()]
    assert set(named) == set(ids)
    asked = Counter((tmp_path / "asked").read_text().splitlines())
    # What was under way when it died is written twice, the rest once.
    assert sum(asked.values()) - len(asked) <= 2 * 2


def test_a_writer_that_is_gone_stops_it_and_the_same_call_goes_on(tmp_path):
    write_labelled(tmp_path / "clips.jsonl", 40)
    with pytest.raises(StoppedError, match="the same command goes on"):
        run(tmp_path, writer=lambda: Noting(tmp_path / "asked", away=10))
    assert not (tmp_path / "out" / "rows.jsonl").exists()
    summary = run(tmp_path, writer=lambda: Noting(tmp_path / "again"))
    assert summary.finished.clips == summary.finished.kept + summary.finished.rejected == 40
    assert summary.totals.done_now == 35
    assert not summary.finished.reasons["engine"]


def test_clips_for_which_the_writer_failed_are_rejected_and_taken_up_on_demand(tmp_path):
    class Weak(TemplateWriter):
        def write_each(self, orders: Any) -> Iterator[Any]:
            for clip, number, draft in super().write_each(orders):
                yield clip, number, UpstreamError("too long") if clip.id.endswith("3") else draft

    ids = write_labelled(tmp_path / "clips.jsonl", CLIPS)
    weak = {one for one in ids if one.endswith("3")}
    first = run(tmp_path, writer=Weak)
    lines = [json.loads(line) for line in outputs_of(tmp_path / "out")["rejected.jsonl"].splitlines()]
    assert {one["clip"] for one in lines} == weak
    assert all(one["reasons"] == ["engine"] for one in lines)
    assert first.finished.clip_reasons == {"engine": len(weak)}
    assert run(tmp_path).totals.done_now == 0
    again = run(tmp_path, retry_failed=True)
    assert (again.totals.done_now, again.finished.rejected) == (len(weak), 0)


def test_other_settings_of_the_drafts_are_refused_and_of_the_selection_are_not(tmp_path):
    write_labelled(tmp_path / "clips.jsonl", CLIPS)
    run(tmp_path)
    with pytest.raises(ConfigError, match=r"drafting.seed: 0 -> 1"):
        run(tmp_path, settings=replace(SETTINGS, drafting=replace(SETTINGS.drafting, seed=1)))
    (tmp_path / "asked").unlink()
    summary = run(tmp_path, settings=replace(SETTINGS, splitting=Splitting(train=1, dev=1, test=0)))
    assert not (tmp_path / "asked").exists()
    assert set(summary.finished.splits.to_dict()["clips"]) == {"train", "dev"}
    assert run(tmp_path, fresh=True, settings=replace(SETTINGS, drafting=Drafting(seed=1))).finished.clips == CLIPS


def test_a_clip_that_changed_is_refused_and_a_new_one_is_added(tmp_path):
    write_labelled(tmp_path / "clips.jsonl", CLIPS)
    run(tmp_path)
    write_labelled(tmp_path / "clips.jsonl", CLIPS + 2)
    assert run(tmp_path).totals.done_now == 2
    text = (tmp_path / "clips.jsonl").read_text().splitlines()
    line = json.loads(text[0])
    line["emotion"] = "anger" if line["emotion"] != "anger" else "fear"
    (tmp_path / "clips.jsonl").write_text("\n".join([json.dumps(line), *text[1:]]))
    with pytest.raises(ConfigError, match="is not what it was when its drafts were written"):
        run(tmp_path)


def test_rows_of_somebody_else_are_not_touched_even_afresh(tmp_path):
    write_labelled(tmp_path / "clips.jsonl", 3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "rows.jsonl").write_text("mine\n")
    with pytest.raises(ConfigError, match="was not written by a synthesis"):
        run(tmp_path, fresh=True)
    assert (tmp_path / "out" / "rows.jsonl").read_text() == "mine\n"


def test_an_input_without_a_clip_is_refused(tmp_path):
    (tmp_path / "clips.jsonl").write_text("")
    with pytest.raises(ConfigError, match="there is no clip to write about"):
        run(tmp_path)


def test_another_model_behind_the_same_writer_is_refused(tmp_path):
    class Other(TemplateWriter):
        def write_each(self, orders: Any) -> Iterator[Any]:
            for clip, number, draft in super().write_each(orders):
                assert isinstance(draft, Draft)
                yield clip, number, Draft(number=number, text=draft.text, manner=draft.manner, writer="other/2")

    write_labelled(tmp_path / "clips.jsonl", CLIPS)
    run(tmp_path)
    write_labelled(tmp_path / "clips.jsonl", CLIPS + 2)
    with pytest.raises(ConfigError, match="were written by template/1, and now other/2 answers"):
        run(tmp_path, writer=Other)
