"""``emoreason explain``: streams, order, exit codes, files, refusals."""

import json
import os
import signal
import subprocess
import sys

import pytest

PURPOSE = ("--purpose", "research")


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_explanation_per_line_in_input_order(run, engine, cue_file) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, *PURPOSE)
    assert (done.returncode, done.stderr) == (0, "")
    explanations = lines(done.stdout)
    assert [explanation["clip"] for explanation in explanations] == ["a.mp4", "b.mp4"]
    first = explanations[0]
    assert [item["label"] for item in first["emotions"]] == [
        *("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
    ]
    assert first["claims"][0]["cue_ids"] == ["face1.AU12.1"]
    assert (first["claims"][0]["start_s"], first["claims"][0]["end_s"]) == (1.2, 2.8)
    assert first["gaps"][0]["reason"] == "no_audio_track"
    assert first["notes"] == ["scripted for a test"]
    assert (first["engine"], first["model"]) == ("scripted", "scripted/1")


def test_lines_come_from_stdin(run, engine, cue_line) -> None:
    done = run("explain", "--cues", "-", "--engine", engine, *PURPOSE, stdin=cue_line("from a pipe"))
    assert [explanation["clip"] for explanation in lines(done.stdout)] == ["from a pipe"]


def test_a_bad_line_is_named_and_the_others_go_on(run, engine, tmp_path, cue_line) -> None:
    path = tmp_path / "mixed.jsonl"
    rows = [cue_line("a"), "no json", cue_line("refused"), cue_line("broken"), '{"cues": []}', cue_line("z")]
    path.write_text("\n".join(rows), encoding="utf-8")
    done = run("explain", "--cues", path, "--engine", engine, "--out", tmp_path / "out", *PURPOSE)
    assert done.returncode == 1
    assert [explanation["clip"] for explanation in lines(done.stdout)] == ["a", "z"]
    complaints = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(complaints) == 4, done.stderr
    for number, complaint in zip((2, 3, 4, 5), complaints, strict=True):
        assert f"mixed.jsonl:{number}: " in complaint
    assert "scripted broke: ZeroDivisionError: a mistake of the plug-in" in complaints[2]
    assert "scripted.py:" in complaints[2]
    assert "Traceback" not in done.stderr
    errors = lines((tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8"))
    assert [error["clip"].rpartition(":")[2] for error in errors] == ["2", "3", "4", "5"]


def test_nothing_explained_is_exit_code_3(run, engine, tmp_path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    done = run("explain", "--cues", path, "--engine", engine, *PURPOSE)
    assert (done.returncode, done.stdout) == (3, "")
    path.write_text("", encoding="utf-8")
    done = run("explain", "--cues", path, "--engine", engine, *PURPOSE)
    assert done.returncode == 3
    assert "0 of 0 explained" in done.stderr


def test_files_are_whole_and_replace_older_ones(run, engine, cue_file, tmp_path) -> None:
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    (out / "explanations.jsonl").write_text("old", encoding="utf-8")
    (out / "errors.jsonl").write_text("of an older run", encoding="utf-8")
    done = run("explain", "--cues", cue_file, "--engine", engine, "--out", out, *PURPOSE)
    assert done.returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["cues.jsonl", "explanations.jsonl"]
    assert (out / "explanations.jsonl").read_text(encoding="utf-8") == done.stdout
    assert [row["clip"]["id"] for row in lines((out / "cues.jsonl").read_text(encoding="utf-8"))] == ["a.mp4", "b.mp4"]
    assert "2 of 2 explained" in done.stderr
    assert "replaces 1 explanation of an earlier run" in done.stderr
    done = run("explain", "--cues", cue_file, "--engine", engine, "--out", out, *PURPOSE)
    assert "replaces 2 explanations of an earlier run" in done.stderr


def test_with_files_the_text_is_one_line_a_clip_and_the_notice(run, engine, cue_file) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, "--text", "--out", "out", *PURPOSE)
    first, second, notice = done.stdout.splitlines()
    assert first == "a.mp4  happiness 71%  happy"
    assert second.startswith("b.mp4  ")
    assert "must be informed" in notice


def test_a_failed_run_leaves_older_results_alone(run, engine, tmp_path) -> None:
    (tmp_path / "explanations.jsonl").write_text("of an older run\n", encoding="utf-8")
    done = run("explain", "--cues", "nowhere.jsonl", "--engine", engine, "--out", ".", *PURPOSE)
    assert done.returncode == 2
    assert (tmp_path / "explanations.jsonl").read_text(encoding="utf-8") == "of an older run\n"
    assert not (tmp_path / "cues.jsonl").exists()


def test_out_that_cannot_be_written_is_a_configuration_error(run, engine, cue_file, tmp_path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run("explain", "--cues", cue_file, "--engine", engine, "--out", tmp_path / "file", *PURPOSE)
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_text_when_asked_for(run, engine, cue_file) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, "--text", *PURPOSE)
    assert "00:01.2–00:02.8  Cue AU12 is seen." in done.stdout
    assert "happiness" in done.stdout
    assert "71%" in done.stdout
    assert "People whose face or voice is analysed must be informed of it." in " ".join(done.stdout.split())
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("clip.mp4", "--cues", "x.jsonl"),
        ("--cues", "nowhere.jsonl"),
        ("--cues", "-", "--engine", "nosuch"),
        ("--cues", "-", "--engine", "nosuch.module:Engine"),
        ("--cues", "-", "--engine", "json:loads"),
        ("--cues", "-", "--language", "tlh"),
        ("--cues", "-", "--preset", "nosuch"),
        ("--cues", "-", "--frobnicate"),
        ("a.wav", "b.wav", "--transcript", "words.txt"),
        ("a.wav", "--transcript", "nowhere.txt"),
        ("a.wav", "--speaker-baseline", "nowhere.json"),
        ("a.wav", "--fps", "0"),
        ("a.wav", "--extractor", "nosuch"),
    ],
    ids=" ".join,
)
def test_usage_errors_are_exit_code_2_and_say_what_is_wrong(run, args) -> None:
    done = run("explain", *args, *PURPOSE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "rror: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("purpose", ["workplace", "Education", "WORKPLACE "])
def test_a_refused_purpose_gives_the_reason(run, engine, cue_file, purpose) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, "--purpose", purpose)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Art. 5(1)(f)" in done.stderr


def test_the_purpose_comes_from_the_environment_and_silence_is_noted_once(run, engine, cue_file) -> None:
    args = ("explain", "--cues", cue_file, "--engine", engine)
    assert run(*args, env={"EMOREASON_PURPOSE": "education"}).returncode == 2
    assert run(*args, env={"EMOREASON_PURPOSE": "safety"}).stderr == ""
    assert run(*args).stderr.count("no purpose declared") == 1
    unknown = run(*args, "--purpose", "fun")
    assert unknown.returncode == 2
    assert "expected one of research, media, personal, accessibility, medical, safety" in unknown.stderr


def test_a_dry_run_lists_and_does_nothing(run, engine, tmp_path) -> None:
    for name in ("b.mp4", "a.WAV", ".hidden.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    done = run("explain", ".", "--engine", engine, "--dry-run", "--out", "out", *PURPOSE)
    assert done.returncode == 0
    assert done.stdout.split() == ["./a.WAV", "./b.mp4"]
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close differently there")
def test_a_reader_that_goes_away_is_no_error(run, engine, tmp_path, cue_line) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(cue_line(f"clip {n}") for n in range(400)), encoding="utf-8")
    command = f"{sys.executable} -m emoreason explain --cues {path} --engine {engine} --purpose media | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert [explanation["clip"] for explanation in lines(done.stdout)] == ["clip 0"]
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_keeps_what_was_done(engine, tmp_path, cue_line, number) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "emoreason", "explain", "--cues", "-", "--engine", engine, "--out", out, *PURPOSE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(cue_line("first") + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["clip"] == "first"  # it is done, and waits for the next line
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert [row["clip"] for row in lines((out / "explanations.jsonl").read_text(encoding="utf-8"))] == ["first"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_on_a_terminal_it_reads_as_text(engine, cue_file, tmp_path) -> None:
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "emoreason", "explain", "--cues", cue_file, "--engine", engine, *PURPOSE],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "NO_COLOR": ""},
    )
    os.close(slave)
    written = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(master)
    process.communicate(timeout=60)
    assert process.returncode == 0
    text = written.decode("utf-8")
    assert "Observed" in text
    assert "\x1b[" in text
    assert not text.lstrip().startswith("{")
