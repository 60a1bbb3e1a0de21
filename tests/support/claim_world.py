"""Drawn worlds: random but plausible CueSets, from which claims with a known verdict are made.

Codes, units, levels, directions, marks and ids are those of this package's extractors. Actions that one ordinary
phrase would name together (both brow raisers) are drawn together, so that a phrase has one truth. Events lie well
inside a third of the clip or span most of it, so that "at the beginning" has one truth.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from emoreason.cues.face.report import level_of as intensity_word
from emoreason.cues.scene import level_of as scene_word
from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.records.labels import State

FACE, VOICE, SCENE = "emoreason.face/1", "emoreason.voice/1", "emoreason.scene/1"

#: Action units drawn together, because ordinary words do not tell them apart.
GROUPS = (
    ("AU1", "AU2"), ("AU4",), ("AU5",), ("AU6",), ("AU7",), ("AU9",), ("AU10",), ("AU12",), ("AU14",), ("AU15",),
    ("AU17",), ("AU18",), ("AU20",), ("AU23", "AU24"), ("AU25", "AU26"), ("AU43",), ("AU45",),
)  # fmt: skip
SIDED = frozenset({"AU1", "AU2", "AU6", "AU10", "AU12", "AU14", "AU15"})
#: Seen or not, without timing or intensity, as the extractor says it of them.
PRESENCE_ONLY = frozenset({"AU4"})
#: Actions that exclude each other on one face here: who smiles does not pull the lip corners down.
EXCLUDES = {"AU15": "AU12", "AU18": "AU20", "AU23": "AU25", "AU43": "AU45"}

#: Peak intensities, one range per level word.
PEAKS = ((0.05, 0.17), (0.3, 0.9), (1.15, 2.3), (2.7, 4.6), (5.0, 5.0))
WORDS = ("very_low", "low", "normal", "high", "very_high")

#: Measure -> unit and one typical value per level word; None: the extractor gives no word without a baseline.
MEASURES: dict[str, tuple[str, tuple[float, ...], bool]] = {
    "f0_mean": ("Hz", (88.0, 118.0, 175.0, 236.0, 287.0), True),
    "f0_sd": ("Hz", (7.0, 15.0, 28.0, 52.0, 71.0), True),
    "loudness": ("dB", (-38.0, -31.0, -24.0, -17.0, -11.0), False),
    "speech_rate": ("syll/s", (1.9, 2.9, 4.3, 5.9, 7.4), False),
    "pause_mean": ("s", (0.22, 0.3, 0.48, 0.82, 1.35), False),
    "jitter": ("%", (0.35, 0.6, 1.1, 2.2, 3.4), False),
    "hnr": ("dB", (4.0, 8.0, 13.0, 19.0, 24.0), False),
}

UTTERANCES = {
    "en": (
        "I told you I would be late tonight.", "How wonderful to see you again.", "Please close the window.",
        "We finally got the house.", "Where did you put my keys?", "That was my last train.",
    ),
    "zh": (
        "我今天晚上会晚一点回来。", "好久不见，你最近怎么样？", "请把窗户关上。",
        "我们终于买到房子了。", "你把我的钥匙放哪儿了？", "那是最后一班火车。",
    ),
}  # fmt: skip
#: Scene sentences as a captioner writes them.
DESCRIPTIONS = {
    "en": ("A woman sits at a kitchen table.", "A man stands beside a red car.", "Two people talk in an office."),
    "zh": ("一位女士坐在厨房的桌子旁。", "一名男子站在一辆红色汽车旁边。", "两个人在办公室里交谈。"),
}


def draw_world(seed: int) -> CueSet:
    """CueSet of one drawn clip of 9 to 15 s with one or two faces; the same seed gives the same clip."""
    rng = random.Random(seed)
    duration_s = round(rng.uniform(9.0, 15.0), 1)
    clip = Clip(id=f"drawn/{seed}.mp4", duration_s=duration_s, fps=25.0, has_video=True, has_audio=True)
    people = ["face1"] if rng.random() < 0.6 else ["face1", "face2"]
    gaps: list[Gap] = []
    cues: list[Cue] = []
    if rng.random() < 0.06:
        people = []
        gaps += [Gap(modality="face", reason="no_face"), Gap(modality="head", reason="no_face")]
        gaps.append(Gap(modality="gaze", reason="no_face"))
    for person in people:
        hidden = (round(duration_s / 3 + 0.4, 2), round(2 * duration_s / 3 - 0.4, 2)) if rng.random() < 0.2 else None
        if hidden is not None:
            gaps += [
                Gap(modality=m, reason="occluded", start_s=hidden[0], end_s=hidden[1], subject=person)
                for m in ("face", "head", "gaze")
            ]
        cues += _face(rng, person, duration_s, hidden is not None)
        cues += _orientation(rng, person, duration_s, hidden is not None)
    cues += _scene(rng, duration_s, len(people))
    sound = rng.random()
    if sound < 0.15:
        gaps += [Gap(modality="voice", reason="no_audio_track"), Gap(modality="speech", reason="no_audio_track")]
        clip = replace(clip, has_audio=False)
    else:
        cues += _voice(rng, duration_s)
        if sound < 0.45:
            gaps.append(Gap(modality="speech", reason="no_transcript"))
        else:
            text = rng.choice(UTTERANCES[rng.choice(("en", "zh"))])
            cues.append(
                Cue(id="speech.utterance.1", modality="speech", code="utterance", text=text, start_s=1.6, end_s=4.4)
            )
            clip = replace(clip, transcript=text)
    gaps.append(Gap(modality="body", reason="not_requested"))
    return CueSet(clip=clip, cues=tuple(sorted(cues, key=lambda cue: (cue.start_s or 0.0, cue.id))), gaps=tuple(gaps))


def third(duration_s: float, number: int) -> tuple[float, float]:
    """Where an event of the first (0), middle (1) or last (2) third may lie: clear of the borders by 0.7 s."""
    return number * duration_s / 3 + 0.7, (number + 1) * duration_s / 3 - 0.7


def _span(rng: random.Random, duration_s: float, hidden: bool) -> tuple[float, float]:
    if not hidden and rng.random() < 0.15:
        return 0.8, round(duration_s - 0.8, 2)
    low, high = third(duration_s, rng.choice((0, 2) if hidden else (0, 1, 2)))
    start_s = rng.uniform(low, high - 0.6)
    return round(start_s, 2), round(rng.uniform(start_s + 0.4, high), 2)


def _face(rng: random.Random, person: str, duration_s: float, hidden: bool) -> Iterator[Cue]:
    states: dict[str, State] = {}
    for group in GROUPS:
        state: State = rng.choices(("present", "absent", "unknown"), (45, 40, 15))[0]
        if state == "present" and states.get(EXCLUDES.get(group[0], ""), "absent") != "absent":
            state = "absent"
        states |= dict.fromkeys(group, state)
        span = (0.0, duration_s) if state != "present" or group[0] in PRESENCE_ONLY else _span(rng, duration_s, hidden)
        step = rng.choices(range(5), (10, 30, 25, 30, 5))[0]
        side = rng.choice(("left", "right")) if group[0] in SIDED and rng.random() < 0.3 else None
        for code in group:
            cue = Cue(
                id=f"{person}.{code}.1", modality="face", code=code, state=state, start_s=span[0], end_s=span[1],
                subject=person, source=FACE, confidence=None if state == "unknown" else round(rng.uniform(0.4, 0.9), 2),
            )  # fmt: skip
            if code in PRESENCE_ONLY:
                cue = replace(cue, marks=("low_confidence", "presence_only"))
            elif state == "present":
                value = round(rng.uniform(*PEAKS[step]), 2)
                apex_s = round(rng.uniform(*span), 2)
                cue = replace(cue, value=value, unit="0-5", level=intensity_word(value), side=side, apex_s=apex_s)
            yield cue


def _orientation(rng: random.Random, person: str, duration_s: float, hidden: bool) -> Iterator[Cue]:
    poses = (
        ("head", "yaw", ("left", "right")), ("head", "pitch", ("up", "down")), ("head", "roll", ("left", "right")),
        ("gaze", "yaw", ("left", "right")), ("gaze", "pitch", ("up", "down")),
    )  # fmt: skip
    for modality, code, directions in poses:
        if rng.random() < 0.4:
            direction = rng.choice(directions)
            start_s, end_s = _span(rng, duration_s, hidden)
            key = f"{person}.{code}" if modality == "head" else f"{person}.gaze.{code}"
            size = round(rng.uniform(15, 35), 1)
            yield Cue(
                id=f"{key}.{direction}.{int(start_s * 25)}", modality="head" if modality == "head" else "gaze",
                code=code, value=size if direction in ("left", "up") else -size, unit="deg", direction=direction,
                start_s=start_s, end_s=end_s, subject=person, source=FACE, confidence=0.7,
            )  # fmt: skip
    for code in ("nod", "shake"):
        if rng.random() < 0.25:
            start_s, end_s = _span(rng, duration_s, hidden)
            yield Cue(
                id=f"{person}.{code}.{int(start_s * 25)}", modality="head", code=code, value=9.0, unit="deg",
                start_s=start_s, end_s=end_s, subject=person, source=FACE, confidence=0.7,
            )  # fmt: skip


def _voice(rng: random.Random, duration_s: float) -> Iterator[Cue]:
    start_s, end_s = 1.6, round(duration_s - 1.2, 2)
    own_baseline, pauses = rng.random() < 0.6, rng.random() < 0.6
    for code, (unit, values, has_norm) in MEASURES.items():
        if code == "pause_mean" and not pauses:
            continue
        step = rng.randrange(5)
        yield Cue(
            id=f"voice.{code}.1", modality="voice", code=code, value=round(values[step] * rng.uniform(0.97, 1.03), 3),
            unit=unit, level=WORDS[step] if own_baseline or has_norm else None, start_s=start_s, end_s=end_s,
            confidence=0.8, source=VOICE, marks=("pooled_norm",) if has_norm and not own_baseline else (),
        )  # fmt: skip
    yield Cue(id="speech.segment.1", modality="speech", code="segment", start_s=start_s, end_s=end_s)
    shape = rng.choice(("rising", "falling", "level", "rising_falling"))
    slope = {"rising": 6.1, "falling": -6.4, "level": 0.2, "rising_falling": 0.6}[shape]
    yield Cue(
        id="voice.f0_slope.1", modality="voice", code="f0_slope", value=slope, unit="semitones/s", start_s=start_s,
        end_s=end_s, confidence=0.8, source=VOICE,
    )  # fmt: skip
    for number in (1, 2):
        yield Cue(
            id=f"voice.f0_contour.{number}", modality="voice", code="f0_contour", direction=shape, start_s=start_s,
            end_s=end_s if number == 1 else 3.2, confidence=0.7, source=VOICE,
        )  # fmt: skip
    if pauses:
        low, _ = third(duration_s, rng.choice((1, 2)))
        length_s = round(rng.uniform(0.4, 0.9), 2)
        yield Cue(
            id="voice.pause.1", modality="voice", code="pause", value=length_s, unit="s", start_s=round(low, 2),
            end_s=round(low + length_s, 2), source=VOICE,
        )  # fmt: skip
    else:
        yield Cue(
            id="voice.pause.1", modality="voice", code="pause", state="absent", start_s=start_s, end_s=end_s,
            source=VOICE,
        )  # fmt: skip


def _scene(rng: random.Random, duration_s: float, faces: int) -> Iterator[Cue]:
    brightness = round(rng.choice((0.06, 0.18, 0.45, 0.72, 0.9)), 3)
    motion = rng.choice((0.6, 3.2, 12.0, 34.0, 70.0))
    for code, value, unit in (("brightness", brightness, "0-1"), ("motion", motion, "%/s")):
        yield Cue(
            id=f"scene.{code}.1", modality="scene", code=code, value=value, unit=unit, level=scene_word(code, value),
            start_s=0.0, end_s=duration_s, source=SCENE,
        )  # fmt: skip
    yield Cue(
        id="scene.n_faces.1", modality="scene", code="n_faces", state="present" if faces else "absent",
        value=float(faces) if faces else None, unit="count", start_s=0.0, end_s=duration_s, source=SCENE,
    )  # fmt: skip
    yield Cue(id="scene.shot.1", modality="scene", code="shot", start_s=0.0, end_s=duration_s, source=SCENE)
    if rng.random() < 0.4:
        sentences = DESCRIPTIONS[rng.choice(("en", "zh"))]
        text = sentences[2] if faces > 1 else rng.choice(sentences[:2])
        yield Cue(id="scene.description.1", modality="scene", code="description", text=text)
