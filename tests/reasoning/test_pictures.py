"""Which moments of a clip a model is shown, within which budget, and what is said about what it is not shown."""

import base64
import hashlib
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from malformed_files import DAMAGED, REFUSED
from media_files import moving, tone, write_video, write_wav
from PIL import Image

from emoreason.cues import extract
from emoreason.cues.stills import Still, fit_pixels
from emoreason.prompts.render import render_messages
from emoreason.reasoning.conversation import Capabilities, Manner, pictures
from emoreason.reasoning.conversation.families import family_of_name
from emoreason.reasoning.conversation.pictures import APART_S, LEAST_PIXELS, Shown, moments_of, pictures_of
from emoreason.records import Clip, Cue, CueSet

EXAMPLE = Path(__file__).parents[2] / "examples" / "clip.mp4"
SEES = Capabilities(family="qwen2.5-vl", pictures=True, pixels_per_token=784.0)
BLIND = Capabilities(family="text")
MANNER = Manner()


def sha256(path: Path) -> str:
    """Digest of a file; of none where what is there is no file or too large to read."""
    readable = path.is_file() and path.stat().st_size < 1 << 24
    return hashlib.sha256(path.read_bytes()).hexdigest() if readable else "0" * 64


def known(path: Path, *cues: Cue, duration_s: float = 4.0, **facts: Any) -> CueSet:
    facts = {"sha256": sha256(path), "has_video": True, "duration_s": duration_s} | facts
    return CueSet(clip=Clip(id="a", path=str(path), **facts), cues=cues)


def keyframe(number: int, time_s: float) -> Cue:
    return Cue(id=f"scene.keyframe.{number}", modality="scene", code="keyframe", start_s=time_s, end_s=time_s)


def event(code: str, apex_s: float | None, value: float = 3.0, **fields: Any) -> Cue:
    fields = {"modality": "face", "confidence": 0.9, "unit": "0-5"} | fields
    span = {} if apex_s is None else {"start_s": apex_s - 0.1, "end_s": apex_s + 0.1}
    return Cue(id=f"face1.{code}.{apex_s}", code=code, value=value, apex_s=apex_s, subject="face1", **(span | fields))


def image_of(url: str | None) -> Image.Image:
    assert url is not None
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def times_of(cueset: CueSet, most: int = 8) -> list[float]:
    return [moment.time_s for moment in moments_of(cueset, most)]


def test_keyframes_and_the_heights_of_what_happens_are_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(100, (320, 240)))
    cueset = known(path, keyframe(1, 1.0), event("AU12", 3.0), event("AU4", 2.0, value=1.0))
    shown = pictures_of(cueset, SEES, MANNER)
    assert [(picture.time_s, picture.cue_id) for picture in shown.pictures] == [
        (pytest.approx(1.0), "scene.keyframe.1"),
        (pytest.approx(2.0), None),
        (pytest.approx(3.0), None),
    ]
    assert shown.notes == ()
    images = [image_of(picture.url) for picture in shown.pictures]
    assert [image.size for image in images] == [(308, 252)] * 3
    assert not np.array_equal(*map(np.asarray, images[:2]))
    assert shown.tokens >= 3 * 308 * 252 / 784


def test_the_example_with_its_own_cues_reaches_the_prompt() -> None:
    cueset = extract(EXAMPLE)
    shown = pictures_of(cueset, SEES, MANNER)
    assert shown.notes == ()
    assert 4 <= len(shown.pictures) <= 8
    times_s = [picture.time_s for picture in shown.pictures]
    assert times_s == sorted(times_s)
    assert all(later - earlier > APART_S - 0.05 for earlier, later in pairwise(times_s))
    assert "scene.keyframe.1" in {picture.cue_id for picture in shown.pictures}
    assert any(abs(picture.time_s - cueset.cue("face1.AU12.1").apex_s) <= APART_S for picture in shown.pictures)
    content = render_messages(cueset, frames=shown.pictures).messages[1]["content"]
    assert [part["type"] for part in content].count("image_url") == len(shown.pictures)
    assert "[scene.keyframe.1]" in str([part for part in content if part["type"] == "text"][:-1])
    assert shown == pictures_of(cueset, SEES, MANNER)


