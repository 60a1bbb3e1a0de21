"""The folder of a report: safe stable names, one lost page costs one page, stopping keeps what was done."""

import os
import re
import threading
import time
from pathlib import Path

import pytest
from index_entries import explained

from emoreason.errors import ConfigError
from emoreason.records import Claim, Clip, Cue, CueSet, Explanation
from emoreason.report import folder
from emoreason.report.folder import ReportFolder, page_name

HOSTILE = [
    "<script>x</script>",
    "a\nb",
    "会话.mp4",
    "x" * 300,
    "../x",
    "CON",
    "a/../../b",
    "..",
    "",
    ".hidden",
    "nul\x00",
    "\ud83d",
]


def cues(clip: str, path: str | None = None, code: str = "AU12") -> CueSet:
    return CueSet(
        clip=Clip(id=clip, path=path), cues=(Cue(id=f"face1.{code}.1", modality="face", code=code, subject="face1"),)
    )


def make(folder: Path, *clips: str, **options: object) -> ReportFolder:
    with ReportFolder(folder, **options) as report:
        for clip in clips:
            report.add(explained(clip), cues(clip))
    return report


def pages(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "pages").iterdir())


def links(folder: Path) -> list[str]:
    return re.findall(r'class="title"><a href="([^"]+)"', (folder / "index.html").read_text(encoding="utf-8"))


def test_every_clip_gets_a_page_and_the_index_leads_to_it(tmp_path: Path) -> None:
    report = make(tmp_path, "a.mp4", "b.mp4", "c.mp4", jobs=2)
    assert (report.made, report.lost, report.failed) == (3, 0, 0)
    assert [link.split("/")[1][0] for link in links(tmp_path)] == ["a", "b", "c"]
    for link in links(tmp_path):
        assert "../index.html" in (tmp_path / link).read_text(encoding="utf-8")
    assert report.start == report.index


def test_the_only_clip_is_where_to_begin(tmp_path: Path) -> None:
    report = make(tmp_path, "a.mp4")
    assert report.start == tmp_path / "pages" / pages(tmp_path)[0]


def test_the_same_clip_twice_has_two_pages_and_names_are_stable(tmp_path: Path) -> None:
    make(tmp_path / "one", "a.mp4", "a.mp4", "x/a.mp4")
    make(tmp_path / "two", "x/a.mp4", "a.mp4", "a.mp4")
    assert pages(tmp_path / "one") == pages(tmp_path / "two")
    assert len(set(links(tmp_path / "one"))) == 3


def test_two_clips_of_one_id_keep_their_own_cues(tmp_path: Path) -> None:
    with ReportFolder(tmp_path) as report:
        for code in ("AU12", "AU4"):
            claim = Claim(sentence=f"It is {code} that is seen.", cue_ids=(f"face1.{code}.1",))
            report.add(explained("a.mp4", claims=(claim,)), cues("a.mp4", code=code))
    first, second = ((tmp_path / link).read_text(encoding="utf-8") for link in links(tmp_path))
    assert "face1.AU12.1" in first
    assert "face1.AU4.1" not in first
    assert "face1.AU4.1" in second


