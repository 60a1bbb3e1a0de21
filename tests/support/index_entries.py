"""Rows of an index as many clips would give them: mixed emotions, gaps, recordings, pictures, abstentions."""

import random

import cv2
import numpy as np

from emoreason.records import Claim, Clip, CueSet, EmotionProbability, Explanation, Gap
from emoreason.records.labels import EMOTIONS
from emoreason.report.clip.illustration import Illustration, Keyframe
from emoreason.report.index import Entry, entry_of

GAPS = (
    Gap(modality="voice", reason="no_audio_track"),
    Gap(modality="speech", reason="no_transcript"),
    Gap(modality="face", reason="low_light", start_s=1.0, end_s=2.0, subject="face1"),
)


def picture(number: int, width: int = 320, height: int = 180) -> Keyframe:
    """A plain picture of a colour of its own, as a keyframe."""
    pixels = np.full((height, width, 3), (number * 37 % 256, number * 91 % 256, 128), np.uint8)
    data = cv2.imencode(".webp", pixels)[1].tobytes()
    return Keyframe(time_s=0.5, mime="image/webp", data=data, width=width, height=height)


def explained(clip: str, top: str = "happiness", share: float = 0.7, **fields: object) -> Explanation:
    """Explanation in which one emotion has that share and the others have the rest in equal parts."""
    rest = (1 - share) / (len(EMOTIONS) - 1)
    emotions = tuple(EmotionProbability(name, share if name == top else rest) for name in EMOTIONS)
    fields = {"labels": ("glad",), "valence": 0.4, "arousal": 0.2, "engine": "scripted"} | fields
    return Explanation(clip=clip, emotions=emotions, **fields)


def entry(
    clip: str, top: str = "happiness", share: float = 0.7, *, sound_only: bool = False, **fields: object
) -> Entry:
    """Row of an explained clip with a page."""
    cueset = CueSet(clip=Clip(id=clip, duration_s=2.0, has_video=not sound_only, has_audio=True))
    shown = picture(len(clip), 128, 72)
    pictures = Illustration(keyframes=(shown,), thumbnail=shown.data)
    seen = Illustration(peaks=((-0.5, 0.5),) * 200) if sound_only else pictures
    return entry_of(explained(clip, top, share, **fields), cueset, seen, f"pages/{abs(hash(clip))}.html")


def entries(number: int, seed: int = 7) -> list[Entry]:
    """Return that many rows, the same for the same seed."""
    chance = random.Random(seed)
    return [
        entry(
            f"session {place % 7}/take-{place}.mp4",
            EMOTIONS[place % len(EMOTIONS)],
            round(chance.uniform(0.3, 0.95), 2),
            sound_only=place % 9 == 8,
            valence=round(chance.uniform(-0.9, 0.9), 2),
            arousal=round(chance.uniform(-0.6, 0.9), 2),
            abstained=place % 11 == 10,
            abstain_reason="two weak cues only" if place % 11 == 10 else None,
            claims=(Claim(sentence="It is seen."),) * (place % 5),
            gaps=tuple(chance.sample(GAPS, place % 3)),
        )
        for place in range(number)
    ]