def test_frames_that_several_moments_share_are_shown_once(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", moving(3), times_s=[0.0, 2.0, 4.0])
    cueset = known(path, event("AU12", 2.2), keyframe(1, 1.8), duration_s=4.0)
    shown = pictures_of(cueset, SEES, replace(MANNER, frames=4))
    assert [(picture.time_s, picture.cue_id) for picture in shown.pictures] == [
        (pytest.approx(2.0), "scene.keyframe.1"),
    ]


def test_a_picture_is_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(moving(1, (640, 480))[0]).save(path)
    cueset = known(path, keyframe(1, 0.0), event("AU12", None), duration_s=0.0)
    shown = pictures_of(cueset, SEES, MANNER)
    assert [(picture.time_s, picture.cue_id) for picture in shown.pictures] == [(0.0, "scene.keyframe.1")]


def test_a_video_of_one_frame_is_one_picture(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(1))
    assert len(pictures_of(known(path, duration_s=0.04), SEES, MANNER).pictures) == 1


def test_rotated_video_is_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(5, (320, 160)), rotation=90)
    (picture,) = pictures_of(known(path, duration_s=0.2), SEES, MANNER).pictures
    image = image_of(picture.url)
    assert image.height == pytest.approx(2 * image.width, rel=0.2)


def test_salient_events_come_before_weak_ones_and_blinks_never() -> None:
    cues = (
        event("AU12", 1.0, value=1.0),
        event("AU4", 2.0, value=5.0),
        event("AU45", 0.3, value=5.0),
        event("AU26", 0.6, value=5.0, marks=("during_speech",)),
        event("AU9", 1.5, value=5.0, state="absent"),
        event("loudness", 1.6, modality="voice"),
        event("nod", 3.0, value=4.0, modality="head", unit="deg", level="very_high"),
    )
    cueset = CueSet(clip=Clip(id="a", duration_s=3.2), cues=cues)
    assert set(times_of(cueset, 1)) < {2.0, 3.0}
    assert times_of(cueset, 2) == [2.0, 3.0]
    assert times_of(cueset, 3) == [1.0, 2.0, 3.0]
    assert times_of(cueset, 8) == [1.0, 2.0, 3.0]


def test_moments_are_apart() -> None:
    cues = [event("AU12", 1.0, 5.0), event("AU6", 1.2, 4.9), event("AU1", 1.29, 4.8), event("AU2", 1.31, 4.7)]
    assert times_of(CueSet(clip=Clip(id="a", duration_s=2.0), cues=tuple(cues))) == [1.0, 1.31]


def test_of_too_many_keyframes_the_most_expressive_are_shown() -> None:
    cues = [keyframe(n, float(n)) for n in range(10)] + [event("AU12", 7.0), event("AU4", 3.0)]
    assert times_of(CueSet(clip=Clip(id="a", duration_s=10.0), cues=tuple(cues)), 2) == [3.0, 7.0]


def test_long_clips_are_filled_evenly() -> None:
    assert times_of(CueSet(clip=Clip(id="a", duration_s=16.0)), 8) == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    assert times_of(CueSet(clip=Clip(id="a", duration_s=3600.0)), 3) == [900.0, 1800.0, 2700.0]
    assert times_of(CueSet(clip=Clip(id="a", duration_s=1.0)), 8) == [0.5]
    # The end is not known: the last cue is what there is.
    assert times_of(CueSet(clip=Clip(id="a"), cues=(event("AU12", 1.0),)), 8) == [1.0]
    assert times_of(CueSet(clip=Clip(id="a")), 8) == [0.0]


def fake_stills(width: int, height: int) -> Callable[..., tuple[Still, ...]]:
    def read(path: str, times_s: Sequence[float], *, max_pixels: int, multiple: int | None, sha256: str) -> Any:
        wide, high = fit_pixels(width, height, max_pixels, multiple)
        return tuple(
            Still(asked_s=time_s, time_s=time_s, width=wide, height=high, jpeg=b"%d %d" % (wide, high), sha256="")
            for time_s in times_s
        )

    return read


def size_of(url: str | None) -> tuple[int, int]:
    assert url is not None
    wide, high = base64.b64decode(url.partition(",")[2]).split()
    return int(wide), int(high)


