"""The sound of a clip as a part of a message, for models that listen."""

import base64
import math
from dataclasses import dataclass
from typing import Any, Final

from ...cues.stills import LONGEST_SOUND_S, Recording, read_wav
from ...errors import MediaError
from ...records import CueSet
from .capabilities import Capabilities
from .manner import Manner
from .media import media_file

#: Qwen2.5-Omni and Qwen2-Audio take 25 tokens for a second, Qwen3-Omni 13, which is the most and the least in use.
_TOKENS_PER_S: Final = 25.0
#: What marks where the sound begins and ends.
_MARKS: Final = 2
_DEAF: Final = "the model takes no sound: the voice reaches it as cue text only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a model hears of a clip.

    Attributes
    ----------
    part : dict or None
        ``input_audio`` part of an OpenAI message: WAV, 16 kHz, mono; None when there is nothing to hear.
    tokens : int
        What it takes of the model's context; rather too high than too low.
    notes : tuple of str
        What is not heard, and why.
    """

    part: dict[str, Any] | None = None
    tokens: int = 0
    notes: tuple[str, ...] = ()


def sound_of(cueset: CueSet, able: Capabilities, manner: "Manner") -> Heard:
    """Take the sound of a clip, if it has any and the model takes it.

    Parameters
    ----------
    cueset : CueSet
        Says where the clip is, and by its sha256 that it is the same still.
    able : Capabilities
        Of the model.
    manner : Manner
        ``sound`` False takes none.

    Returns
    -------
    Heard
        At most the first five minutes. Nothing is raised for what is wrong with the file: a note says it.
    """
    clip = cueset.clip
    if not manner.sound or clip.has_audio is False:
        return Heard()
    if not able.sound:
        return Heard(notes=(_DEAF,) if clip.has_audio else ())
    path, note = media_file(clip, "the sound of the clip is not given to the model")
    if path is None:
        return Heard(notes=(note,) if clip.has_audio else ())
    try:
        recording = read_wav(path, sha256=clip.sha256)
    except MediaError as error:
        return Heard(notes=(f"the sound of the clip is not given to the model: {error}",))
    return Heard() if recording is None else _part(recording)


def _part(recording: Recording) -> Heard:
    data = base64.b64encode(recording.wav).decode("ascii")
    cut = recording.full_s > recording.duration_s
    note = f"the model hears the first {LONGEST_SOUND_S:g} of {recording.full_s:.0f} s of sound"
    return Heard(
        part={"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        tokens=math.ceil(recording.duration_s * _TOKENS_PER_S) + _MARKS,
        notes=(note,) if cut else (),
    )
