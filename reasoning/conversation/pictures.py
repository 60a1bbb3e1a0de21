"""Which moments of a clip a model is shown, and the pictures of them, within its budget of pixels and tokens."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ...cues.stills import Still, read_stills
from ...errors import MediaError
from ...prompts.render import Picture
from ...prompts.salience import by_salience, strength
from ...records import Cue, CueSet
from .capabilities import Capabilities
from .manner import Manner
from .media import media_file

#: Moments closer together than this show the same.
APART_S: Final = 0.3
#: Longer stretches without a picture get one in their middle, as long as there are any left.
_STRETCH_S: Final = 2.0
#: Smaller pictures show too little of a face; then rather fewer of them.
LEAST_PIXELS: Final = 200 * 200
#: Pixels for one token of a model about which nothing is known: as in Qwen2-VL.
_PIXELS_PER_TOKEN: Final = 28.0 * 28.0
#: Some processors enlarge what would take fewer tokens (Qwen3-VL: 65,536 pixels).
_LEAST_TOKENS: Final = 64
#: A picture's caption, and what marks where it begins and ends.
_CAPTION_TOKENS: Final = 32
#: What a picture may show.
_SEEN: Final = ("face", "head", "gaze", "body")
#: A picture at the height of these shows closed eyes or a mouth forming a sound.
_POOR_CODES: Final = ("AU45", "blink")
_POOR_MARK: Final = "during_speech"
_BLIND: Final = "the model takes no pictures: what they show reaches it as cue text only"
_NOT_SHOWN: Final = "the model is shown no picture of the clip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a model is shown of a clip.

    Attributes
    ----------
    pictures : tuple of Picture
        In order of time; JPEG in data URLs.
    tokens : int
        What they take of the model's context, their captions included; rather too high than too low.
    notes : tuple of str
        What is not shown, and why.
    """

    pictures: tuple[Picture, ...] = ()
    tokens: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a clip, and the keyframe cue that marks it, if one does."""

    time_s: float
    cue_id: str | None = None


def pictures_of(cueset: CueSet, able: Capabilities, manner: "Manner") -> Shown:
    """Take pictures of the moments of a clip that say most, as many and as large as the budget allows.

    Parameters
    ----------
    cueset : CueSet
        Says where the clip is, by its sha256 that it is the same still, and which moments matter.
    able : Capabilities
        Of the model: whether it takes pictures, and how many pixels it takes for a token.
    manner : Manner
        ``frames``, ``frame_pixels`` and ``frame_tokens``. Where they do not go together, pictures become smaller, down
        to 200 x 200 pixels, and then fewer.

    Returns
    -------
    Shown
        Nothing is raised for what is wrong with the file: a note says it.
    """
    clip = cueset.clip
    if manner.frames < 1 or clip.has_video is False:
        return Shown()
    if not able.pictures:
        return Shown(notes=(_BLIND,) if clip.has_video else ())
    path, note = media_file(clip, _NOT_SHOWN)
    if path is None:
        return Shown(notes=(note,) if clip.has_video else ())
    per_token = able.pixels_per_token or _PIXELS_PER_TOKEN
    moments, pixels, notes = _within_budget(cueset, per_token, manner)
    if not moments:
        return Shown(notes=notes)
    try:
        stills = read_stills(
            path,
            [moment.time_s for moment in moments],
            max_pixels=pixels,
            multiple=_multiple(per_token),
            sha256=clip.sha256,
        )
    except MediaError as error:
        return Shown(notes=(f"{_NOT_SHOWN}: {error}",))
    return _shown(stills, moments, per_token, notes)


def _within_budget(cueset: CueSet, per_token: float, manner: "Manner") -> tuple[list[Moment], int, tuple[str, ...]]:
    """Moments to show, most pixels of each, and what must be said about it."""
    # One token at least: no picture is smaller than what makes one.
    least = max(min(LEAST_PIXELS, manner.frame_pixels), per_token)
    most = int(manner.frame_tokens * per_token // least) if manner.frame_pixels >= per_token else 0
    moments = moments_of(cueset, manner.frames)
    if most < 1:
        return [], 0, (f"{_NOT_SHOWN}: {manner.frame_tokens} tokens and {manner.frame_pixels} pixels hold none",)
    notes: tuple[str, ...] = ()
    if len(moments) > most:
        notes = (f"the model is shown {most} of {len(moments)} moments: {manner.frame_tokens} tokens hold no more",)
        moments = moments_of(cueset, most)
    tokens_each = manner.frame_tokens // len(moments)
    return moments, min(manner.frame_pixels, int(tokens_each * per_token)), notes


def _multiple(per_token: float) -> int | None:
    """Side of the block of pixels that makes a token, when it is a square of whole pixels."""
    side = math.isqrt(int(per_token))
    return side if side * side == per_token and side > 1 else None


def _shown(stills: Sequence[Still], moments: Sequence[Moment], per_token: float, notes: tuple[str, ...]) -> Shown:
    """Pictures of different frames, each with the cue of the moment it was taken for."""
    taken: dict[float, tuple[Still, str | None]] = {}
    for still, moment in zip(stills, moments, strict=bool(stills)):
        _, known = taken.get(still.time_s, (still, None))
        taken[still.time_s] = still, known or moment.cue_id
    ordered = [taken[time_s] for time_s in sorted(taken)]
    return Shown(
        pictures=tuple(
            Picture(time_s=still.time_s, url=_data_url(still.jpeg), cue_id=cue_id) for still, cue_id in ordered
        ),
        tokens=sum(_tokens(still, per_token) for still, _ in ordered),
        notes=notes,
    )


def _tokens(still: Still, per_token: float) -> int:
    return max(_LEAST_TOKENS, math.ceil(still.width * still.height / per_token)) + _CAPTION_TOKENS


def _data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def moments_of(cueset: CueSet, most: int) -> list[Moment]:
    """Choose the moments that say most about a clip, in order of time, at least 0.3 s apart.

    Keyframes come first (the most expressive ones, if there are too many), then the heights of the most salient events
    of face, head, gaze and body, then the middles of the longest stretches without any. Blinks, and movements of a
    mouth that speaks, are passed over. A picture has one moment.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue, CueSet
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, start_s=0.5, apex_s=1.0, end_s=2.0)
    >>> frame = Cue(id="scene.keyframe.1", modality="scene", code="keyframe", start_s=0.25, end_s=0.25)
    >>> cueset = CueSet(clip=Clip(id="a", duration_s=6.0), cues=(smile, frame))
    >>> [(moment.time_s, moment.cue_id) for moment in moments_of(cueset, 3)]
    [(0.25, 'scene.keyframe.1'), (1.0, None), (3.5, None)]
    """
    keyframes = [cue for cue in cueset.cues if cue.modality == "scene" and cue.code == "keyframe" and _is_there(cue)]
    last_s = _last_s(cueset)
    if last_s == 0.0:
        return [Moment(0.0, keyframes[0].id if keyframes else None)]
    events = [cue for cue in by_salience(cueset.cues) if _shows_something(cue)]
    chosen: list[Moment] = []
    candidates = [(cue.start_s, cue.id) for cue in sorted(keyframes, key=lambda cue: -_effort(events, cue.start_s))]
    for time_s, cue_id in [*candidates, *((_height_s(cue), None) for cue in events)]:
        if len(chosen) < most and time_s is not None and 0.0 <= time_s <= last_s and _is_apart(time_s, chosen):
            chosen.append(Moment(time_s, cue_id))
    return sorted(_filled(chosen, most, last_s), key=lambda moment: moment.time_s)


def _is_there(cue: Cue) -> bool:
    return cue.state == "present" and cue.start_s is not None


def _shows_something(cue: Cue) -> bool:
    poor = cue.code in _POOR_CODES or _POOR_MARK in cue.marks
    return cue.modality in _SEEN and cue.state == "present" and not poor


def _last_s(cueset: CueSet) -> float:
    """Where the clip ends, or, if that is not known, its last cue; 0 for a picture."""
    duration_s = cueset.clip.duration_s
    if duration_s is not None and math.isfinite(duration_s):
        return max(0.0, duration_s)
    return max((cue.end_s for cue in cueset.cues if cue.end_s is not None and math.isfinite(cue.end_s)), default=0.0)


def _height_s(cue: Cue) -> float | None:
    """Moment at which an event is strongest; its middle where that is not known."""
    if cue.apex_s is not None or cue.start_s is None or cue.end_s is None:
        return cue.apex_s
    return (cue.start_s + cue.end_s) / 2


def _effort(events: Sequence[Cue], time_s: float | None) -> float:
    """How much goes on at a moment."""
    return sum(
        strength(cue)
        for cue in events
        if time_s is not None
        and cue.start_s is not None
        and cue.end_s is not None
        and cue.start_s <= time_s <= cue.end_s
    )


def _is_apart(time_s: float, chosen: Sequence[Moment]) -> bool:
    return all(abs(time_s - moment.time_s) >= APART_S for moment in chosen)


def _filled(chosen: list[Moment], most: int, last_s: float) -> list[Moment]:
    """Moments with others in the middle of the longest stretches between them; one at least."""
    filled = chosen or [Moment(last_s / 2)]
    while len(filled) < most:
        edges = sorted({0.0, *(moment.time_s for moment in filled), last_s})
        start_s, end_s = max(pairwise(edges), key=lambda stretch: stretch[1] - stretch[0])
        if end_s - start_s <= _STRETCH_S:
            break
        filled = [*filled, Moment((start_s + end_s) / 2)]
    return filled
