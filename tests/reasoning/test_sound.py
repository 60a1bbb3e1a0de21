"""The sound of a clip for a model that listens, and what is said where it does not or cannot."""

import base64
import hashlib
import io
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from malformed_files import DAMAGED, REFUSED
from media_files import moving, tone, write_sound, write_video, write_wav

from emoreason.reasoning.conversation import Capabilities, Manner
from emoreason.reasoning.conversation.sound import Heard, sound_of
from emoreason.records import Clip, CueSet

EXAMPLE = Path(__file__).parents[2] / "examples" / "clip.mp4"
HEARS = Capabilities(family="qwen3-omni", pictures=True, sound=True)
DEAF = Capabilities(family="qwen3-vl", pictures=True)
MANNER = Manner()


def known(path: Path, **facts: Any) -> CueSet:
    facts = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "has_audio": True} | facts
    return CueSet(clip=Clip(id="a", path=str(path), **facts))


def seconds_of(heard: Heard) -> float:
    assert heard.part is not None
    assert heard.part["type"] == "input_audio"
    assert heard.part["input_audio"]["format"] == "wav"
    with wave.open(io.BytesIO(base64.b64decode(heard.part["input_audio"]["data"], validate=True))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return file.getnframes() / 16_000


def test_a_model_that_listens_is_given_the_sound() -> None:
    heard = sound_of(known(EXAMPLE), HEARS, MANNER)
    assert seconds_of(heard) == pytest.approx(7.05, abs=0.05)
    assert 7.05 * 25 <= heard.tokens <= 7.05 * 25 + 10
    assert heard.notes == ()
    assert heard == sound_of(known(EXAMPLE), HEARS, MANNER)


def test_a_long_sound_is_cut_and_it_is_said(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", np.zeros((1, 8_000 * 320), np.int16), 8_000)
    heard = sound_of(known(path), HEARS, MANNER)
    assert seconds_of(heard) == 300.0
    assert heard.notes == ("the model hears the first 300 of 320 s of sound",)


def test_what_a_model_cannot_hear_is_said() -> None:
    assert sound_of(known(EXAMPLE), DEAF, MANNER) == Heard(
        notes=("the model takes no sound: the voice reaches it as cue text only",)
    )
    assert sound_of(known(EXAMPLE, has_audio=None), DEAF, MANNER) == Heard()
    assert sound_of(known(EXAMPLE, has_audio=False), DEAF, MANNER) == Heard()
    assert sound_of(known(EXAMPLE), DEAF, replace(MANNER, sound=False)) == Heard()
    assert sound_of(known(EXAMPLE), HEARS, replace(MANNER, sound=False)) == Heard()


def test_silent_clips_need_no_note(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(3))
    assert sound_of(known(path, has_audio=False), HEARS, MANNER) == Heard()
    assert sound_of(known(path, has_audio=None), HEARS, MANNER) == Heard()


def test_media_that_is_not_there_or_not_the_same_is_said(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(0.5))
    cueset = known(path)
    for facts, said in (
        ({"path": None}, "only its cues are known"),
        ({"sha256": None}, "not its sha256"),
        ({"sha256": "0" * 64}, "has changed"),
        ({"path": str(tmp_path / "b.wav")}, "b.wav is not where"),
    ):
        heard = sound_of(replace(cueset, clip=replace(cueset.clip, **facts)), HEARS, MANNER)  # type: ignore[arg-type]
        assert heard.part is None
        assert said in heard.notes[0]


@pytest.mark.parametrize("name", [*REFUSED, *DAMAGED])
def test_hostile_files_are_heard_or_noted(name: str, tmp_path: Path) -> None:
    path = (REFUSED | DAMAGED)[name](tmp_path)
    readable = path.is_file() and path.stat().st_size < 1 << 24
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if readable else "0" * 64
    heard = sound_of(CueSet(clip=Clip(id="a", path=str(path), sha256=digest, has_audio=True)), HEARS, MANNER)
    assert heard.part is None or seconds_of(heard) > 0
    assert all(note and "\n" not in note for note in heard.notes)
    assert heard.part is None or name in DAMAGED
