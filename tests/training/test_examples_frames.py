"""Pictures of training: those of serving, written once, and a row's own only after they were opened elsewhere."""

import base64
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_files import moving, write_video
from PIL import Image

from emoreason.errors import MediaError
from emoreason.reasoning.conversation import Capabilities, Manner
from emoreason.reasoning.conversation.prompt import make_prompt
from emoreason.reasoning.engines.base import Request
from emoreason.records import Clip, Cue, CueSet, Frame, TrainingRow
from emoreason.training.examples import frames, picture_check
from emoreason.training.examples.frames import Taken, rows_with_frames, take_frames
from emoreason.training.examples.rendering import render_example
from emoreason.training.settings import DataSettings

DATA = DataSettings(train=("rows.jsonl",), frames=4, frame_pixels=200_000, frame_tokens=1_200)
PER_TOKEN = 1024.0


def keyframe(number: int, time_s: float) -> Cue:
    return Cue(id=f"scene.keyframe.{number}", modality="scene", code="keyframe", start_s=time_s, end_s=time_s)


SMILE = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, unit="0-5", start_s=2.9, end_s=3.1, apex_s=3.0)


def clip_row(path: Path, **fields: str) -> TrainingRow:
    facts = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | fields
    clip = Clip(id="a", path=str(path), duration_s=4.0, has_video=True, **facts)
    return TrainingRow(id="a", cueset=CueSet(clip=clip, cues=(keyframe(1, 1.0), SMILE)))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "a.mp4", moving(100, (640, 480)))


def no_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a clip was opened")

    monkeypatch.setattr(frames, "pictures_of", opened)
    monkeypatch.setattr(picture_check, "run_in_child", opened)


@pytest.mark.parametrize("most", [1, 4])
def test_pictures_and_prompt_are_those_that_are_served(video: Path, tmp_path: Path, most: int) -> None:
    data = replace(DATA, frames=most)
    row = clip_row(video)
    taken = take_frames(row, data, tmp_path, pixels_per_token=PER_TOKEN)
    example = render_example(replace(row, frames=taken.frames), data)
    manner = Manner(frames=most, frame_pixels=data.frame_pixels, frame_tokens=data.frame_tokens, budget_tokens=4096)
    able = Capabilities(pictures=True, pixels_per_token=PER_TOKEN)
    served = make_prompt(Request(cueset=row.cueset), able, manner)
    assert example.messages[0] == served.messages[0]
    urls = [part["image_url"]["url"] for part in served.messages[1]["content"] if part["type"] == "image_url"]
    bare = [{"type": "image"} if part["type"] == "image_url" else part for part in served.messages[1]["content"]]
    assert example.messages[1] == {"role": "user", "content": bare}
    assert [Path(frame.path).read_bytes() for frame in example.frames] == [
        base64.b64decode(url.partition(",")[2]) for url in urls
    ]
    assert 1 <= len(urls) <= most
    assert example.reference.saw_media
    assert example.reference.shown == served.shown


def test_a_held_back_keyframe_is_not_named_under_its_picture(video: Path, tmp_path: Path) -> None:
    row = clip_row(video)
    row = replace(row, frames=take_frames(row, DATA, tmp_path).frames, held_back=("scene.keyframe.1",))
    assert "scene.keyframe.1" in {frame.cue_id for frame in row.frames}
    assert "keyframe" not in str(render_example(row, DATA).messages)


def test_the_next_run_opens_no_clip(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = clip_row(video)
    taken = take_frames(row, DATA, tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()}
    assert {name.rpartition(".")[2] for name in files} == {"jpg", "json"}
    for path in (tmp_path / "frames").glob("*.jpg"):
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
    no_clip(monkeypatch)
    assert take_frames(row, DATA, tmp_path) == taken
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()} == files
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    assert [Path(frame.path).parent for frame in take_frames(row, DATA, moved).frames] == [moved / "frames"] * 2


def test_what_is_gone_or_cut_off_is_taken_again(video: Path, tmp_path: Path) -> None:
    row = clip_row(video)
    taken = take_frames(row, DATA, tmp_path)
    Path(taken.frames[0].path).unlink()
    whole = Path(taken.frames[1].path).read_bytes()
    Path(taken.frames[1].path).write_bytes(whole[:100])
    next((tmp_path / "frames").glob("*.json")).write_text("{", encoding="utf-8")
    assert take_frames(row, DATA, tmp_path) == taken
    assert Path(taken.frames[1].path).read_bytes() == whole


def test_other_settings_give_other_pictures(video: Path, tmp_path: Path) -> None:
    row = clip_row(video)
    large = take_frames(row, DATA, tmp_path)
    small = take_frames(row, replace(DATA, frame_pixels=50_000), tmp_path)
    assert not {frame.path for frame in large.frames} & {frame.path for frame in small.frames}
    for frame in small.frames:
        width, height = Image.open(frame.path).size
        assert width * height <= 50_000
    assert take_frames(row, replace(DATA, frames=0), tmp_path) == Taken()


