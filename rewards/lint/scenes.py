"""The scenes of the battery: what was measured in each, what the prompt showed, and one good honest answer."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from ...prompts.render import render_messages
from ...records import CueSet, Reference
from ...records.convert import from_json, to_json

Form = Literal["contract", "tags"]
Message = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An answer that is still in its parts, so that an attack can change one of them.

    Attributes
    ----------
    think : str or None
        Chain of thought; None leaves its tags out too, ``""`` keeps them.
    answer : dict
        As in ``records/schemas/answer.json``. The tag form has room for the words of its ``labels`` only.
    before, inside, after : str
        Written before the answer, between its two parts, and behind it.
    bare : bool
        The chain of thought stands there without its tags.
    """

    think: str | None
    answer: dict[str, Any]
    before: str = ""
    inside: str = ""
    after: str = ""
    bare: bool = False

    @property
    def labels(self) -> list[str]:
        """Words of the answer."""
        return [item["label"] for item in self.answer["labels"]]

    def with_labels(self, labels: list[str]) -> dict[str, Any]:
        """Copy of the answer with other labels; words that were there keep their cues."""
        cues = {item["label"]: item["cues"] for item in self.answer["labels"]}
        return {**self.answer, "labels": [{"label": word, "cues": cues.get(word, [])} for word in labels]}

    def write(self, form: Form) -> str:
        r"""Write it down as a model would.

        Examples
        --------
        >>> Draft(think="Lips part.", answer={"labels": [{"label": "calm", "cues": []}]}).write("tags")
        '<think>\nLips part.\n</think>\n<answer>calm</answer>'
        """
        if form == "tags":
            answer = f"<answer>{', '.join(self.labels)}</answer>"
        else:
            answer = json.dumps(self.answer, ensure_ascii=False)
        thought = "" if self.think is None else self.think if self.bare else f"<think>\n{self.think}\n</think>"
        return self.before + "\n".join(part for part in (thought + self.inside, answer) if part) + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One self-made scene.

    Attributes
    ----------
    id, language : str
        Name; ``en`` or ``zh``.
    reference : Reference
        Everything a reward may compare with; ``saw_media`` is True.
    messages : tuple of dict
        The prompt, in chat form: only the cues in ``reference.shown``.
    honest : Draft
        An answer that a person would call good: cited observations, one of them of a cue the prompt did not show.
    """

    id: str
    language: str
    reference: Reference
    messages: tuple[Message, ...]
    honest: Draft

    @property
    def cueset(self) -> CueSet:
        """All cues of the scene."""
        assert self.reference.cueset is not None  # noqa: S101 - the battery's own data
        return self.reference.cueset

    @property
    def shown(self) -> CueSet:
        """What the prompt showed of it."""
        return _without(self.cueset, lambda cue_id: cue_id not in (self.reference.shown or ()))

    @property
    def transcript(self) -> str:
        """What is said."""
        return self.cueset.clip.transcript or ""

    @property
    def prompt(self) -> str:
        """The prompt as one text."""
        return "\n\n".join(message["content"] for message in self.messages)

    def columns(self) -> dict[str, Any]:
        """Values of the columns of the battery for this scene (:data:`emoreason.rewards.lint.COLUMNS`)."""
        reference = self.reference
        return {
            "reference": json.dumps(to_json(reference), ensure_ascii=False),
            "gold_labels": list(reference.labels or ()),
            "gold_emotion": reference.emotion,
            "gold_distribution": json.dumps(reference.distribution),
            "gold_action_units": list(reference.action_units or ()),
            "gold_clues": list(reference.clues),
            "cueset": json.dumps(to_json(self.cueset), ensure_ascii=False),
            "shown": list(reference.shown or ()),
            "transcript": self.transcript,
            "solution": f"<answer>{', '.join(reference.labels or ())}</answer>",
        }


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes, five English and three Chinese (``rewards/data/lint_scenes.json``; nothing in them is real)."""
    place = resources.files(__package__.rpartition(".")[0]) / "data" / "lint_scenes.json"
    return tuple(_scene(row) for row in json.loads(place.read_text(encoding="utf-8")))


def _scene(row: Mapping[str, Any]) -> Scene:
    cueset = from_json(row["cueset"], CueSet)
    rendered = render_messages(_without(cueset, row["hidden"].__contains__), language=row["language"])
    think = "\n".join(row["think"])  # also the reference of the reward `tree`
    known = {"cueset": to_json(cueset), "shown": list(rendered.shown), "saw_media": True, "tree": think}
    reference = from_json({**row["reference"], **known}, Reference)
    return Scene(
        id=row["id"],
        language=row["language"],
        reference=reference,
        messages=cast("tuple[Message, ...]", rendered.messages),
        honest=Draft(think=think, answer=copy.deepcopy(row["answer"])),
    )


def _without(cueset: CueSet, is_hidden: Any) -> CueSet:
    kept = tuple(cue for cue in cueset.cues if not is_hidden(cue.id))
    return CueSet(clip=cueset.clip, cues=kept, gaps=cueset.gaps)
