"""An explained clip for tests of its page: hand-written cues on the bytes of ``examples/clip.mp4``, no model needed."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import cv2

from emoreason.records import Claim, Clip, Cue, CueSet, Curve, EmotionProbability, Explanation, Gap
from emoreason.records.explanation import Alternative
from emoreason.report.clip.illustration import FaceArea, Illustration, Keyframe, Media, Region

CLIP = Path(__file__).parents[2] / "examples" / "clip.mp4"
LENGTH_S = 7.0
FPS = 25.0
SAID = "Oh! How wonderful."
BROWS, SMILE, LIPS = "face1.AU1.1", "face1.AU12.1", "face1.AU25.1"


def au(code: str, start_s: float, end_s: float, value: float = 2.0, **more) -> Cue:
    """An action unit with its apex in the middle."""
    return Cue(
        id=f"face1.{code}.1", modality="face", code=code, value=value, unit="0-5", level="moderately",
        start_s=start_s, end_s=end_s, apex_s=(start_s + end_s) / 2, subject="face1", confidence=0.8,
        source="emoreason.face/1", **more,
    )  # fmt: skip


def cueset(**changes) -> CueSet:
    """Events of every modality, absent and unknown ones, a gap of a part and one of the whole."""
    voice = {"modality": "voice", "start_s": 1.6, "end_s": 5.1, "source": "emoreason.voice/1"}
    cues = (
        au("AU1", 1.24, 2.68, 2.6),
        au("AU12", 1.52, 5.96),
        au("AU25", 1.6, 1.8, 0.6, marks=("during_speech",)),
        Cue(id="face1.AU4.1", modality="face", code="AU4", state="absent", subject="face1", start_s=0.0, end_s=6.9),
        Cue(id="face1.AU10.1", modality="face", code="AU10", state="unknown", subject="face1"),
        Cue(id="voice.f0_mean.1", code="f0_mean", value=231.0, unit="Hz", marks=("pooled_norm",), **voice),
        Cue(id="voice.jitter.1", code="jitter", value=0.97, unit="%", **voice),
        Cue(id="speech.utterance.1", modality="speech", code="utterance", text=SAID, start_s=1.6, end_s=5.4),
        Cue(id="scene.shot.1", modality="scene", code="shot", start_s=0.0, end_s=7.0),
        Cue(id="scene.keyframe.1", modality="scene", code="keyframe", start_s=2.08, end_s=2.08),
    )  # fmt: skip
    gaps = (
        Gap(modality="face", reason="left_frame", start_s=6.0, end_s=6.5, subject="face1"),
        Gap(modality="physiology", reason="not_requested", detail="No extractor was asked for it."),
    )
    clip = Clip(id="holiday/clip.mp4", sha256="ab" * 32, duration_s=LENGTH_S, fps=FPS, has_video=True, has_audio=True)
    return replace(CueSet(clip=clip, cues=cues, gaps=gaps), **changes)


def curves() -> tuple[Curve, ...]:
    """Intensities of two action units, head pose, pitch with unvoiced stretches."""
    times_s = tuple(n / FPS for n in range(175))

    def bump(start_s: float, end_s: float, peak: float) -> tuple[float, ...]:
        inside = [(t - start_s) / (end_s - start_s) for t in times_s]
        return tuple(peak * math.sin(math.pi * share) if 0 < share < 1 else 0.0 for share in inside)

    face = {"modality": "face", "unit": "0-5", "subject": "face1", "times_s": times_s}
    pitch = tuple(220.0 + 20 * math.sin(t) if 1.6 < t < 5.1 and t % 1 > 0.2 else None for t in times_s)
    return (
        Curve(code="AU1", values=bump(1.24, 2.68, 2.6), **face),
        Curve(code="AU12", values=bump(1.52, 5.96, 2.0), **face),
        Curve(code="AU4", values=bump(0, 7, 0.01), **face),
        Curve(modality="head", code="yaw", unit="deg", subject="face1", times_s=times_s, values=bump(0, 7, -4.0)),
        Curve(modality="voice", code="f0", unit="Hz", times_s=times_s, values=pitch),
    )


def explanation(**changes) -> Explanation:
    """Four claims: two observations, one absence, one that puts two cues together."""
    together = "The raised brows and the smile come together."
    claims = (
        Claim(sentence=f"The inner brows rise [{BROWS}].", cue_ids=(BROWS,), start_s=1.24, end_s=2.68),
        Claim(sentence=f"The lip corners are drawn up [{SMILE}].", cue_ids=(SMILE,), start_s=1.52, end_s=5.96),
        Claim(sentence="The brows are not lowered [face1.AU4.1].", cue_ids=("face1.AU4.1",), polarity="negated",
              start_s=0.0, end_s=6.9),
        Claim(sentence=together, cue_ids=(BROWS, SMILE), start_s=1.24, end_s=5.96),
    )  # fmt: skip
    shares = (0.45, 0.02, 0.03, 0.05, 0.35, 0.04, 0.06)
    names = ("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
    return replace(
        Explanation(
            clip="holiday/clip.mp4",
            labels=("happy", "amazed"),
            label_cues={"happy": (SMILE,), "amazed": (BROWS, SMILE)},
            emotions=tuple(map(EmotionProbability, names, shares)),
            compounds=(EmotionProbability("happily surprised", 0.4),),
            valence=0.42,
            arousal=0.51,
            claims=claims,
            interpretation=f"{together} Nothing else fits as well.",
            alternatives=(Alternative("fear", "the brows alone would fit"),),
            reasoning="Observations:\n- The inner brows rise.\nConclusion:\n- happy",
            engine="scripted",
            model="none",
            prompt_version="explain/1",
            notes=("One sentence was left out.",),
        ),
        **changes,
    )


@cache
def illustration() -> Illustration:
    """The example clip's bytes, one keyframe with two regions, a waveform."""
    with av.open(str(CLIP)) as container:
        frame = next(frame for frame in container.decode(video=0) if frame.time >= 2.08)
    picture = frame.to_ndarray(format="bgr24")
    height, width = picture.shape[:2]
    encoded = cv2.imencode(".jpg", picture)[1].tobytes()
    square = ((0.4, 0.2), (0.5, 0.2), (0.5, 0.3), (0.4, 0.3))
    regions = (
        Region(cue_id=BROWS, code="AU1", subject="face1", outlines=(square,)),
        Region(cue_id=SMILE, code="AU12", subject="face1", outlines=(square, square)),
    )
    keyframe = Keyframe(
        time_s=2.08, mime="image/jpeg", data=encoded, width=width, height=height,
        faces=(FaceArea(subject="face1", box=(0.3, 0.1, 0.7, 0.8)),), regions=regions,
    )  # fmt: skip
    media = Media(kind="video", mime="video/mp4", data=CLIP.read_bytes(), width=width, height=height)
    peaks = tuple((-abs(math.sin(n / 9)), abs(math.sin(n / 9))) for n in range(400))
    return Illustration(media=media, keyframes=(keyframe,), peaks=peaks)


