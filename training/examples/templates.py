"""Whether a chat template hands on what is to be learnt.

Some templates take the chain of thought out of an assistant's turn: into a field of its own from which they write it
again (Qwen3, with an empty line behind it, which does no harm), or away for good (DeepSeek-R1's, for turns of the
past). A model trained through the second kind learns to answer without thinking, and nothing in the loss tells.
"""

from typing import Any

from ...errors import TrainingError
from ...prompts.contract import parse_answer
from ...torch_imports import import_heavy
from ..example import Example
from .datasets import columns_of


def taught_text(example: Example, processing: Any, *, vision: bool = False) -> str:
    """Text that TRL makes of an example's completion with the chat template of a tokenizer or processor."""
    columns = columns_of(example, vision=vision, method="sft")
    turns = {name: columns[name] for name in ("prompt", "completion")}
    text: str = import_heavy("trl.data_utils").apply_chat_template(turns, processing)["completion"]
    return text


def require_whole(example: Example, processing: Any, *, vision: bool = False) -> None:
    """Raise TrainingError unless the chain of thought and the answer of a target come through the template unchanged.

    White space around them may differ, and an empty chain of thought may stand where there is none.
    """
    if example.completion is None:
        return
    text = taught_text(example, processing, vision=vision)
    wanted, found = parse_answer(example.completion), parse_answer(text)
    if (wanted.think or "") in (found.think or "") and wanted.written == found.written:
        return
    what = "the answer" if wanted.written != found.written else "the chain of thought"
    raise TrainingError(
        f"the model's chat template changes {what} of the target of row {example.row_id!r}, so it would not be learnt; "
        "set trainer.chat_template_path to a template that keeps an assistant's turn as it is"
    )
