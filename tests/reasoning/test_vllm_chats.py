"""The beginning of a reply, behind any chat template: it is not rewritten, and no think tag stands twice."""

from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from emoreason.reasoning.conversation import Chat, Sampling
from emoreason.reasoning.engines.vllm.chats import _HEAD, _OPENING, _TAIL, Asked, _completion, _opening

#: As Qwen3's: it takes the think part of earlier turns away.
TEMPLATE = """\
{%- for message in messages %}
{%- set text = message.content if message.content is string else message.content[0].text %}
{%- if message.role == 'assistant' %}{% set text = text.split('</think>')[-1] %}{% endif %}
{{- '<|im_start|>' + message.role + '\\n' + text + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}
"""
THOUGHT = "<think>\nHer lips part.\n</think>\n"


def rendered(*messages: dict[str, Any]) -> str:
    templates = jinja2.Environment(autoescape=False)  # noqa: S701 - no HTML
    whole = templates.from_string(_HEAD + TEMPLATE + _TAIL)
    return whole.render(messages=list(messages), add_generation_prompt=True)


@pytest.mark.parametrize("content", [THOUGHT, [{"type": "text", "text": THOUGHT}]])
def test_an_opening_stands_behind_the_prompt_as_it_was_written(content: Any) -> None:
    question = {"role": "user", "content": "What does she feel?"}
    alone = rendered(question)
    assert alone.endswith("<|im_start|>assistant\n")
    assert rendered(question, {"role": _OPENING, "content": content}) == alone + THOUGHT


@pytest.mark.parametrize(
    ("opening", "schema", "put", "prefix"),
    [
        ("<think>\n", None, "", ""),
        (THOUGHT, {}, "Her lips part.\n</think>\n", ""),
        ("Her lips", None, "Her lips", ""),
        ("", {}, "\n</think>\n\n", ""),
        ("", None, "", "<think>\n"),
    ],
)
def test_a_template_that_opens_the_think_part_itself(opening: str, schema: Any, put: str, prefix: str) -> None:
    chat = Chat(messages=(), sampling=Sampling(), opening=opening, schema=schema)
    opens: Any = SimpleNamespace(opens_thinking=True)
    leaves: Any = SimpleNamespace(opens_thinking=False)
    assert _opening(opens, chat) == (put, prefix)
    assert _opening(leaves, chat) == (opening, "")


def test_a_reply_that_vllm_broke_off_is_no_reply() -> None:
    def output(reason: str) -> Any:
        one = SimpleNamespace(index=0, text="a", finish_reason=reason, token_ids=[1])
        return SimpleNamespace(outputs=[one], prompt_token_ids=[1, 2])

    asked = Asked("1-a", 2, "<think>\n", ())
    assert "before it was done (abort)" in str(_completion(output("abort"), asked))
    whole = _completion(output("stop"), asked)
    assert getattr(whole, "texts", None) == ("<think>\na", "<think>\na")