def hour() -> tuple[Explanation, CueSet, tuple[Curve, ...]]:
    """One hour with four people: some 25,000 cues, 360,000 samples of pitch, intensities at 12 a second."""
    clip = Clip(id="session.mkv", duration_s=3600.0, fps=25.0, has_video=True, has_audio=True)
    codes = ("AU1", "AU2", "AU4", "AU6", "AU12", "AU15", "AU25", "AU26", "AU45")
    cues = [
        replace(
            au(code, 5.0 * n + 0.01 * number, 5.0 * n + 0.5 + 0.03 * (n % 90), 0.5 + n % 4),
            id=f"face{person}.{code}.{n + 1}", subject=f"face{person}",
        )
        for person in range(1, 5) for number, code in enumerate(codes) for n in range(700)
    ]  # fmt: skip
    cues += [
        Cue(id=f"speech.utterance.{n + 1}", modality="speech", code="utterance", start_s=4.0 * n, end_s=4.0 * n + 3,
            text="And then we went all the way back to the house by the lake, the two of us.")
        for n in range(900)
    ]  # fmt: skip
    times_s = tuple(n / 12 for n in range(43_200))
    drawn = [
        Curve(modality="face", code=code, unit="0-5", subject=f"face{person}", times_s=times_s,
              values=tuple(abs(math.sin(t * (number + 2) / 7)) * 3 for t in times_s))
        for person in range(1, 5) for number, code in enumerate(codes)
    ]  # fmt: skip
    fine_s = tuple(n / 100 for n in range(360_000))
    pitch = tuple(None if int(t) % 3 == 0 else 200 + 40 * math.sin(3 * t) for t in fine_s)
    drawn.append(Curve(modality="voice", code="f0", unit="Hz", times_s=fine_s, values=pitch))
    cited = [cues[n * 97] for n in range(60)]
    claims = tuple(
        Claim(sentence=f"Something moves [{cue.id}].", cue_ids=(cue.id,), start_s=cue.start_s, end_s=cue.end_s)
        for cue in cited
    )
    told = explanation(claims=claims, interpretation=None, label_cues=None, clip=clip.id)
    return told, CueSet(clip=clip, cues=tuple(cues)), tuple(drawn)