def test_only_the_file_that_the_cues_were_found_in_is_opened(video: Path, tmp_path: Path) -> None:
    other = take_frames(clip_row(video, sha256="0" * 64), DATA, tmp_path)
    assert other.frames == ()
    assert "has changed since its cues were found" in other.notes[0]
    unknown = clip_row(video)
    unknown = replace(unknown, cueset=replace(unknown.cueset, clip=replace(unknown.cueset.clip, sha256=None)))
    assert "not its sha256" in take_frames(unknown, DATA, tmp_path).notes[0]
    assert not (tmp_path / "frames").exists()


def own_row(*paths: Path) -> TrainingRow:
    pictures = tuple(Frame(time_s=float(number), path=str(path)) for number, path in enumerate(paths))
    return TrainingRow(id="a", cueset=CueSet(clip=Clip(id="a")), frames=pictures)


def saved(path: Path, size: tuple[int, int] = (320, 240)) -> Path:
    Image.fromarray(moving(1, size)[0]).save(path)
    return path


def test_a_rows_own_pictures_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [saved(tmp_path / name) for name in ("a.png", "b.jpg", "c.webp")]
    row = own_row(*paths)
    taken = take_frames(row, DATA, tmp_path)
    assert taken == Taken(row.frames)
    no_clip(monkeypatch)
    assert take_frames(row, DATA, tmp_path) == taken
    os.utime(paths[0], ns=(1, 1))
    with pytest.raises(AssertionError, match="opened"):
        take_frames(row, DATA, tmp_path)


def test_larger_ones_are_replaced_by_smaller_copies(tmp_path: Path) -> None:
    row = own_row(saved(tmp_path / "a.png", (1000, 800)), saved(tmp_path / "b.png"))
    taken = take_frames(row, DATA, tmp_path, pixels_per_token=PER_TOKEN)
    assert taken.frames[1] == row.frames[1]
    assert Path(taken.frames[0].path).parent == tmp_path / "frames"
    width, height = Image.open(taken.frames[0].path).size
    assert width * height <= DATA.frame_pixels
    assert (width % 32, height % 32) == (0, 0)
    tight = take_frames(row, replace(DATA, frame_tokens=100), tmp_path, pixels_per_token=PER_TOKEN)
    for frame in tight.frames:
        width, height = Image.open(frame.path).size
        assert width * height <= 50 * PER_TOKEN


def bomb(path: Path) -> None:
    """More pixels than any limit allows, in few bytes."""
    Image.fromarray(np.zeros((12_000, 12_000), np.uint8)).save(path)


def cut_off(path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(moving(1, (320, 240))[0]).save(whole, "PNG")
    path.write_bytes(whole.getvalue()[:-200])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_text("no picture"), "is no JPEG, PNG or WebP picture"),
        (cut_off, "is no JPEG, PNG or WebP picture"),
        (lambda path: Image.fromarray(moving(1)[0]).save(path, "GIF"), "is no JPEG, PNG or WebP picture"),
        (bomb, "12000 x 12000 pixels"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: os.mkfifo(path), "is a pipe"),
        (lambda path: None, "cannot be opened"),
    ],
    ids=["text", "cut off", "gif", "bomb", "folder", "pipe", "missing"],
)
def test_what_no_trainer_could_open_is_left_out(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    bad = tmp_path / "bad.png"
    make(bad)
    row = own_row(saved(tmp_path / "good.png"), bad)
    taken = take_frames(row, DATA, tmp_path)
    assert taken.frames == row.frames[:1]
    assert len(taken.notes) == 1
    assert said in taken.notes[0]
    assert "\n" not in taken.notes[0]


def test_more_pictures_than_allowed_are_thinned_out_evenly(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (64, 64))
    row = own_row(*[path] * 9)
    taken = take_frames(row, replace(DATA, frames=3), tmp_path)
    assert [frame.time_s for frame in taken.frames] == [1.0, 4.0, 7.0]
    assert taken.notes == ("3 of 9 pictures are shown",)
    none = take_frames(row, replace(DATA, frame_tokens=2), tmp_path)
    assert none.frames == ()
    assert "2 tokens hold none" in none.notes[-1]


def test_rows_come_back_in_order_each_with_its_pictures(video: Path, tmp_path: Path) -> None:
    paths = [saved(tmp_path / f"{number}.png", (32 + number, 32)) for number in range(40)]
    rows = [replace(own_row(path), id=path.stem) for path in paths]
    rows[7] = clip_row(video)
    found = list(rows_with_frames(rows, DATA, tmp_path))
    assert [row.id for row, _ in found] == [row.id for row in rows]
    assert [row.frames for row, _ in found][:7] == [row.frames for row in rows][:7]
    assert len(found[7][0].frames) == 2
    assert not any(notes for _, notes in found)


def test_one_that_brings_the_reader_down_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(saved(tmp_path / f"{number}.png", (32 + number, 32))) for number in range(9)]
    read = picture_check.run_in_child

    def falls(task: str, path: str, arguments: dict[str, list[str]]) -> object:
        if paths[5] in arguments["paths"]:
            raise MediaError(f"{path}: the process that read it died")
        return read(task, path, arguments)

    monkeypatch.setattr(picture_check, "run_in_child", falls)
    checked = picture_check.check_pictures(paths)
    assert [checked[path].width for path in paths] == [32, 33, 34, 35, 36, 0, 38, 39, 40]
    assert checked[paths[5]].wrong == f"{paths[5]}: the process that read it died"