@given(
    st.integers(0, 20),
    st.integers(1, 2_000_000),
    st.integers(0, 10_000),
    st.sampled_from([None, 196.0, 784.0, 1024.0, 1542.0]),
    st.integers(16, 3000),
    st.integers(16, 3000),
)
def test_the_budget_holds(
    frames: int, frame_pixels: int, frame_tokens: int, per_token: float | None, width: int, height: int
) -> None:
    able = Capabilities(pictures=True, pixels_per_token=per_token)
    manner = Manner(frames=frames, frame_pixels=frame_pixels, frame_tokens=frame_tokens)
    cueset = CueSet(clip=Clip(id="a", path=str(EXAMPLE), sha256="0", has_video=True, duration_s=100.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "read_stills", fake_stills(width, height))
        shown = pictures_of(cueset, able, manner)
    areas = [math.prod(size_of(picture.url)) for picture in shown.pictures]
    assert len(areas) <= frames
    assert all(area <= frame_pixels for area in areas)
    assert sum(math.ceil(area / (per_token or 784)) for area in areas) <= frame_tokens
    assert shown.tokens >= sum(area / (per_token or 784) for area in areas)
    assert bool(shown.notes) or len(areas) == frames
    # A budget for one small picture shows one.
    if frames and frame_pixels >= LEAST_PIXELS and frame_tokens * (per_token or 784) >= LEAST_PIXELS:
        assert areas


def test_pictures_become_smaller_before_they_become_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "read_stills", fake_stills(1280, 720))
    cueset = CueSet(clip=Clip(id="a", path=str(EXAMPLE), sha256="0", has_video=True, duration_s=100.0))

    def shown(frame_tokens: int) -> Shown:
        return pictures_of(cueset, SEES, replace(MANNER, frame_tokens=frame_tokens))

    roomy, tight, tighter, nothing = shown(4096), shown(500), shown(120), shown(20)
    assert [len(some.pictures) for some in (roomy, tight, tighter, nothing)] == [8, 8, 2, 0]
    assert size_of(roomy.pictures[0].url) == (840, 448)
    assert size_of(tight.pictures[0].url) == (280, 140)
    assert (roomy.notes, tight.notes) == ((), ())
    assert tighter.notes == ("the model is shown 2 of 8 moments: 120 tokens hold no more",)
    assert "20 tokens" in nothing.notes[0]


def test_sizes_are_multiples_of_what_makes_a_token(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(3, (322, 246)))
    for name, multiple in (("Qwen2.5-VL-7B", 28), ("Qwen3-VL-8B", 32)):
        able = family_of_name(name)
        assert able is not None
        (picture,) = pictures_of(known(path, duration_s=0.1), able, MANNER).pictures
        assert all(side % multiple == 0 for side in image_of(picture.url).size)
    (picture,) = pictures_of(known(path, duration_s=0.1), Capabilities(pictures=True), MANNER).pictures
    assert image_of(picture.url).size[0] % 28 == 0


def test_what_a_model_cannot_take_is_said(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(3))
    (note,) = pictures_of(known(path), BLIND, MANNER).notes
    assert note == "the model takes no pictures: what they show reaches it as cue text only"
    assert pictures_of(known(path), BLIND, MANNER).pictures == ()
    # Nothing to say where there is nothing to show, or nothing was asked for.
    assert pictures_of(known(path, has_video=False), BLIND, MANNER) == Shown()
    assert pictures_of(known(path, has_video=None), BLIND, MANNER) == Shown()
    assert pictures_of(known(path), BLIND, replace(MANNER, frames=0)) == Shown()
    assert pictures_of(known(path), SEES, replace(MANNER, frames=0)) == Shown()


def test_sound_alone_needs_no_note(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1.0))
    assert pictures_of(known(path, has_video=False), SEES, MANNER) == Shown()
    assert pictures_of(known(path, has_video=None), SEES, MANNER) == Shown()


def test_media_that_is_not_there_or_not_the_same_is_said(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(3))
    cueset = known(path)
    assert "only its cues are known" in _note(replace(cueset, clip=replace(cueset.clip, path=None)))
    assert "not its sha256" in _note(replace(cueset, clip=replace(cueset.clip, sha256=None)))
    assert "has changed" in _note(replace(cueset, clip=replace(cueset.clip, sha256="0" * 64)))
    path.unlink()
    assert "a.mp4 is not where" in _note(cueset)
    gone = replace(cueset.clip, path=None, has_video=None)
    assert pictures_of(replace(cueset, clip=gone), SEES, MANNER) == Shown()


def _note(cueset: CueSet) -> str:
    shown = pictures_of(cueset, SEES, MANNER)
    assert shown.pictures == ()
    (note,) = shown.notes
    return note


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_files_are_notes(name: str, tmp_path: Path) -> None:
    path = REFUSED[name](tmp_path)
    shown = pictures_of(known(path), SEES, MANNER)
    assert shown.pictures == ()
    assert all(note and "\n" not in note for note in shown.notes)


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_give_pictures_or_a_note(name: str, tmp_path: Path) -> None:
    shown = pictures_of(known(DAMAGED[name](tmp_path)), SEES, MANNER)
    assert all(image_of(picture.url).size for picture in shown.pictures)
    assert all(note and "\n" not in note for note in shown.notes)


def test_odd_cues_break_nothing(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(10))
    odd = (math.nan, math.inf, -math.inf, -5.0, 1e300)
    cues = tuple(
        cue
        for number, value in enumerate(odd)
        for cue in (
            keyframe(number, value),
            event("AU12", value),
            event(f"AU{number}", None, start_s=value, end_s=value),
        )
    )
    for duration_s in (0.4, None, math.nan, math.inf, -1.0, 1e12):
        shown = pictures_of(known(path, *cues, duration_s=duration_s), SEES, MANNER)  # type: ignore[arg-type]
        assert shown.pictures
        assert shown.notes == ()
