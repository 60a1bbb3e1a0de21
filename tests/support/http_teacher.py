"""A teacher for a scripted server: it knows the clips, finds the one it is asked about, and writes well or badly."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from emoreason.data_synth.draft import Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.template.writer import write_template
from emoreason.prompts.contract import parse_answer, write_answer
from emoreason.prompts.render import render_messages

Body = dict[str, Any]
#: Honest text and body -> what is written instead.
Spoils = Callable[[str, Body], str]

LANGUAGES = ("en", "zh")


def texts_of(body: Body) -> list[str]:
    """Texts of the messages, in order."""
    return [
        message["content"] if isinstance(message["content"], str) else message["content"][-1]["text"]
        for message in body["messages"]
    ]


def was_sent_back(body: Body) -> bool:
    """Whether the request says what was wrong with a draft."""
    return any("was checked" in text or "检查过" in text for text in texts_of(body)[1:])


def invents(text: str, body: Body) -> str:
    """The honest text with an action unit that nobody saw, in thought and answer."""
    parsed = parse_answer(text)
    assert parsed.answer is not None
    answer = {**parsed.answer, "action_units": ["AU9", "AU20", "AU26"]}
    think = parsed.think and parsed.think.replace("\n", "\nAU9 is extreme [face1.AU9.7].\n", 1)
    return write_answer(think, answer)


class Teacher:
    """Writes what the template would, unless it is spoilt.

    Parameters
    ----------
    clips : sequence of LabelledClip
    spoils : callable
        What it makes of an honest text; by default nothing.
    """

    def __init__(self, clips: Sequence[LabelledClip], spoils: Spoils = lambda text, body: text) -> None:
        self._spoils = spoils
        self._clips = {
            (language, preset): [
                (render_messages(clip.cueset, preset=preset, language=language).messages[-1]["content"], clip)
                for clip in clips
            ]
            for language in LANGUAGES
            for preset in ("explain", "direct")
        }

    def about(self, body: Body) -> tuple[LabelledClip, str]:
        """Clip and language of a request."""
        user = texts_of(body)[1]
        for (language, _), known in self._clips.items():
            for prompt, clip in known:
                if user.startswith(str(prompt)):
                    return clip, language
        raise AssertionError(f"about no clip: {user[:300]}")

    def __call__(self, body: Body) -> str:
        """Write what a chat asks for."""
        clip, language = self.about(body)
        text = self._spoils(write_template(clip, Manner(style="short", language=language, seed=body["seed"])), body)
        if body.get("response_format"):
            return json.dumps(parse_answer(text).answer)
        return text
