"""Files, folders, patterns: what the arguments name, each once, in order."""

from pathlib import Path

import pytest

from emoreason.cli.clips import find_clips


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = "b.mp4 sub/a.JPG sub/.hidden.mp4 sub/.git/c.mp4 sub/words.srt empty/readme.txt [x].wav"
    for name in files.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_folders_are_searched_and_hidden_files_are_not() -> None:
    assert find_clips(["."]) == (["./[x].wav", "./b.mp4", "./sub/a.JPG"], [])


def test_each_clip_comes_once_in_the_order_given() -> None:
    assert find_clips(["sub", "b.mp4", "sub/*.JPG", "b.mp4"])[0] == ["sub/a.JPG", "b.mp4"]


def test_a_file_named_directly_may_have_any_ending_and_a_missing_one_stays_to_be_complained_about() -> None:
    assert find_clips(["sub/words.srt", "nowhere.mp4", "no*match"])[0] == ["sub/words.srt", "nowhere.mp4", "no*match"]


def test_a_name_with_brackets_is_a_name_first() -> None:
    assert find_clips(["[x].wav"])[0] == ["[x].wav"]


def test_a_folder_without_media_is_a_failure_and_the_others_stay() -> None:
    clips, failures = find_clips(["empty", "b.mp4"])
    assert clips == ["b.mp4"]
    assert [(place, "holds no video" in str(error)) for place, error in failures] == [("empty", True)]


def test_patterns_reach_into_folders() -> None:
    assert find_clips(["**/*.mp4"])[0] == ["b.mp4"]
