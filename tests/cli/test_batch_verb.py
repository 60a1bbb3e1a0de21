"""``emoreason batch``: folders and manifests in, exactly-once results, tables, pages and a count out."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from media_files import moving, tone, write_video, write_wav
from upstream import busy, fails, garbage, sometimes, upstream, writes

from emoreason.cli.main import emoreason
from emoreason.records import CueSet, Explanation
from emoreason.records.jsonl import read_jsonl

PURPOSE = ("--purpose", "research")
LIGHT = ("--extractor", "scene")
PUBLISHED = ("cues.jsonl", "errors.jsonl", "explanations.jsonl", "explanations.parquet", "summary.json")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("EMOREASON_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two clips that can be read and one that cannot."""
    folder = tmp_path / "clips"
    (folder / "deep").mkdir(parents=True)
    write_wav(folder / "a.wav", tone(0.4))
    write_video(folder / "deep/b.mp4", moving(6))
    (folder / "broken.mp4").write_bytes(b"no film")
    return folder


def batch(*words: str | Path, light: bool = True) -> Result:
    return CliRunner().invoke(emoreason, ["batch", *map(str, words), *(LIGHT if light else ()), *PURPOSE])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]


def manifest(count: int, name: str = "list.jsonl") -> Path:
    """Lines of cues, each with a prompt of its own."""
    rows = [
        {"clip": f"row {number}", "cues": [{"code": "AU12", "value": 3.0, "start_s": number, "end_s": number + 0.5}]}
        for number in range(count)
    ]
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Path(name)


