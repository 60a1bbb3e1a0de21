"""``emoreason report`` and ``explain --report`` as a user runs them."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from media_files import moving, write_video

PURPOSE = ("--purpose", "research")


@pytest.fixture
def results(run, engine, cue_file, tmp_path: Path) -> Path:
    """What ``explain --out`` wrote for two lines of cues."""
    done = run("explain", "--cues", cue_file, "--engine", engine, "--out", "results", *PURPOSE)
    assert done.returncode == 0, done.stderr
    return tmp_path / "results"


def pages(folder: Path) -> list[Path]:
    return sorted((folder / "pages").iterdir())


def index(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def linked(folder: Path) -> list[Path]:
    return [folder / link for link in re.findall(r'class="title"><a href="([^"]+)"', index(folder))]


def test_pages_of_an_earlier_run(run, results: Path) -> None:
    done = run("report", results)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["pages"], said["lost"], said["failed"]) == (2, 0, 0)
    assert Path(unquote(urlsplit(said["report"]).path)) == results / "index.html"
    assert sorted(linked(results)) == pages(results)
    assert "2 of 2 pages made" in done.stderr
    again = run("report", results, "--text")
    assert again.stdout == f"{(results / 'index.html').as_uri()}\n"


def test_explain_with_a_report(run, engine, cue_file, tmp_path: Path) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, "--report", *PURPOSE)
    folder = tmp_path / "emoreason-report"
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert sorted(path.name for path in folder.iterdir()) == [
        *("cues.jsonl", "curves.jsonl", "explanations.jsonl", "index.html", "pages")
    ]
    assert done.stderr.splitlines()[-1] == f"emoreason: report: {(folder / 'index.html').as_uri()}"
    before = {path.name: path.read_bytes() for path in pages(folder)}
    assert run("report", folder).returncode == 0
    assert {path.name: path.read_bytes() for path in pages(folder)} == before


def test_out_names_the_folder_of_the_report(run, engine, cue_file, tmp_path: Path) -> None:
    done = run("explain", "--cues", cue_file, "--engine", engine, "--report", "--out", "mine", *PURPOSE)
    assert done.returncode == 0, done.stderr
    assert len(linked(tmp_path / "mine")) == 2


def test_broken_inputs_are_shown_as_broken(run, engine, cue_line, tmp_path: Path) -> None:
    lines = [cue_line("a.mp4"), cue_line("refused"), "{no json"]
    (tmp_path / "cues.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = run("explain", "--cues", "cues.jsonl", "--engine", engine, "--report", *PURPOSE)
    folder = tmp_path / "emoreason-report"
    assert done.returncode == 1
    assert index(folder).count('data-group="failed"') == 3  # two rows and what the overview counts
    assert "the engine has nothing to say about it" in index(folder)
    first = index(folder)
    assert run("report", folder).returncode == 0
    assert index(folder) == first


def test_no_report_is_named_that_is_not_there(run, cue_file, tmp_path: Path) -> None:
    (tmp_path / "emoreason-report" / "index.html").mkdir(parents=True)
    done = run("explain", "--cues", cue_file, "--report", *PURPOSE)
    assert done.returncode == 1
    assert "index.html: cannot be made: Is a directory" in done.stderr
    assert "emoreason: report:" not in done.stderr


def test_a_page_that_cannot_be_made_is_said_and_counts(run, engine, cue_file, tmp_path: Path) -> None:
    args = ("explain", "--cues", cue_file, "--engine", engine, "--report", *PURPOSE)
    assert run(*args).returncode == 0
    folder = tmp_path / "emoreason-report"
    stands = pages(folder)[0]
    stands.unlink()
    stands.mkdir()
    done = run(*args)
    assert done.returncode == 1
    assert "emoreason: error: a.mp4: its page cannot be made: Is a directory" in done.stderr
    assert len((folder / "explanations.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert len(linked(folder)) == 1
    assert run("report", folder).returncode == 1


def test_lines_belong_together_by_clip_and_order(run, results: Path) -> None:
    def lines(name: str) -> list[dict]:
        return [json.loads(line) for line in (results / name).read_text(encoding="utf-8").splitlines()]

    explanations, cues = lines("explanations.jsonl"), lines("cues.jsonl")
    first, second = cues[0], json.loads(json.dumps(cues[0]).replace("AU12", "AU15"))
    told = json.loads(json.dumps(explanations[0]).replace("AU12", "AU15"))
    written = {"explanations.jsonl": [*explanations, told], "cues.jsonl": [cues[1], first, second]}
    for name, rows in written.items():
        (results / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("report", results).returncode == 0
    a, b, a_again = (page.read_text(encoding="utf-8") for page in linked(results))
    assert "face1.AU12.1" in a
    assert "face1.AU15.1" not in a
    assert "face1.AU15.1" in a_again
    assert "face1.AU12.1" not in a_again
    assert "b.mp4" in b


def test_curves_are_taken_where_they_are(run, results: Path) -> None:
    assert run("report", results, "--no-media").returncode == 0
    assert '<svg class="curve' not in linked(results)[0].read_text(encoding="utf-8")
    curve = {"modality": "face", "code": "AU12", "subject": "face1", "unit": "0-5"}
    curve |= {"times_s": [0.1 * i for i in range(40)], "values": [0.1 * (i % 9) for i in range(40)]}
    rows = [{"clip": "b.mp4", "curves": []}, {"clip": "a.mp4", "curves": [curve]}, {"clip": "a.mp4"}]
    (results / "curves.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run("report", results, "--no-media")
    assert done.returncode == 0, done.stderr
    assert '<svg class="curve' in linked(results)[0].read_text(encoding="utf-8")


def test_lines_that_cannot_be_read_cost_their_clip(run, results: Path) -> None:
    cues = (results / "cues.jsonl").read_text(encoding="utf-8").splitlines()
    (results / "cues.jsonl").write_text(f"not json\n\n{cues[1]}\n", encoding="utf-8")
    with (results / "explanations.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"clip": 7}\n')
    done = run("report", results)
    assert done.returncode == 1
    assert "cues.jsonl:1: not JSON" in done.stderr
    assert "a.mp4: " in done.stderr
    assert "has no line for it" in done.stderr
    assert "explanations.jsonl:3: not a valid explanation" in done.stderr
    assert len(linked(results)) == 1
    assert "1 of 3 pages made" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "nowhere"], "explanations.jsonl: cannot be read: No such file"),
        (["report", "."], "explain --report` has written"),
        (["report", "x", "--no-media", "--media", "y"], "name one of them"),
        (["report"], "Missing argument 'DIR'"),
        (["explain", "x.mp4", "--blur-faces"], "add --report"),
        (["explain", "x.mp4", "--no-media"], "add --report"),
    ],
)
def test_what_cannot_be_asked(run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_media_that_is_no_folder(run, results: Path) -> None:
    done = run("report", results, "--media", "nowhere")
    assert done.returncode == 2
    assert "--media nowhere: there is no such folder" in done.stderr


def test_hostile_ids_stay_in_the_folder(run, engine, cue_line, tmp_path: Path) -> None:
    ids = ["../../x", "<script>alert(1)</script>", "two\nlines", "CON", "会话", "x" * 300, "a/b/../../c", "\x1b[2J"]
    (tmp_path / "cues.jsonl").write_text("\n".join(cue_line(name) for name in ids), encoding="utf-8")
    before = {path.name for path in tmp_path.iterdir()}
    done = run("explain", "--cues", "cues.jsonl", "--engine", engine, "--report", *PURPOSE)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} - before <= {"emoreason-report", "cache"}
    made = pages(tmp_path / "emoreason-report")
    assert len(made) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,60}-[0-9a-f]{10}\.html", page.name) for page in made)
    assert "<script>alert" not in index(tmp_path / "emoreason-report")
    assert all("<script>alert" not in page.read_text(encoding="utf-8") for page in made)


@pytest.fixture
def filmed(run, tmp_path: Path) -> Path:
    """What ``explain --report`` wrote for a small film (no model file is needed for its picture)."""
    write_video(tmp_path / "film.mp4", moving(25))
    done = run("explain", "film.mp4", "--extractor", "scene", "--report", *PURPOSE)
    assert done.returncode == 0, done.stderr
    return tmp_path / "emoreason-report"


def embedded(folder: Path) -> bool:
    return 'id="media-data"' in linked(folder)[0].read_text(encoding="utf-8")


def test_the_clip_is_in_its_page_unless_it_is_not_wanted(run, filmed: Path) -> None:
    assert embedded(filmed)
    assert run("report", filmed, "--no-media").returncode == 0
    assert not embedded(filmed)


def test_clips_that_moved_are_found_with_media(run, filmed: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "film.mp4").rename(tmp_path / "archive" / "film.mp4")
    gone = run("report", filmed)
    assert gone.returncode == 0
    assert "not found, so not shown: 1 of the clips" in gone.stderr
    assert not embedded(filmed)
    assert run("report", filmed, "--media", "archive").returncode == 0
    assert embedded(filmed)


def test_a_file_that_changed_is_not_shown_as_the_clip(run, filmed: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", moving(30))
    done = run("report", filmed)
    assert done.returncode == 0
    assert "its page does not show the clip: the file has changed since its cues were found" in done.stderr
    assert not embedded(filmed)
    assert "changed" in linked(filmed)[0].read_text(encoding="utf-8")


def test_results_of_a_stranger_bring_no_file_of_ours_into_a_page(run, filmed: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "film.mp4").rename(tmp_path / "private" / "secret.mp4")
    cues = json.loads((filmed / "cues.jsonl").read_text(encoding="utf-8"))
    for path in (str(tmp_path / "private" / "secret.mp4"), "../private/secret.mp4", "private/secret.mp4"):
        cues["clip"] |= {"path": path, "sha256": None}
        (filmed / "cues.jsonl").write_text(json.dumps(cues) + "\n", encoding="utf-8")
        done = run("report", filmed)
        assert done.returncode == 0
        assert "not found, so not shown: 1 of the clips" in done.stderr
        assert not embedded(filmed)
        assert "but not its sha256" in linked(filmed)[0].read_text(encoding="utf-8")
    assert run("report", filmed, "--media", "private").returncode == 0  # whoever asks knows where the clip is
    assert embedded(filmed)


def test_a_dry_run_makes_nothing(run, cue_file, tmp_path: Path) -> None:
    assert run("explain", "--cues", cue_file, "--report", "--dry-run", *PURPOSE).returncode == 0
    assert not (tmp_path / "emoreason-report").exists()
