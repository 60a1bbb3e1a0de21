"""A made-up world with a rule to learn: clips, right answers, noisy answers, and combinations that are held out.

Each of six emotions has four pieces of evidence (three action units, one measure of the voice). **The rule**: an
emotion is expressed when at least two of its pieces are there. A single piece of another emotion is a stray and names
nothing; other cues say nothing at all; what was looked for and not there speaks against one emotion and for others.

Four pieces a, b, c, d make six pairs. Clips that a model learns from hold ac, ad or bd; the clips on which settings are
chosen (dev) hold bc; the clips of the test hold ab or cd. So every clip of the test shows pieces together that were
never together in any row before it, and knowing each row by heart helps nobody.

Which cue speaks for which emotion agrees with ``rewards/data/bearing.csv``, by which the grounding reward judges.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from emoreason.prompts.contract import write_answer
from emoreason.records import Clip, Cue, CueSet, Reference, TrainingRow

Split = Literal["train", "dev", "test"]

#: Emotion -> its four pieces of evidence, its word, valence, arousal. No piece belongs to two.
FACES: Final[Mapping[str, tuple[tuple[str, str, str, str], str, float, float]]] = {
    "happiness": (("AU6", "AU12", "AU25", "f0_range high"), "happy", 0.8, 0.5),
    "sadness": (("AU1", "AU11", "AU15", "loudness low"), "sad", -0.6, -0.4),
    "anger": (("AU7", "AU23", "AU24", "loudness high"), "angry", -0.7, 0.6),
    "fear": (("AU4", "AU5", "AU20", "jitter high"), "afraid", -0.6, 0.7),
    "surprise": (("AU2", "AU26", "AU27", "f0_mean high"), "surprised", 0.1, 0.8),
    "disgust": (("AU9", "AU10", "AU16", "speech_rate low"), "disgusted", -0.7, 0.2),
}
#: Places in the four of the pairs that clips of a split are made of.
PAIRS: Final[Mapping[Split, tuple[tuple[int, int], ...]]] = {
    "train": ((0, 2), (0, 3), (1, 3)),
    "dev": ((1, 2),),
    "test": ((0, 1), (2, 3)),
}
#: Action unit -> emotions for which its absence speaks.
ABSENCES: Final[Mapping[str, frozenset[str]]] = {
    "AU12": frozenset({"sadness", "anger", "fear", "surprise", "disgust"}),
    "AU4": frozenset({"happiness", "surprise"}),
    "AU2": frozenset({"happiness", "sadness", "anger", "disgust"}),
    "AU5": frozenset({"happiness", "sadness", "disgust"}),
}
#: Measure -> its name in a sentence, its unit, its value when low and when high.
MEASURES: Final[Mapping[str, tuple[str, str, float, float]]] = {
    "f0_range": ("pitch range", "st", 3.0, 12.0),
    "loudness": ("loudness", "dB", 48.0, 72.0),
    "jitter": ("jitter", "%", 0.5, 3.0),
    "f0_mean": ("mean pitch", "Hz", 95.0, 260.0),
    "speech_rate": ("speech rate", "syll/s", 2.5, 6.5),
}
_IDLE: Final = ("AU45", "AU18", "AU28", "AU43", "f0_range low", "jitter low", "speech_rate high")
_LEVELS: Final = ("slightly", "moderately", "strongly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How wrong the answers are that the model is trained on from scratch; shares of answers.

    ``stray``: of the clips with a stray, those labelled with its emotion (a fault with a system); ``label``: of all,
    those with a random label (one without); ``citations``: those that tell what bears on nothing, tell as seen what was
    not there, or cite another cue than they name; ``form``: those that break the contract.
    """

    stray: float = 0.0
    label: float = 0.0
    citations: float = 0.0
    form: float = 0.0


CLEAN: Final = Noise()
#: About three labels in ten are wrong.
NOISY: Final = Noise(stray=0.45, label=0.10, citations=0.40, form=0.10)


def draw_rows(split: Split, number: int, seed: int, noise: Noise = CLEAN) -> Iterator[TrainingRow]:
    """Draw rows of a split; the same call draws the same rows. The reference is right, whatever the target says."""
    draw = random.Random(f"{split} {seed} {noise}")
    for index in range(number):
        yield _row(draw, split, f"{split}-{seed}-{index}", noise)


def _row(draw: random.Random, split: Split, name: str, noise: Noise) -> TrainingRow:
    evidence = _evidence(draw, split)
    emotions = list(evidence)
    strays = _strays(draw, evidence)
    told = [piece for pieces in evidence.values() for piece in pieces] + [piece for _, piece in strays]
    told += draw.sample(_IDLE, draw.randint(0, 2))
    cues = _one_a_code(draw, told)
    seen = {cue.code for cue in cues}
    gone = [code for code in draw.sample(tuple(ABSENCES), draw.randint(1, 3)) if code not in seen]
    cueset = CueSet(
        clip=Clip(id=name, duration_s=4.0, has_video=True, has_audio=True),
        cues=(*cues, *(_cue(draw, code, absent=True) for code in gone)),
    )
    return TrainingRow(
        id=name,
        cueset=cueset,
        target=_target(draw, cueset, emotions, [one for one, _ in strays], noise),
        reference=Reference(
            labels=tuple(FACES[one][1] for one in emotions), emotion=emotions[0] if len(emotions) == 1 else None
        ),
        split=split,
        group=name,
    )


def _evidence(draw: random.Random, split: Split) -> dict[str, list[str]]:
    """One emotion or two, each with a pair; a voice is not loud and low at once."""
    emotions = draw.sample(tuple(FACES), 2 if draw.random() < 0.2 else 1)
    while True:
        evidence = {one: [FACES[one][0][at] for at in draw.choice(PAIRS[split])] for one in emotions}
        codes = [piece.split()[0] for pieces in evidence.values() for piece in pieces]
        if len(set(codes)) == len(codes):
            return evidence
        emotions = draw.sample(tuple(FACES), len(emotions))


