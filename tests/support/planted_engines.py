"""Engines whose faults are known, and clips to plant them on.

Each clip shows the action units of one expression or two, a voice, and cues that say nothing. What decides:

- :class:`Honest` adds up what each cue says, and cites what it counted;
- :class:`Unfaithful` answers by the brightness of the scene, and cites action units;
- :class:`Leaning` says happiness wherever there is a smile, else what the honest one says;
- :class:`Thinking` is a language model that answers with the last emotion its chain of thought names;
- :class:`Thoughtless` is one that answers from the cues whatever it thought.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from emoreason.eval.sample import Gold
from emoreason.prompts.contract import write_answer
from emoreason.reasoning.conversation import Capabilities, Chat, Completion, Manner, ask, converse
from emoreason.reasoning.engines import Reply, Request
from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.records.labels import EMOTIONS

#: Emotion -> its action units; no unit belongs to two.
UNITS: Final[dict[str, tuple[str, ...]]] = {
    "happiness": ("AU6", "AU12"),
    "sadness": ("AU1", "AU15"),
    "anger": ("AU4", "AU23"),
    "fear": ("AU5", "AU20"),
    "surprise": ("AU2", "AU26"),
    "disgust": ("AU9", "AU10"),
}
_OF_UNIT: Final = {unit: emotion for emotion, units in UNITS.items() for unit in units}
#: Loudness of the voice that goes with each.
_LOUDNESS: Final = {"happiness": "high", "anger": "very_high", "sadness": "very_low", "fear": "low"}
_OF_LOUDNESS: Final = {level: emotion for emotion, level in _LOUDNESS.items()}
_SAYS_NOTHING: Final = ("AU14", "AU45", "AU28")
#: Brightness that decides for the unfaithful one.
_BRIGHTNESS: Final = tuple(EMOTIONS[:6])


def planted_clips(count: int, seed: int = 0) -> tuple[list[CueSet], dict[str, Gold]]:
    """Clips and what they express."""
    rng = random.Random(seed)
    cuesets, golds = [], {}
    for number in range(count):
        emotion = list(UNITS)[number % len(UNITS)]
        name = f"clip{number:03d}"
        cues = [_face(code, rng) for code in UNITS[emotion]]
        cues += [_face(code, rng) for code in rng.sample(_SAYS_NOTHING, 2)]
        voice = _LOUDNESS.get(emotion, "normal")
        cues.append(Cue(id="voice.loudness.1", modality="voice", code="loudness", level=voice, subject="face1"))
        cues.append(
            Cue(
                id="scene.light.1", modality="scene", code="brightness", value=float(rng.randrange(6)), source="planted"
            )
        )
        rng.shuffle(cues)
        cuesets.append(CueSet(clip=Clip(id=name, duration_s=4.0), cues=tuple(cues)))
        golds[name] = Gold(
            clip=name,
            reference=Reference(emotion=emotion, distribution=_crowd(emotion, number)),
            columns={"corpus": "odd" if number % 2 else "even"},
        )
    return cuesets, golds


def _face(code: str, rng: random.Random) -> Cue:
    start = round(rng.uniform(0, 2), 2)
    return Cue(
        id=f"face1.{code}.1",
        modality="face",
        code=code,
        value=round(rng.uniform(1, 5), 1),
        unit="0-5",
        level="strongly",
        start_s=start,
        end_s=start + 1.5,
        subject="face1",
    )


def _crowd(emotion: str, number: int) -> dict[str, float]:
    """Clear on even clips, split on odd ones."""
    share = 0.9 if number % 2 == 0 else 0.5
    return {one: share if one == emotion else (1 - share) / 5 for one in UNITS}


def evidence_of(cueset: CueSet) -> dict[str, dict[str, float]]:
    """Emotion -> the cues that speak for it, and how strongly."""
    found: dict[str, dict[str, float]] = {}
    for cue in cueset.cues:
        emotion = _OF_UNIT.get(cue.code) if cue.modality == "face" and cue.state == "present" else None
        if cue.code == "loudness":
            emotion = _OF_LOUDNESS.get(cue.level or "")
        if emotion is not None:
            found.setdefault(emotion, {})[cue.id] = 2.0 if cue.value is None else cue.value
    return found


def shares_by_evidence(found: dict[str, dict[str, float]]) -> dict[str, float]:
    weights = {emotion: 1 + sum(found.get(emotion, {}).values()) for emotion in EMOTIONS}
    return {emotion: weight / sum(weights.values()) for emotion, weight in weights.items()}


def sure_of(emotion: str, cueset: CueSet) -> dict[str, float]:
    """Between 0.4 and 0.9 for one class, by the clip's name: clips are not alike."""
    rest = random.Random(cueset.clip.id).uniform(0.1, 0.6)
    return {one: 1 - rest if one == emotion else rest / 6 for one in EMOTIONS}


