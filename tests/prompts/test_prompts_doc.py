"""docs/prompts.md shows what is really rendered and really accepted, and names every preset and problem."""

import json
import re
from pathlib import Path
from typing import get_args

from emoreason.prompts.contract import parse_answer, read_answer
from emoreason.prompts.presets import PRESETS
from emoreason.prompts.problems import ProblemCode
from emoreason.prompts.render import render_messages
from emoreason.records import CueSet
from emoreason.records.convert import from_json

DOC = (Path(__file__).parents[2] / "docs" / "prompts.md").read_text(encoding="utf-8")
CUES = from_json(json.loads(re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)[0]), CueSet)
PROMPT, REPLY = re.findall(r"```text\n(.*?)\n```", DOC, re.DOTALL)


def test_the_rendered_example_is_real() -> None:
    assert render_messages(CUES).messages[1]["content"] == PROMPT


def test_the_reply_is_read_without_repair() -> None:
    assert parse_answer(REPLY).problems == ()
    explanation = read_answer(REPLY, CUES)
    assert explanation.notes == ()
    assert [claim.polarity for claim in explanation.claims] == ["affirmed", "negated", "affirmed"]


def test_every_preset_and_problem_is_described() -> None:
    for name in PRESETS:
        assert f"| `{name}` |" in DOC
    told = set(re.findall(r"`([a-z_]+)`", DOC))
    assert set(get_args(ProblemCode)) <= told