@pytest.mark.parametrize("clip", HOSTILE)
def test_hostile_ids_become_safe_names(clip: str, tmp_path: Path) -> None:
    name = page_name(clip)
    assert re.fullmatch(r"[A-Za-z0-9_]{1,60}-[0-9a-f]{10}", name)
    make(tmp_path / "report", clip)
    assert pages(tmp_path / "report") == [f"{name}.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_ids_that_look_alike_have_different_names() -> None:
    alike = ["a.mp4", "a.mov", "A.mp4", "x/a.mp4", "a .mp4", "a.mp4 "]
    assert len({page_name(clip).lower() for clip in alike}) == len(alike)


def test_a_page_that_cannot_be_written_costs_that_page(tmp_path: Path) -> None:
    (tmp_path / "pages" / f"{page_name('b.mp4')}.html").mkdir(parents=True)  # stands where the page should
    said: list[tuple[str, str]] = []
    report = make(tmp_path, "a.mp4", "b.mp4", "c.mp4", say=lambda clip, problem: said.append((clip, problem)))
    assert (report.made, report.lost) == (2, 1)
    assert [clip for clip, _ in said] == ["b.mp4"]
    assert "cannot be made: Is a directory" in said[0][1]
    assert len(links(tmp_path)) == 2
    assert said[0][1] in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not [name for name in pages(tmp_path) if name.endswith(".partial")]


def test_an_index_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    said: list[tuple[str, str]] = []
    report = make(tmp_path, "a.mp4", say=lambda clip, problem: said.append((clip, problem)))
    assert said == [(str(tmp_path / "index.html"), "cannot be made: Is a directory")]
    assert (report.made, report.lost) == (1, 1)


def test_a_clip_that_cannot_be_shown_still_has_a_page(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\x00\x00\x00\x18ftypmp42 and then nothing of the kind")
    said: list[str] = []
    with ReportFolder(tmp_path / "report", say=lambda clip, problem: said.append(problem)) as report:
        report.add(explained(str(broken)), cues(str(broken), str(broken)), path=broken)
    assert (report.made, report.lost) == (1, 0)
    assert "does not show the clip" in said[0]
    (link,) = links(tmp_path / "report")
    assert "The clip is not shown" in (tmp_path / "report" / link).read_text(encoding="utf-8")


def test_a_row_that_cannot_be_made_does_not_stop_the_pages_after_it(tmp_path: Path, monkeypatch) -> None:
    real = folder.entry_of

    def entry_of(explanation: Explanation, *given: object, **options: object) -> object:
        if explanation.clip == "a.mp4" and not options["problem"]:
            raise RuntimeError("no row")
        return real(explanation, *given, **options)

    monkeypatch.setattr(folder, "entry_of", entry_of)
    said: list[str] = []
    clips = [f"{letter}.mp4" for letter in "abcdefgh"]  # more than may wait at a time
    report = make(tmp_path, *clips, say=lambda clip, problem: said.append(f"{clip}: {problem}"))
    assert said == ["a.mp4: its row of the index cannot be made: RuntimeError: no row"]
    assert (report.made, report.lost) == (7, 1)
    assert len(links(tmp_path)) == 7


def test_broken_clips_are_in_the_index(tmp_path: Path) -> None:
    with ReportFolder(tmp_path) as report:
        report.add(explained("a.mp4"), cues("a.mp4"))
        report.fail("b.mp4", ValueError("b.mp4: damaged"))
    assert report.failed == 1
    assert "b.mp4: damaged" in (tmp_path / "index.html").read_text(encoding="utf-8")


def interrupted(folder: Path, *clips: str, **options: object) -> None:
    with ReportFolder(folder, **options) as report:
        for clip in clips:
            report.add(explained(clip), cues(clip))
            while not report.made:  # the first page is finished, whatever the machine is busy with
                time.sleep(0.01)
        raise KeyboardInterrupt


def test_stopped_in_the_middle_what_was_done_is_listed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, "a.mp4", *(f"{number}.mp4" for number in range(4)))
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert links(tmp_path)[0].startswith("pages/a-")
    assert index.count("<tr data-group") == 5
    for link in links(tmp_path):
        assert (tmp_path / link).stat().st_size > 1000


def test_stopped_before_anything_was_done_an_older_report_stays(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    before = (tmp_path / "index.html").read_bytes()
    with pytest.raises(KeyboardInterrupt), ReportFolder(tmp_path):
        raise KeyboardInterrupt
    assert (tmp_path / "index.html").read_bytes() == before
    assert len(pages(tmp_path)) == 1


def test_pages_nobody_lists_go_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "pages" / "notes.html").write_text("somebody's own")
    left = tmp_path / "pages" / ".c-0123456789.html.0123abcd.partial"
    left.write_text("of a killed run")
    os.utime(left, (time.time() - 3600,) * 2)
    make(tmp_path, "b.mp4")
    assert pages(tmp_path) == sorted([f"{page_name('b.mp4')}.html", "notes.html"])


def test_stopped_a_run_that_blurs_leaves_no_page_that_does_not(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "old.mp4")
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, "a.mp4")
    assert f"{page_name('old.mp4')}.html" in pages(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path, "a.mp4", blur_faces=True)
    assert pages(tmp_path) == [f"{page_name('a.mp4')}.html"]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="the report cannot be written there"):
        ReportFolder(tmp_path / "file")


def test_adding_waits_while_enough_are_in_the_making(tmp_path: Path) -> None:
    go = threading.Event()
    most = 0
    with ReportFolder(tmp_path, jobs=1, done=lambda clip: go.wait(60)) as report:
        adding = threading.Thread(
            target=lambda: [report.add(Explanation(clip=str(number)), cues(str(number))) for number in range(12)]
        )
        adding.start()
        adding.join(1.0)
        most = len(report._orders)
        assert adding.is_alive()
        go.set()
        adding.join()
    assert most <= 6  # one being made, four waiting, one at the door
    assert report.made == 12
