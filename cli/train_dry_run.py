"""``--dry-run``: settings, rows, checks, three prompts as they will be, and this machine. Nothing is kept."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError
from .group import OK, USAGE
from .terminal import print_json, print_line, printable
from .train_configs import stdout_is_json

if TYPE_CHECKING:
    from ..training.example import Example
    from ..training.preparing import Prepared
    from ..training.settings import Settings

#: Rows that are shown.
SHOWN: Final = 3
_GIB: Final = 2**30
_CountTokens = Callable[[str], int]


def foresee(settings: "Settings", *, as_json: bool | None) -> int:
    """Print what a run would learn from and whether it can; return the exit code."""
    from ..training.preparing import prepare
    from ..training.settings.writing import write_settings

    count = _tokenizer(settings)
    prepared = prepare(settings, count_tokens=count)
    machine = _Machine.of(settings, prepared)
    problems = [f"rows: {one.line()}" for one in prepared.findings.errors] + machine.problems
    shown: list[Example] = []
    try:
        shown = _examples(settings, prepared, count)
    except ConfigError as error:
        problems.append(str(error))
    if stdout_is_json(as_json):
        facts = {
            "event": "dry_run",
            "settings": asdict(settings),
            "tokens": "estimated" if count is None else "counted",
            "train": prepared.summary.to_dict(),
            "dev": prepared.dev_summary.to_dict(),
            "findings": prepared.findings.to_dict(),
            "passed_over": [*prepared.problems, *prepared.remarks],
            "examples": [_example(one) for one in shown],
            "machine": machine.facts,
            "warnings": machine.warnings,
            "problems": problems,
        }
        print_json(json.dumps(facts, ensure_ascii=False))
    else:
        for line in _page(write_settings(settings), prepared, shown, machine, counted=count is not None):
            print_line(printable(line))
        for problem in problems or ["none: the run can begin"]:
            print_line(printable(f"problem: {problem}" if problems else f"problems: {problem}"))
    return USAGE if problems else OK


def _tokenizer(settings: "Settings") -> _CountTokens | None:
    """Count tokens with the model's own tokenizer where it lies on this machine; None: they are estimated."""
    from ..torch_imports import import_heavy

    try:
        transformers = import_heavy("transformers")
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            settings.model.name, revision=settings.model.revision, local_files_only=True
        )
    except (ConfigError, OSError, ValueError, KeyError, AttributeError, TypeError, RuntimeError):
        return None  # not installed, not here, or of no kind that is known: the run itself will say
    return lambda text: len(tokenizer(text, add_special_tokens=False).input_ids)


def _examples(settings: "Settings", prepared: "Prepared", count: _CountTokens | None) -> "list[Example]":
    """Render the first rows; pictures go to a folder that is gone afterwards."""
    from ..training.preparing import rendered

    with tempfile.TemporaryDirectory() as folder:
        rows = prepared.train[:SHOWN]
        return list(rendered(rows, settings.data, method=settings.method, folder=Path(folder), count_tokens=count))


def _example(example: "Example") -> dict[str, Any]:
    return {
        "row_id": example.row_id,
        "messages": list(example.messages),
        "completion": example.completion,
        "pictures": len(example.frames),
        "thinks": example.thinks,
        "prompt_tokens": example.prompt_tokens,
        "notes": list(example.notes),
    }


def _about_rewards(settings: "Settings", prepared: "Prepared") -> list[str]:
    """Play the gaming battery and compare the terms with the rows, as the run will; return what it would warn of."""
    from ..training.paying.checks import missing_references, refuse_gameable

    references = [replace(row.reference, cueset=row.cueset) for row in prepared.train]
    return [*refuse_gameable(settings.rewards).told, *missing_references(settings.rewards, references)]


class _Machine:
    """What this machine is, what the run takes, and what stands in its way."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.problems: list[str] = []

    @classmethod
    def of(cls, settings: "Settings", prepared: "Prepared") -> "_Machine":
        from ..training.machine.looking import this_machine
        from ..training.machine.memory import memory_of
        from ..training.machine.refusing import refuse_impossible
        from ..training.machine.trainer_config import trainer_config
        from ..training.model.adapters import settled

        made = cls()
        try:
            here = this_machine(settings.model.device)
            made.facts = asdict(here)
            settings, told = settled(settings)
            made.warnings += [*told, *refuse_impossible(settings, here)]
            memory = memory_of(settings)
            if memory is not None:
                made.facts["needs_gib"] = {**asdict(memory), "total": round(memory.total, 1)}
            with tempfile.TemporaryDirectory() as folder:  # some keys make TRL write to the run's folder
                trainer_config(replace(settings, output=replace(settings.output, folder=folder)), machine=here)
            if settings.method == "grpo":
                made.warnings += _about_rewards(settings, prepared)
        except ConfigError as error:
            made.problems.append(str(error))
        return made

    def lines(self) -> Iterator[str]:
        """Say it in words."""
        if self.facts:
            gpus = f"{self.facts['gpus']} x {self.facts['gpu_name']}, " if self.facts["gpus"] else "no GPU, "
            memory = f"{self.facts['memory_bytes'] / _GIB:.0f} GiB of memory"
            processes = self.facts["processes"]
            yield f"machine: {gpus}{memory}, {processes} process{'es' if processes > 1 else ''}"
        needs = self.facts.get("needs_gib")
        if needs is not None:
            parts = ", ".join(f"{name} {needs[name]:.1f}" for name in _PARTS if needs[name] >= 0.05)
            yield f"memory on one GPU, estimated: {needs['total']:.0f} GiB ({parts}), {needs['tokens']} tokens a row"
        elif self.facts:
            yield "memory on one GPU: not known for this model"
        yield from (f"warning: {text}" for text in self.warnings)


_PARTS: Final = ("weights", "adapter", "activations", "logits", "generation", "vllm", "overhead")


def _page(
    toml: str, prepared: "Prepared", shown: "Sequence[Example]", machine: _Machine, *, counted: bool
) -> Iterator[str]:
    yield "== settings"
    yield from toml.strip().splitlines()
    for name, summary in (("train", prepared.summary), ("dev", prepared.dev_summary)):
        if summary.rows or name == "train":
            yield ""
            yield f"== rows: {name} (tokens {'counted by the model' if counted else 'estimated'})"
            yield from summary.lines()
    yield ""
    yield "== checks"
    yield from (*prepared.problems, *prepared.remarks)
    yield from prepared.findings.lines() or ["nothing found"]
    said: set[str] = set()
    for number, example in enumerate(shown, 1):
        yield ""
        yield f"== row {number} of {len(prepared.train)}: {example.row_id}"
        yield from _rendered(example, said)
    yield ""
    yield "== machine"
    yield from machine.lines()


def _rendered(example: "Example", said: set[str]) -> Iterator[str]:
    """Show a row; instructions that were shown with another one are not repeated."""
    for message in example.messages:
        yield f"[{message['role']}]"
        text = _text(message["content"])
        yield "(as above)" if text in said else text
        if message["role"] == "system":
            said.add(text)
    if example.completion is not None:
        yield "[assistant] (to learn)"
        yield example.completion
    asked = "with a chain of thought" if example.thinks else "without a chain of thought"
    yield f"-- {example.prompt_tokens} tokens of prompt, {len(example.frames)} pictures, {asked}"
    for note in example.notes:
        yield f"-- {note}"


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join("[picture]" if part.get("type") == "image" else part.get("text", "") for part in content)
