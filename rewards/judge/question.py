"""What the judge is asked: rubric, material and the key of a verdict."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from ...cues.wording import cue_text
from ...prompts.salience import by_salience
from ...prompts.untrusted import neutralise
from ...records import Reference
from ..completion import Completion
from ..reward import Case

_LONGEST_REASONING: Final = 12_000
_MOST_CUES: Final = 120
_LONGEST_CUE: Final = 600
_MOST_LABELS: Final = 20
#: A reasoning that speaks to its grader: orders about instructions or rubrics, talk of grades, grades ready-made.
_TO_THE_GRADER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(?:instruction|rubric|rule|guideline|criteri"
    r"|prompt|grad(?:e|ing))"
    r"|\b(?:grader|evaluator|judge|assessor|scorer)\b[,:]? (?:please|you (?:must|should|will)|give|assign|award)\b"
    r"|\b(?:score|rate|grade|mark) (?:this|it|me|all|everything|the (?:reasoning|answer|explanation|response|above))\b"
    r"|\b(?:give|assign|award|return|output)\b[^.!?\n]{0,40}\b(?:(?:full|top|maximum|highest|perfect)"
    r" (?:marks?|scores?|grades?|points?|rating)|(?:grades?|scores?|ratings?|points?|marks?) (?:of |to |= ?)?"
    r"(?:5|five)\b|5 ?(?:/|out of) ?5|(?:all|only) (?:5|five)s?\b|a (?:5|five)\b)"
    r"|[\"'](?:grounding|relevance|coherence)[\"']\s{0,4}[:：]"
    r"|(?:忽略|无视|忘记)[^。！？\n]{0,20}(?:指令|规则|评分|标准|提示)|(?:打|给|评)[^。！？\n]{0,10}(?:满分|最高分|5\s?分|五分)",
    re.IGNORECASE,
)


class Question:
    """One case as it is put to the judge.

    Attributes
    ----------
    unasked : str
        Why the judge need not be asked (the value is 0); empty when it must.
    grades : list of str
        What is graded.
    key : str
        sha256 of model, prompt, options and material: equal questions have equal keys.
    case : str
        Name of the case that the reply must repeat.
    body : dict
        Body of the request.
    """

    def __init__(self, material: dict[str, Any], model: str, options: Mapping[str, Any], unasked: str = "") -> None:
        self.unasked = unasked
        texts = _texts()
        self.grades = [name for name in texts["rubric"] if name != "grounding" or material["evidence"]]
        asked = json.dumps([model, prompt_version(), self.grades, dict(options), material], sort_keys=True)
        self.key = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()
        # The reasoning cannot know this name, so grades that stand in it are none.
        self.case = self.key[:10]
        rubric = "\n".join(f"- {texts['rubric'][name]}" for name in self.grades)
        grades = ", ".join(f'"{name}": N' for name in self.grades)
        system = "\n".join(texts["system"]).replace("{rubric}", rubric).replace("{grades}", grades)
        body = {
            "model": model,
            "messages": [
                {"role": "system", "content": system.replace("{case}", self.case)},
                {"role": "user", "content": json.dumps(material, ensure_ascii=False)},
            ],
            "temperature": 0,
            "seed": 0,
            "max_tokens": 1024,
            "response_format": {"type": "json_object"},
        }
        self.body = {name: value for name, value in {**body, **options}.items() if value is not None}

    @classmethod
    def of(cls, case: Case, model: str, options: Mapping[str, Any]) -> "Question":
        """Put a case as a question."""
        completion = case.completion
        material: dict[str, Any] = {
            "evidence": _evidence(case.reference),
            "reasoning": neutralise(completion.reasoning, _LONGEST_REASONING),
            "answer": _answer(completion),
        }
        unasked = ""
        if not material["reasoning"]:
            unasked = "no reasoning"
        elif not completion.answered:
            unasked = "no answer"
        elif _TO_THE_GRADER.search(material["reasoning"] + "\n" + ", ".join(material["answer"]["labels"])):
            unasked = "speaks to the grader"
        return cls(material, model, options, unasked)


def _evidence(reference: Reference) -> list[str]:
    """Return what is known of the clip, most salient first: its cues, or else the reference clues."""
    if reference.cueset is None:
        return [neutralise(clue, _LONGEST_CUE) for clue in reference.clues[:_MOST_CUES]]
    lines = []
    for cue in by_salience(reference.cueset.cues)[:_MOST_CUES]:
        said = f'; text: "{neutralise(cue.text, _LONGEST_CUE)}"' if cue.text else ""
        lines.append(f"{neutralise(cue.id, 80)}: {neutralise(cue_text(cue), _LONGEST_CUE)}{said}")
    return lines


def _answer(completion: Completion) -> dict[str, Any]:
    labels = [neutralise(label, 80) for label in completion.labels[:_MOST_LABELS]]
    top = completion.distribution or {}
    return {
        "labels": labels,
        "probabilities": {name: round(share, 3) for name, share in top.items() if share >= 0.05},
    }


@cache
def _texts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.files(__package__) / "data" / "rubric.json").read_text("utf-8"))
    return found


@cache
def prompt_version() -> str:
    """Version of the judge's prompt: a number that people raise, and a hash that cannot be forgotten."""
    content = json.dumps(_texts(), sort_keys=True).encode()
    return f"{_texts()['version']}+{hashlib.sha256(content).hexdigest()[:12]}"
