"""Examples as the files that other trainers read, one JSON object a line.

- ``trl``: ``prompt``, ``completion`` (``messages`` of the assistant), ``images``, ``reference``; contents are texts, or
  lists of parts with a bare ``{"type": "image"}`` for each picture (TRL's dataset formats).
- ``swift``: ``messages`` with ``<image>`` where a picture goes, ``images``; ``reference`` reaches the rewards, since
  ms-swift hands every further column to them (its "Custom Dataset", PPO/GRPO).
- ``easyr1``: ``prompt`` as one text, ``images``, ``reference``. EasyR1 makes one user turn of the prompt and splits it
  at ``<image>`` (``verl/utils/dataset.py``), so the instructions stand before the observations in the same turn. Set
  ``data.prompt_key=prompt data.answer_key=reference data.image_key=images data.format_prompt=null``.
- ``sharegpt``: ``conversations`` of ``from`` and ``value``, ``system``, ``images`` (LLaMA-Factory, ``data/README.md``;
  the columns are named ``messages: conversations, system: system, images: images`` in ``dataset_info.json``).

``reference`` is the JSON string of ``rewards/adapters/columns.py``, without the clip's path. Where placeholders are
text, a placeholder that stands in a text by chance is defused (``‹image>``), so there are as many as pictures.
"""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ...errors import ConfigError, RecordError
from ...records import Reference
from ...rewards.adapters.columns import COLUMN, reference_column
from ..example import Example
from ..settings import Method
from .datasets import columns_of

Form = Literal["trl", "swift", "easyr1", "sharegpt"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

_PLACEHOLDER: Final = "<image>"
#: What the frameworks take for a place of media.
_ANY_PLACEHOLDER: Final = re.compile(r"<(?=(?:image|video|audio)>)")


def export_examples(
    examples: Iterable[Example],
    form: str,
    path: Path,
    *,
    vision: bool,
    method: Method = "sft",
) -> int:
    """Write examples for another trainer; return how many.

    Parameters
    ----------
    examples : iterable of Example
        Read one at a time.
    form : str
        ``trl``, ``swift``, ``easyr1`` or ``sharegpt``.
    path : Path
        The file; it appears whole or not at all.
    vision : bool
        With a column ``images``, empty for rows without.
    method : {"sft", "grpo"}
        ``sft`` writes targets, ``grpo`` writes references; EasyR1 does GRPO alone and ShareGPT holds targets alone.

    Raises
    ------
    ConfigError
        There is no such form, or it does not go with the method.
    RecordError
        A row has no target to write, pictures and no place for them, or the file cannot be written.
    """
    write = _writer(form, method)
    path = path.absolute()
    number = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(partial, "w", encoding="utf-8", newline="\n") as file:
                for example in examples:
                    value = write(example, vision, method, None)
                    file.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
                    number += 1
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    return number


def exported(
    example: Example, form: str, *, vision: bool, method: Method = "sft", reference: str | None = None
) -> dict[str, Any]:
    """Return the line that :func:`export_examples` writes of one example; parameters and errors are the same.

    ``reference`` is :func:`reference_text` of the example's, for those who write several forms.
    """
    return _writer(form, method)(example, vision, method, reference)


Write = Callable[[Example, bool, Method, str | None], dict[str, Any]]


def _writer(form: str, method: Method) -> Write:
    if form not in _FORMS:
        raise ConfigError(f"there is no export form {form!r}; expected one of {', '.join(FORMS)}")
    if (form, method) in (("easyr1", "sft"), ("sharegpt", "grpo")):
        raise ConfigError(f"{form} has no place for what {method} needs; choose another of {', '.join(FORMS)}")
    return _FORMS[form]


def reference_text(reference: Reference) -> str:
    """Return what stands in the column ``reference``: all that rewards need, without the clip's path."""
    cueset = reference.cueset
    if cueset is not None:
        reference = replace(reference, cueset=replace(cueset, clip=replace(cueset.clip, path=None)))
    return reference_column(reference)


def _trl(example: Example, vision: bool, method: Method, reference: str | None) -> dict[str, Any]:
    about = _about(example, reference)
    columns = columns_of(replace(example, reference=Reference()), vision=vision, method=method)
    return {**columns, **about}


def _swift(example: Example, vision: bool, method: Method, reference: str | None) -> dict[str, Any]:
    messages = [{"role": message["role"], "content": _text(message["content"])} for message in example.messages]
    if method == "sft":
        messages.append({"role": "assistant", "content": _defused(_target(example))})
    return {"messages": messages, **_images(example, vision), "row_id": example.row_id, **_about(example, reference)}


def _easyr1(example: Example, vision: bool, method: Method, reference: str | None) -> dict[str, Any]:
    prompt = "\n\n".join(_text(message["content"]) for message in example.messages)
    return {"prompt": prompt, **_images(example, vision), "row_id": example.row_id, **_about(example, reference)}


def _sharegpt(example: Example, vision: bool, method: Method, reference: str | None) -> dict[str, Any]:
    system = [_text(message["content"]) for message in example.messages if message["role"] == "system"]
    asked = [_text(message["content"]) for message in example.messages if message["role"] == "user"]
    turns = [
        {"from": "human", "value": "\n\n".join(asked)},
        {"from": "gpt", "value": _defused(_target(example))},
    ]
    return {
        "conversations": turns,
        "system": "\n\n".join(system),
        **_images(example, vision),
        "row_id": example.row_id,
    }


_FORMS: Final[dict[str, Write]] = {"trl": _trl, "swift": _swift, "easyr1": _easyr1, "sharegpt": _sharegpt}


def _about(example: Example, reference: str | None) -> dict[str, str]:
    return {COLUMN: reference_text(example.reference) if reference is None else reference}


def _target(example: Example) -> str:
    if example.completion is None:
        raise RecordError(f"row {example.row_id!r} has no target to write; leave it out, or export for grpo")
    return example.completion


def _images(example: Example, vision: bool) -> dict[str, list[str]]:
    if example.frames and not vision:
        raise RecordError(f"row {example.row_id!r} has pictures, but none are exported; set data.frames = 0")
    return {"images": [frame.path for frame in example.frames]} if vision else {}


def _text(content: str | list[dict[str, Any]]) -> str:
    """Content as one text with a placeholder for each picture; a chat template puts nothing between parts either."""
    if isinstance(content, str):
        return _defused(content)
    return "".join(_PLACEHOLDER if part["type"] == "image" else _defused(part["text"]) for part in content)


def _defused(text: str) -> str:
    return _ANY_PLACEHOLDER.sub("‹", text)