def test_a_folder(clips: Path) -> None:
    done = batch("clips", "--out", "OUT", light=False)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"3 rows: 2 explained, 1 failed ({Path('OUT/errors.jsonl')})"
    out = Path("OUT")
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == sorted(PUBLISHED)
    explained = list(read_jsonl(out / "explanations.jsonl", Explanation))
    assert sorted(one.clip for one in explained) == ["clips/a.wav", "clips/deep/b.mp4"]
    (error,) = lines(out / "errors.jsonl")
    assert (error["clip"], error["stage"], error["error"]) == ("clips/broken.mp4", "extract", "MediaError")
    assert pd.read_parquet(out / "explanations.parquet")["record"].tolist() == [
        *(out / "explanations.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [cueset.clip.id for cueset in read_jsonl(out / "cues.jsonl", CueSet)] == [one.clip for one in explained]
    said = events(done)
    assert [event["event"] for event in said if event["event"] in ("start", "end")] == ["start", "end"]
    assert [event["id"] for event in said if event["event"] == "failed"] == ["clips/broken.mp4"]
    assert (said[-1]["explained"], said[-1]["failed"], said[-1]["pending"]) == (2, 1, 0)


def test_the_same_command_goes_on_and_failed_rows_are_tried_again_when_asked(clips: Path) -> None:
    batch("clips", "--out", "OUT")
    before = Path("OUT/explanations.jsonl").read_bytes()
    write_wav(clips / "c.wav", tone(0.3))
    write_video(clips / "broken.mp4", moving(3))
    again = batch("clips", "--out", "OUT")
    assert again.stdout.splitlines()[-1] == f"4 rows: 3 explained, 1 failed ({Path('OUT/errors.jsonl')})"
    assert Path("OUT/explanations.jsonl").read_bytes().startswith(before)
    mended = batch("clips", "--out", "OUT", "--retry-failed")
    assert mended.stdout.splitlines()[-1] == "4 rows: 4 explained, 0 failed"
    assert lines(Path("OUT/errors.jsonl")) == []
    other = batch("clips", "--out", "OUT", "--compounds")
    assert (other.exit_code, other.stdout) == (2, "")
    assert "compounds: False -> True" in other.stderr


def test_a_table_with_bad_lines_context_and_scores(clips: Path) -> None:
    table = ["id,path,transcript,context,labels,mood", "one,a.wav,Hello.,Ann: Hi,happy,x", "two,gone.wav"]
    (clips / "list.csv").write_text("\n".join([*table, "one,deep/b.mp4"]), encoding="utf-8")
    done = batch("clips/list.csv", "--out", "OUT", "--score", "wheel", "--score", "format", light=False)
    assert done.exit_code == 0, done.output
    assert sorted(line["clip"] for line in lines(Path("OUT/explanations.jsonl"))) == ["one", "one#2"]
    assert [(line["clip"], line["stage"]) for line in lines(Path("OUT/errors.jsonl"))] == [("two", "manifest")]
    notices = [event["message"] for event in events(done) if event["event"] == "notice"]
    assert any("passed over: mood" in text for text in notices)
    assert any("1 rows have the id" in text for text in notices)
    scores = json.loads(Path("OUT/summary.json").read_text(encoding="utf-8"))["scores"]
    assert (scores["wheel"]["n_scored"], scores["wheel"]["n_not_applicable"]) == (1, 1)
    assert scores["format"]["mean"] == 1.0
    cueset = next(one for one in read_jsonl("OUT/cues.jsonl", CueSet) if one.clip.id == "one")
    assert (cueset.clip.transcript, cueset.clip.context[0].speaker) == ("Hello.", "Ann")


def test_requests_of_openai_batches(clips: Path) -> None:
    inline = "data:audio/wav;base64," + base64.b64encode((clips / "a.wav").read_bytes()).decode()
    asked = []
    for number, url in enumerate(("deep/b.mp4", inline, "http://169.254.169.254/x")):
        parts = [{"type": "text", "text": "What?"}, {"type": "video_url", "video_url": {"url": url}}]
        body = {"model": "m", "messages": [{"role": "user", "content": parts}]}
        asked.append({"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})
    (clips / "requests.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    done = batch("clips/requests.jsonl", "--out", "OUT")
    assert sorted(line["clip"] for line in lines(Path("OUT/explanations.jsonl"))) == ["r0", "r1"]
    assert "no URL is fetched" in lines(Path("OUT/errors.jsonl"))[0]["message"]
    assert done.exit_code == 0


def test_pages_and_their_index(clips: Path) -> None:
    done = batch("clips", "--out", "OUT", "--report")
    assert done.exit_code == 0, done.output
    index = Path("OUT/index.html").read_text(encoding="utf-8")
    assert all(name in index for name in ("a.wav", "b.mp4", "broken.mp4"))
    pages = sorted(path.name for path in Path("OUT/pages").iterdir())
    assert len(pages) == 2
    assert all(f"pages/{name}" in index for name in pages)
    again = CliRunner().invoke(emoreason, ["report", "OUT"])
    assert (again.exit_code, sorted(path.name for path in Path("OUT/pages").iterdir())) == (0, pages)
    assert batch("clips", "--out", "OUT").exit_code == 0  # the folder's own pages are no clips


def test_a_dry_run_says_what_is_missing_and_does_nothing(clips: Path) -> None:
    (clips / "list.csv").write_text("path\na.wav\ndeep/b.mp4\ngone.wav\n", encoding="utf-8")
    done = batch("clips/list.csv", "--out", "OUT", "--dry-run")
    assert done.exit_code == 0
    assert "rows: 3, 2 clips" in done.stdout
    assert "gone.wav: there is no such file" in done.stdout
    assert not Path("OUT").exists()
    with upstream() as server:
        url = server.url
        asked = ("--engine", "openai", "--model", "tiny", "--url", url, "--dry-run", "--json")
        there = json.loads(batch("clips/list.csv", "--out", "OUT", *asked).stdout)
    assert there["missing"] == []
    assert there["tokens"]["completion"] == 2 * 2048
    assert there["minutes"] == pytest.approx((0.4 + 0.24) / 60, abs=0.01)
    gone = json.loads(batch("clips/list.csv", "--out", "OUT", *asked).stdout)
    assert any("server" in text and url in text for text in gone["missing"])


def test_a_sample_tells_the_length_of_many(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from emoreason.reasoning.batch import estimate as module
    from emoreason.reasoning.batch.row import Row

    monkeypatch.setattr(module, "SAMPLE", 3)
    found = module.estimate(Row(id=str(number), path=str(clips / "a.wav")) for number in range(300))
    assert (found.looked_at, found.rows) == (3, 300)
    assert found.minutes == pytest.approx(300 * 0.4 / 60, rel=0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "no such file"),
        (("*.mp4",), "no file fits"),
        (("clips", "--shard", "0/3"), "expected I/N"),
        (("clips", "--transcript", "x.txt"), "for one clip"),
        (("clips", "--face-csv", "x.csv"), "no such file"),
        (("clips", "--extractor", "nosuch"), "nosuch"),
        (("clips", "--score", "nosuch"), "nosuch"),
        (("clips", "--engine", "nosuch"), "no engine"),
        (("clips", "--blur-faces"), "--report"),
        (("clips", "--shots", "2"), "--demonstrations"),
        (("clips", "--describe-scene"), "means nothing to the engine evidence"),
        (("clips", "--engine", "openai", "--demonstrations", "gone.jsonl"), "gone.jsonl"),
        (("list.csv",), "no column"),
        (("clips", "--purpose", "workplace"), "Art. 5"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_is_exit_code_2_and_leaves_nothing_in_the_way(clips: Path, words: Any, said: str) -> None:
    Path("list.csv").write_text("mood\nx\n", encoding="utf-8")
    result = CliRunner().invoke(emoreason, ["batch", "--out", "OUT", *PURPOSE, *LIGHT, *words])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert batch("clips", "--out", "OUT").exit_code == 0


def test_shards_share_the_rows_out() -> None:
    manifest(30)
    for index in (1, 2, 3):
        assert batch("list.jsonl", "--out", f"OUT/{index}", "--shard", f"{index}/3").exit_code == 0
    found = [line["clip"] for index in (1, 2, 3) for line in lines(Path(f"OUT/{index}/explanations.jsonl"))]
    assert sorted(found) == sorted(f"row {number}" for number in range(30))


def test_json_is_the_summary_alone() -> None:
    done = batch(manifest(3), "--out", "OUT", "--json")
    assert json.loads(done.stdout) == json.loads(Path("OUT/summary.json").read_text(encoding="utf-8"))
    text = batch("list.jsonl", "--out", "OUT", "--text")
    assert "emoreason: 3 of 3 rows, 0 failed" in text.stderr
    assert text.stdout.splitlines()[-1] == "3 rows: 3 explained, 0 failed"


def test_a_server_that_fails_now_and_then_loses_nothing() -> None:
    manifest(20)
    script = [busy("0"), garbage(), fails(500), *[writes("no answer at all")] * 4]
    with upstream(script, key="secret") as server:
        Path("key").write_text("secret\n", encoding="utf-8")
        engine = ("--engine", "openai", "--model", "tiny", "--url", server.url, "--api-key-file", "key")
        done = batch("list.jsonl", "--out", "OUT", *engine, "--concurrency", "4")
        asked = server.chats
        again = batch("list.jsonl", "--out", "OUT", *engine)
        assert server.chats == asked
    assert (done.exit_code, again.exit_code) == (0, 0), done.output
    explained, failed = lines(Path("OUT/explanations.jsonl")), lines(Path("OUT/errors.jsonl"))
    assert sorted(line["clip"] for line in explained + failed) == sorted(f"row {number}" for number in range(20))
    assert len(explained) >= 16
    summary = json.loads(Path("OUT/summary.json").read_text(encoding="utf-8"))
    assert summary["tokens"]["completion"] > 0
    for path in [*Path("OUT").rglob("*")]:
        assert not path.is_file() or b"secret" not in path.read_bytes(), path


def test_an_engine_that_is_gone_is_exit_code_3_and_the_same_command_goes_on() -> None:
    manifest(6)
    with upstream() as server:
        url = server.url
    engine = ("--engine", "openai", "--model", "tiny", "--retries", "0")
    gone = batch("list.jsonl", "--out", "OUT", *engine, "--url", url)
    assert gone.exit_code == 3
    assert "the same command goes on" in gone.stderr
    with upstream() as server:
        done = batch("list.jsonl", "--out", "OUT", *engine, "--url", server.url)
    assert done.stdout.splitlines()[-1] == "6 rows: 6 explained, 0 failed"


def test_examples_are_shown_and_never_the_clip_itself() -> None:
    manifest(2)
    examples = [
        {"cueset": json.loads(line), "labels": ["happy"]}
        for line in Path("list.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    examples.append({"cueset": {"clip": "other", "cues": [{"code": "AU4", "value": 2.0}]}, "labels": ["angry"]})
    Path("examples.jsonl").write_text("\n".join(map(json.dumps, examples)), encoding="utf-8")
    with upstream() as server:
        engine = ("--engine", "openai", "--model", "tiny", "--url", server.url)
        done = batch("list.jsonl", "--out", "OUT", *engine, "--demonstrations", "examples.jsonl", "--shots", "3")
        prompts = [json.dumps(asked.body["messages"]) for asked in server.requests]
    assert done.exit_code == 0, done.output
    assert prompts
    assert all(prompt.count('\\"label\\": \\"angry') == 1 for prompt in prompts)
    assert all(prompt.count('\\"label\\": \\"happy') == 1 for prompt in prompts)  # the other row
    other = batch("list.jsonl", "--out", "OUT", *engine, "--demonstrations", "examples.jsonl", "--shots", "2")
    assert "shots: 3 -> 2" in other.stderr


def test_scenes_are_described_by_the_same_model(clips: Path) -> None:
    with upstream(pictures=True) as server:
        engine = ("--engine", "openai", "--model", "tiny", "--url", server.url)
        done = batch("clips/deep/b.mp4", "--out", "OUT", *engine, "--describe-scene")
        asked = len(server.requests)
    assert done.exit_code == 0, done.output
    assert asked >= 2
    (cueset,) = read_jsonl("OUT/cues.jsonl", CueSet)
    assert any(cue.modality == "scene" for cue in cueset.cues)


def test_explain_asks_a_server_too() -> None:
    manifest(2)
    with upstream() as server:
        words = ("explain", "--cues", "list.jsonl", "--engine", "openai", "--url", server.url, "--seed", "3", *PURPOSE)
        done = CliRunner().invoke(emoreason, words)
    assert done.exit_code == 0, done.output
    explained = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["engine"] for one in explained] == ["openai", "openai"]
    assert explained[0]["generation"]["seed"] == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
def test_interrupted_it_says_so_and_goes_on() -> None:
    manifest(40)
    with upstream(sometimes(0, delay_s=0.1)) as server:
        engine = ("--engine", "openai", "--model", "tiny", "--url", server.url, "--concurrency", "2")
        command = [sys.executable, "-m", "emoreason", "batch", "list.jsonl", "--out", "OUT", *engine, *PURPOSE]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        deadline = time.monotonic() + 60
        while server.chats < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        assert (process.returncode, stdout) == (130, "")
        assert "not done yet; the same command goes on" in stderr
        assert "Traceback" not in stderr
        assert not Path("OUT/summary.json").exists()
        before = len(lines(Path("OUT/explanations.jsonl")))
        assert before < 40
        done = batch("list.jsonl", "--out", "OUT", *engine, light=False)
    assert done.stdout.splitlines()[-1] == "40 rows: 40 explained, 0 failed"
    assert len({line["clip"] for line in lines(Path("OUT/explanations.jsonl"))}) == 40


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_on_a_terminal_progress_shows_rate_and_time_left() -> None:
    import pty

    manifest(30)
    master, slave = pty.openpty()
    with upstream(sometimes(0, delay_s=0.1)) as server:
        engine = ("--engine", "openai", "--model", "tiny", "--url", server.url, "--concurrency", "2")
        process = subprocess.Popen(
            [sys.executable, "-m", "emoreason", "batch", "list.jsonl", "--out", "OUT", *engine, *PURPOSE],
            stdout=subprocess.PIPE,
            stderr=slave,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"},
        )
        os.close(slave)
        shown = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        stdout, _ = process.communicate(timeout=60)
    os.close(master)
    text = shown.decode("utf-8", "replace")
    assert " of 30" in text.replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert "/s" in text
    assert "left" in text
    assert '"event"' not in text
    assert stdout.decode().splitlines()[-1] == "30 rows: 30 explained, 0 failed"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_a_name_that_is_no_unicode_is_an_input_like_any_other(clips: Path) -> None:
    (clips / "a.wav").rename(os.fsdecode(os.fsencode(clips) + b"/caf\xe9.wav"))
    done = batch("clips", "--out", "OUT", "--report")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("3 rows: 2 explained, 1 failed")
    found = [line["clip"] for line in lines(Path("OUT/explanations.jsonl"))]
    assert sorted(found) == ["clips/caf\\udce9.wav", "clips/deep/b.mp4"]
    assert batch("clips", "--out", "OUT").stdout.splitlines()[-1] == done.stdout.splitlines()[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit")
def test_a_full_disk_is_exit_code_3_and_the_same_command_goes_on() -> None:
    manifest(60)
    limited = "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, -1))\n"
    limited += "runpy.run_module('emoreason', run_name='__main__', alter_sys=True)"
    full = subprocess.run(
        [sys.executable, "-c", limited, "batch", "list.jsonl", "--out", "OUT", *PURPOSE],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert full.returncode == 3, full.stderr
    assert full.stdout == ""
    assert "cannot be written" in full.stderr
    assert "Traceback" not in full.stderr
    done = batch("list.jsonl", "--out", "OUT", light=False)
    assert done.stdout.splitlines()[-1] == "60 rows: 60 explained, 0 failed"
    assert len({line["clip"] for line in lines(Path("OUT/explanations.jsonl"))}) == 60