def _strays(draw: random.Random, evidence: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Single pieces of other emotions, of measures that nothing else in the clip needs."""
    taken = {piece.split()[0] for pieces in evidence.values() for piece in pieces}
    found = []
    for emotion in draw.sample([one for one in FACES if one not in evidence], draw.choice((0, 1, 1, 2))):
        piece = draw.choice(FACES[emotion][0])
        if piece.split()[0] not in taken:
            taken.add(piece.split()[0])
            found.append((emotion, piece))
    return found


def _one_a_code(draw: random.Random, pieces: Sequence[str]) -> list[Cue]:
    """Cues in any order; a measure that two pieces name keeps the first, which is evidence before it is idle."""
    first: dict[str, str] = {}
    for piece in pieces:
        first.setdefault(piece.split()[0], piece)
    cues = [_cue(draw, piece) for piece in first.values()]
    draw.shuffle(cues)
    return cues


def _cue(draw: random.Random, piece: str, absent: bool = False) -> Cue:
    code, _, level = piece.partition(" ")
    if level:
        _, unit, low, high = MEASURES[code]
        value = low if level == "low" else high
        return Cue(id=f"voice.{code}.1", modality="voice", code=code, value=value, unit=unit, level=level)
    known = None if absent or code in ("AU43", "AU45") else draw.choice(_LEVELS)
    return Cue(
        id=f"face1.{code}.1", modality="face", code=code, state="absent" if absent else "present", level=known,
        subject="face1",
    )  # fmt: skip


def piece_of(cue: Cue) -> str:
    """Piece of evidence that a cue is, if it is one: ``AU12``, ``loudness high``."""
    return f"{cue.code} {cue.level}" if cue.modality == "voice" else cue.code


def right_emotions(cueset: CueSet) -> list[str]:
    """Apply the rule."""
    there = {piece_of(cue) for cue in cueset.cues if cue.state == "present"}
    return [emotion for emotion, (pieces, *_) in FACES.items() if len(there.intersection(pieces)) >= 2]


def _target(draw: random.Random, cueset: CueSet, right: Sequence[str], strays: Sequence[str], noise: Noise) -> str:
    named = list(right)
    if strays and draw.random() < noise.stray:
        named = [draw.choice(strays)]
    elif draw.random() < noise.label:
        named = [draw.choice([one for one in FACES if one not in right])]
    careless = draw.random() < noise.citations
    told = _careless_cues(draw, cueset) if careless else _telling_cues(cueset, named)
    lines = [_claim(draw, cue, cueset, careless) for cue in told]
    ids = {one: _support(cueset, one) for one in named}
    think = "\n".join(
        (
            *("Observations:", *lines, "Interpretation:"),
            *(f"- Taken together this speaks for {one} [{', '.join(ids[one])}]." for one in named),
            *("Conclusion:", f"- The person in the clip expresses {' and '.join(named)}."),
        )
    )
    text = write_answer(think, _object(named, ids))
    return _broken(draw, text) if draw.random() < noise.form else text


def _telling_cues(cueset: CueSet, named: Sequence[str]) -> list[Cue]:
    """All evidence for what is named, and one absence that speaks for it."""
    pieces = {piece for one in named for piece in FACES[one][0]}
    told = [cue for cue in cueset.cues if cue.state == "present" and piece_of(cue) in pieces]
    absent = [cue for cue in cueset.cues if cue.state == "absent" and not ABSENCES[cue.code].isdisjoint(named)]
    return told + absent[:1]


def _careless_cues(draw: random.Random, cueset: CueSet) -> list[Cue]:
    """Whatever comes to mind, in the order of the prompt."""
    number = min(len(cueset.cues), draw.randint(1, 5))
    chosen = {cue.id for cue in draw.sample(cueset.cues, number)}
    return [cue for cue in cueset.cues if cue.id in chosen]


def _claim(draw: random.Random, cue: Cue, cueset: CueSet, careless: bool) -> str:
    cited = draw.choice(cueset.cues).id if careless and draw.random() < 0.2 else cue.id
    if cue.modality == "voice":
        return f"- In this clip the {MEASURES[cue.code][0]} is {cue.level} [{cited}]."
    seen = cue.state == "present" or (careless and draw.random() < 0.5)
    return f"- In this clip the face shows {'' if seen else 'no '}{cue.code} [{cited}]."


def _support(cueset: CueSet, emotion: str) -> list[str]:
    own = [cue.id for cue in cueset.cues if cue.state == "present" and piece_of(cue) in FACES[emotion][0]]
    return own or [cueset.cues[0].id]


def _object(named: Sequence[str], ids: Mapping[str, list[str]]) -> dict[str, Any]:
    first = FACES[named[0]]
    share = 1.0 / len(named)
    units = [cue_id.split(".")[1] for one in named for cue_id in ids[one] if ".AU" in cue_id]
    return {
        "labels": [{"label": FACES[one][1], "cues": ids[one]} for one in named],
        "emotions": [{"label": one, "probability": share} for one in named],
        "valence": first[2],
        "arousal": first[3],
        "action_units": units,
    }


def _broken(draw: random.Random, text: str) -> str:
    """Break the form as models do."""
    think, _, answer = text.partition("</think>\n")
    cut = answer.partition(', "valence"')[0]
    match draw.randint(0, 3):
        case 0:
            return think + answer
        case 1:
            return f"{text}\nI hope this helps."
        case 2:
            return text.replace('"valence"', '"mood"')
        case _:
            return f"{think}</think>\n{cut}"
