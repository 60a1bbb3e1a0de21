"""Batches that can be killed: rows of every kind, engines that are slow, and the reading of what is left.

Run as a program it is one run of a batch: ``python batch_runs.py OUT '{"retry_failed": true}'``.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from media_files import plain, tone, write_wav

from emoreason.errors import EmoreasonError, ModelOutputError, UpstreamError
from emoreason.reasoning.batch.events import Event, Totals
from emoreason.reasoning.batch.plan import Plan
from emoreason.reasoning.batch.row import Row
from emoreason.reasoning.batch.run import run_batch
from emoreason.reasoning.engines import Engine, Reply, Request, load_engine
from emoreason.records import Clip, Cue, CueSet

#: Rows of :func:`mixed_rows` that cannot be explained, by the stage at which that is found.
FAILING = {"manifest": 2, "extract": 2, "generate": 3}


def cueset(number: int = 1, cues: int = 3) -> CueSet:
    """A smile; each number has a prompt of its own."""
    smile = tuple(
        Cue(
            id=f"face1.AU12.{index}",
            modality="face",
            code="AU12",
            value=round(1 + number % 40 / 10, 1),
            unit="0-5",
            start_s=float(number),
            end_s=number + 0.5 + index,
            subject="face1",
        )
        for index in range(1, cues + 1)
    )
    return CueSet(clip=Clip(id="smile", duration_s=number + 9.0), cues=smile)


def cue_rows(count: int, start: int = 0) -> Iterator[Row]:
    """Rows whose cues are known."""
    return (Row(id=f"row-{number:03}", cueset=cueset(number)) for number in range(start, start + count))


def mixed_rows(folder: Path, count: int = 40) -> list[Row]:
    """Rows of every kind, ``count`` in all; media files are made where they are missing."""
    folder.mkdir(exist_ok=True)
    media = [folder / f"{number}.{kind}" for number in range(3) for kind in ("png", "wav")]
    for number, path in enumerate(media):
        if path.exists():
            continue
        if path.suffix == ".wav":
            write_wav(path, tone(0.3, 200 + 30 * number))
        else:
            import cv2

            cv2.imwrite(str(path), np.ascontiguousarray(plain((40 * number, 90, 200), (48, 32))))
    (folder / "broken.mp4").write_bytes(b"no film")
    rows = [Row(id=str(path.name), path=str(path)) for path in media]
    rows += [Row(id="broken", path=str(folder / "broken.mp4")), Row(id="missing", path=str(folder / "none.mp4"))]
    rows += [Row(id=f"unread-{number}", problem="line 7: no JSON") for number in range(FAILING["manifest"])]
    rows += [Row(id=f"bad-{number}", cueset=cueset(900 + number)) for number in range(FAILING["generate"])]
    rows += cue_rows(count - len(rows))
    rows.sort(key=lambda row: row.id[::-1])  # no kind stands together
    return rows


class SlowEngine:
    """The evidence engine, slowed; says in a file whom it was asked about; fails for rows called ``bad``."""

    name, model = "slow", "slow 1"

    def __init__(self, seconds: float = 0.0, asked: Path | None = None, good: bool = False) -> None:
        self._seconds, self._asked, self._good = seconds, asked, good
        self._evidence: Engine = load_engine("evidence")

    def answer(self, request: Request) -> Reply:
        row = request.cueset.clip.id
        if self._asked is not None:
            descriptor = os.open(self._asked, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, f"{row}\n".encode())
            os.close(descriptor)
        time.sleep(self._seconds)
        if row.startswith("bad") and not self._good:
            raise ModelOutputError("the reply cannot be used")
        return self._evidence.answer(request)


class ParallelEngine(SlowEngine):
    """Works on ``width`` rows at a time, and reads them in threads of its own."""

    width = 4
    #: At its work, waiting to be taken, and being written.
    under_way = width + 2

    def answer_each(
        self, requests: Iterable[tuple[Any, Request]], memory: object = None
    ) -> Iterator[tuple[Any, Reply | EmoreasonError]]:
        source, lock = iter(requests), threading.Lock()
        answers: queue.Queue[Any] = queue.Queue(1)

        def work() -> None:
            while True:
                with lock:
                    item = next(source, None)
                if item is None:
                    answers.put(None)
                    return
                try:
                    answers.put((item[0], self.answer(item[1])))
                except EmoreasonError as error:
                    answers.put((item[0], error))

        for _ in range(self.width):
            threading.Thread(target=work, daemon=True).start()
        for _ in range(self.width):
            while (answer := answers.get()) is not None:
                yield answer


class DeadEngine(SlowEngine):
    """Answers so many rows and cannot be reached from then on; -1: it comes back after as many failures."""

    def __init__(self, good: int, failures: int = 10**9) -> None:
        super().__init__()
        self._left, self._failures = good, failures

    def answer(self, request: Request) -> Reply:
        self._left -= 1
        if self._left < 0 and self._failures > 0:
            self._failures -= 1
            error = UpstreamError("no connection")
            error.for_all = True
            raise error
        return super().answer(request)


def plan_for(engine: Callable[[], Engine], **changes: Any) -> Plan:
    """A plan with one light extractor."""
    return Plan(engine=engine, **{"parameters": {"engine": "slow"}, "extractors": ("scene",), **changes})


def run(
    rows: Iterable[Row], out: Path, engine: Callable[[], Engine] = SlowEngine, **changes: Any
) -> tuple[Totals, list[Event]]:
    """Run a batch in this process."""
    events: list[Event] = []
    return run_batch(rows, out, plan_for(engine, **changes), on_event=events.append), events


def left(out: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """What stands in the two files: ids of explanations, and errors. Every line must be whole."""
    texts = [(out / name).read_bytes() for name in ("explanations.jsonl", "errors.jsonl")]
    assert all(text.endswith(b"\n") for text in texts if text), "a torn line stayed"
    done, failed = ([json.loads(line) for line in text.splitlines()] for text in texts)
    return [line["clip"] for line in done], failed


def check_exactly_once(out: Path, rows: Sequence[Row]) -> None:
    """Every row is in exactly one of the two files."""
    done, failed = left(out)
    counts = Counter([*done, *(line["clip"] for line in failed)])
    assert counts == Counter(row.id for row in rows)


def redone(asked: Path) -> int:
    """How often the engine was asked again about a row; those called bad may be asked about again on purpose."""
    counts = Counter(row for row in asked.read_text().split() if not row.startswith("bad"))
    return sum(counts.values()) - len(counts)


def start(out: Path, **options: Any) -> "subprocess.Popen[str]":
    """Start a run in a process of its own; it prints ``start`` when work begins."""
    return subprocess.Popen(
        [sys.executable, __file__, str(out), json.dumps(options, default=str)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "EMOREASON_OFFLINE": "1"},
    )


def _engine(options: dict[str, Any]) -> Engine:
    if options.get("url"):
        return load_engine("openai", model="tiny", url=options["url"], retries=2, concurrency=ParallelEngine.width)
    kind = ParallelEngine if options.get("parallel") else SlowEngine
    return kind(options.get("seconds", 0.02), Path(options["asked"]), bool(options.get("good")))


def main(out: str, text: str) -> None:
    options = json.loads(text)
    rows = mixed_rows(Path(options["media"]), options.get("count", 40))

    def tell(event: Event) -> None:
        if event.kind != "row":
            sys.stdout.write(f"{event.kind} {event.message or ''}\n")
            sys.stdout.flush()

    plan = plan_for(
        lambda: _engine(options),
        retry_failed=bool(options.get("retry_failed")),
        extractors=tuple(options.get("extractors", ("scene",))),
    )
    totals = run_batch(rows, Path(out), plan, on_event=tell)
    sys.stdout.write(json.dumps({"done": totals.done, "failed": totals.failed, "adopted": totals.adopted}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
