"""kill -9 at any moment, the same command again: every row in exactly one file, only what was under way done twice.

Two ways to die: at a chosen place in the code (in a fork of this process, so that every place costs little), and at
random times in a process of its own, with media, a parallel engine and a server.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch_runs import (
    ParallelEngine,
    SlowEngine,
    check_exactly_once,
    cue_rows,
    left,
    mixed_rows,
    redone,
    run,
    start,
)
from upstream import Asked, slow, upstream

from emoreason.reasoning.batch import database, enrolment, journal, outputs, resume
from emoreason.reasoning.batch import run as run_module
from emoreason.reasoning.batch.row import Row

KILLS = 30 if os.environ.get("EMOREASON_SOAK") else 10


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(owner: Any, name: str, calls: int, half: bool = False) -> None:
    """Replace a function by one that dies once it was called so often; ``half``: before it is done."""
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
    """Die in the middle of a line."""
    real, count = os.write, [0]

    def torn(descriptor: int, data: Any) -> int:
        if not bytes(data).startswith(b'{"clip"'):
            return real(descriptor, data)
        count[0] += 1
        if count[0] == calls:
            real(descriptor, data[: len(data) // 2])
            die()
        return real(descriptor, data)

    os.write = torn


def commits_every_time() -> None:
    journal.Journal.due = property(lambda self: True)  # type: ignore[assignment, method-assign]


#: Place -> what makes a run die there.
PLACES: dict[str, Callable[[], None]] = {
    "locked": lambda: dies_after(run_module._Batch, "opened", 1, half=True),
    "journal made": lambda: dies_after(database.Database, "_make", 1),
    "no parameters yet": lambda: dies_after(journal.Journal, "keep_parameters", 1, half=True),
    "parameters kept": lambda: dies_after(journal.Journal, "keep_parameters", 1),
    "within enrolment": lambda: dies_after(database.Database, "write_many", 3),
    "some rows enrolled": lambda: (setattr(enrolment, "_AT_ONCE", 5), dies_after(database.Database, "write_many", 5))[
        1
    ],
    "enrolled": lambda: dies_after(journal.Journal, "enrol", 1),
    "first line": lambda: tears(1),
    "torn line": lambda: tears(9),
    "line before its note": lambda: dies_after(outputs.Lines, "append", 6),
    "note before the commit": lambda: dies_after(journal.Journal, "note", 6),
    "at the commit": lambda: (commits_every_time(), dies_after(journal.Journal, "flush", 6, half=True))[1],
    "after the commit": lambda: (commits_every_time(), dies_after(journal.Journal, "flush", 6))[1],
    "at the end": lambda: dies_after(run_module._Batch, "_end", 1, half=True),
}
#: The same for a run that takes up failed rows.
RETRY_PLACES: dict[str, Callable[[], None]] = {
    "intent noted": lambda: dies_after(journal.Journal, "begin_retry", 1),
    "file begun": lambda: dies_after(resume, "Lines", 1),
    "some lines copied": lambda: dies_after(outputs.Lines, "append", 1),
    "before the swap": lambda: dies_after(resume.os, "replace", 1, half=True),
    "after the swap": lambda: dies_after(resume.os, "replace", 1),
    "folder synced": lambda: dies_after(resume, "sync_folder", 1),
    "journal followed": lambda: dies_after(journal.Journal, "end_retry", 1),
    "first row again": lambda: tears(2),
}


def in_fork(work: Callable[[], object]) -> int:
    """Do something in a fork of this process; return its exit status, negative for a signal."""
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


def killed(place: Callable[[], None], rows: list[Row], out: Path, asked: Path, **changes: Any) -> None:
    def work() -> None:
        place()
        run(rows, out, lambda: SlowEngine(asked=asked), **changes)

    assert in_fork(work) == -signal.SIGKILL


ROWS = [*cue_rows(14), Row(id="bad-0", path=None, problem="line 3: no JSON"), Row(id="last", problem="no JSON")]
ROWS.insert(5, Row(id="bad-1", problem="line 9: no JSON"))


@pytest.mark.parametrize("place", PLACES)
def test_killed_at(tmp_path: Path, place: str) -> None:
    killed(PLACES[place], ROWS, tmp_path / "out", tmp_path / "asked")
    totals, _ = run(ROWS, tmp_path / "out", lambda: SlowEngine(asked=tmp_path / "asked"))
    check_exactly_once(tmp_path / "out", ROWS)
    assert redone(tmp_path / "asked") <= 1
    assert totals.complete


@pytest.mark.parametrize("place", PLACES)
def test_killed_twice_at(tmp_path: Path, place: str) -> None:
    """The run that mends dies as well."""
    killed(PLACES["line before its note"], ROWS, tmp_path / "out", tmp_path / "asked")
    mends = place in ("within enrolment", "enrolled", "torn line", "line before its note", "at the end")
    if mends:
        killed(PLACES[place], ROWS, tmp_path / "out", tmp_path / "asked")
    else:
        killed(lambda: dies_after(journal.Journal, "note", 3), ROWS, tmp_path / "out", tmp_path / "asked")
    run(ROWS, tmp_path / "out", lambda: SlowEngine(asked=tmp_path / "asked"))
    check_exactly_once(tmp_path / "out", ROWS)
    assert redone(tmp_path / "asked") <= 2


@pytest.mark.parametrize("place", RETRY_PLACES)
@pytest.mark.parametrize("again", [True, False])
def test_killed_while_failed_rows_are_taken_up(tmp_path: Path, place: str, again: bool) -> None:
    out, asked = tmp_path / "out", tmp_path / "asked"
    run(ROWS, out, lambda: SlowEngine(asked=asked))
    run([row for row in ROWS if row.id != "last"], out)  # one failed row that the manifest has no longer
    mended = [Row(id=row.id, cueset=ROWS[0].cueset) if row.problem else row for row in ROWS if row.id != "last"]
    killed(RETRY_PLACES[place], mended, out, asked, retry_failed=True)
    run(mended, out, lambda: SlowEngine(asked=asked, good=True), retry_failed=again)
    run(mended, out, lambda: SlowEngine(asked=asked, good=True), retry_failed=True)
    check_exactly_once(out, ROWS)
    assert [line["clip"] for line in left(out)[1]] == ["last"]
    assert not list(out.glob(".*partial"))


def one_life(out: Path, chance: random.Random, longest_s: float, options: dict[str, Any]) -> bool:
    """Start a run and kill it at a random time after work began, now and then before; whether it came to its end."""
    process = start(out, **options)
    assert process.stdout is not None
    try:
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0.0, 1.5))
        else:
            while (line := process.stdout.readline()) and not line.startswith("start"):
                pass
            time.sleep(chance.uniform(0.0, longest_s))
    finally:
        process.kill()
        _, said = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode == 0


def finished(out: Path, options: dict[str, Any]) -> None:
    process = start(out, **options)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


@pytest.mark.parametrize("parallel", [False, True])
def test_killed_at_random(tmp_path: Path, parallel: bool) -> None:
    rows, out = mixed_rows(tmp_path / "media"), tmp_path / "out-0"
    options = {"media": tmp_path / "media", "parallel": parallel, "seconds": 0.05 * (1 + 3 * parallel)}
    chance = random.Random(5 + parallel)
    kills, again, folders = 0, 0, 1
    while kills < KILLS // 2:
        options["asked"] = out.with_name(f"asked-{folders}")
        options["asked"].touch()
        if not one_life(out, chance, 1.2, {**options, "retry_failed": chance.random() < 0.2}):
            kills += 1
            continue
        # A finished batch has nothing to be killed at: the next one.
        again += checked(out, rows, options)
        out, folders = tmp_path / f"out-{folders}", folders + 1
    again += checked(out, rows, options)
    print(f"{kills} kills: {again} redone, 0 duplicates")  # noqa: T201 - for the log
    assert again <= kills * (ParallelEngine.under_way if parallel else 1)


def checked(out: Path, rows: list[Row], options: dict[str, Any]) -> int:
    """Finish a batch and look at it; how many rows were done again in all its runs."""
    finished(out, options)
    check_exactly_once(out, rows)
    return redone(options["asked"])


def test_killed_at_random_with_a_server(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        return slow(0.05)

    rows, out = mixed_rows(tmp_path / "media"), tmp_path / "out"
    chance = random.Random(11)
    with upstream(script) as server:
        options = {"media": tmp_path / "media", "asked": tmp_path / "asked", "url": server.url, "count": 40}
        kills = sum(not one_life(out, chance, 0.5, options) for _ in range(KILLS // 2))
        finished(out, options)
        again = sum(server.prompts.values()) - len(server.prompts)
    check_exactly_once(out, rows)
    print(f"{kills} kills: {again} redone, 0 duplicates")  # noqa: T201 - for the log
    assert again <= kills * ParallelEngine.width


def test_the_command_killed_and_stopped(tmp_path: Path) -> None:
    mixed_rows(tmp_path / "media")
    command = [sys.executable, "-m", "emoreason", "batch", "media", "--out", "out", "--extractor", "scene", "--offline"]
    chance = random.Random(3)
    codes = set()
    for ending in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, None):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if ending is not None:
            wait_for(tmp_path / "out" / "explanations.jsonl")
            time.sleep(chance.uniform(0.0, 1.0))
            process.send_signal(ending)
        said, complaint = process.communicate(timeout=120)
        codes.add(process.returncode)
    assert process.returncode == 0, complaint
    assert "Traceback" not in complaint
    # Python ends itself by SIGINT where it was interrupted in its own beginning or end.
    assert codes <= {0, 130, -signal.SIGKILL, -signal.SIGINT}
    done, failed = left(tmp_path / "out")
    assert sorted(Path(clip).name for clip in [*done, *(line["clip"] for line in failed)]) == sorted(
        [f"{number}.{kind}" for number in range(3) for kind in ("png", "wav")] + ["broken.mp4"]
    )
    assert "7" in said.splitlines()[-1]


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"there is no {path.name}")


HANGS = """
import os, time
from pathlib import Path

class Hangs:
    name, version, needs = "scene", "1", frozenset({"audio", "frames"})
    def begin(self, job):
        Path(job.clip.id).with_suffix(".pid").write_text(f"{os.getpid()} {os.getppid()}")
        time.sleep(600)
    def hear(self, audio): pass
    def see(self, frame): pass
    def finish(self, job): pass
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_processes_that_extract_die_with_the_run(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text(HANGS)
    process = start(
        tmp_path / "out",
        media=tmp_path / "media",
        asked=tmp_path / "asked",
        extractors=[f"{tmp_path / 'hangs.py'}:Hangs"],
    )
    try:
        for _ in range(600):
            found = [path.read_text() for path in (tmp_path / "media").glob("*.pid")]
            if found and all(found):
                break
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
    pids = [int(pid) for text in found for pid in text.split()]
    assert pids
    for _ in range(200):
        if not any(is_alive(pid) for pid in pids):
            return
        time.sleep(0.05)
    pytest.fail("a process outlived the run")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