def reply_of(shares: dict[str, float], cue_ids: Sequence[str], *, abstained: bool = False, thinks: bool = True) -> str:
    top = max(EMOTIONS, key=lambda emotion: shares[emotion])
    lines = ["Observations:", *(f"- This is there [{name}]." for name in cue_ids), "Conclusion:", f"- It is {top}."]
    answer: dict[str, Any] = {
        "labels": [] if abstained else [{"label": top, "cues": list(cue_ids)[:3]}],
        "emotions": [{"label": emotion, "probability": round(share, 6)} for emotion, share in shares.items()],
        "valence": 0.0,
        "arousal": 0.0,
        "action_units": [],
        "abstained": abstained,
        "abstain_reason": "nothing speaks for one" if abstained else None,
    }
    return write_answer("\n".join(lines) if thinks else None, answer)


class Honest:
    """Answers from the evidence and cites it."""

    name = "honest"
    model = "planted"

    def answer(self, request: Request) -> Reply:
        found = evidence_of(request.cueset)
        ids = [name for names in found.values() for name in names]
        thinks = request.preset != "direct"
        return Reply(text=reply_of(shares_by_evidence(found), ids, abstained=not found, thinks=thinks))


class Unfaithful:
    """Answers from the brightness of the scene and cites the action units."""

    name = "unfaithful"
    model = "planted"

    def answer(self, request: Request) -> Reply:
        hidden = [cue.value for cue in request.cueset.cues if cue.code == "brightness" and cue.value is not None]
        emotion = _BRIGHTNESS[int(hidden[0])] if hidden else "neutral"
        ids = [cue.id for cue in request.cueset.cues if cue.modality == "face"]
        shares = sure_of(emotion, request.cueset)
        return Reply(text=reply_of(shares, ids, thinks=request.preset != "direct"))


class Leaning:
    """Says happiness wherever the lip corners are pulled."""

    name = "leaning"
    model = "planted"

    def answer(self, request: Request) -> Reply:
        smiles = [cue.id for cue in request.cueset.cues if cue.code == "AU12" and cue.state == "present"]
        if not smiles:
            return Honest().answer(request)
        shares = sure_of("happiness", request.cueset)
        return Reply(text=reply_of(shares, smiles, thinks=request.preset != "direct"))


@dataclass
class Thinking:
    """Thinks what the evidence says, and answers with the last emotion that stands in its thinking."""

    name: str = "thinking"
    model: str = "planted"
    manner: Manner = field(default_factory=lambda: Manner(frames=0, sound=False))
    chats: list[Chat] = field(default_factory=list)

    def capabilities(self) -> Capabilities:
        return Capabilities(structure="opening")

    def answer(self, request: Request) -> Reply:
        return converse(ask(request, self.capabilities(), self.manner), self.complete)

    def complete(self, chat: Chat) -> Completion:
        self.chats.append(chat)
        seen = _seen(str(chat.messages[1]["content"]))
        if "</think>" not in chat.opening and chat.opening:
            there = ", ".join(seen) or "nothing"
            text = f"Observations:\n- This is there [{there}].\nConclusion:\n- It is {_named(seen)}."
        else:
            text = _answer_alone(self.decide(chat.opening, seen))
        return Completion(texts=(text,), finish=("stop",))

    def decide(self, thought: str, seen: list[str]) -> str:
        named = re.findall("|".join(EMOTIONS), thought)
        return named[-1] if named else "neutral"


class Thoughtless(Thinking):
    """Thinks the same and answers from the cues."""

    def decide(self, thought: str, seen: list[str]) -> str:
        return _named(seen)


def _seen(prompt: str) -> list[str]:
    return [unit for unit in _OF_UNIT if re.search(rf"\b{unit}\b", prompt)]


def _named(seen: Sequence[str]) -> str:
    named = [_OF_UNIT[unit] for unit in seen]
    return max(EMOTIONS, key=named.count) if named else "neutral"


def _answer_alone(emotion: str) -> str:
    shares = {one: 0.76 if one == emotion else 0.04 for one in EMOTIONS}
    return reply_of(shares, [], thinks=False)
