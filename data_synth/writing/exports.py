"""``export/``: rows and pairs as the files that other trainers read, one folder a form, one file a split.

``trl-sft``, ``trl-grpo``, ``swift``, ``easyr1`` and ``sharegpt`` are written by ``training/examples/exports.py``, which
says what stands in them. ``trl-dpo`` has ``prompt``, ``chosen`` and ``rejected``, each a list of chat messages (TRL's
preference format with an explicit prompt), and ``row_id``, ``kind``, ``why``. Beside the files of ``sharegpt`` stands a
``dataset_info.json`` for LLaMA-Factory.

What a form has no place for is left out: rows without a target (SFT, DPO), and rows that ask a question about the cues
(GRPO, DPO: nothing is known to reward).
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final

from ...errors import ConfigError, RecordError
from ...prompts.presets import preset_named
from ...records import TrainingRow
from ...training.example import Example
from ...training.examples.exports import exported, reference_text
from ...training.examples.holding_back import plans_for
from ...training.examples.rendering import render_example
from ...training.examples.targets import adapt_target
from ...training.settings import DataSettings, Method
from ..negatives.claims import thought
from ..preferences import Preference, read_preferences
from ..split import SPLITS
from .rows import read_rows

EXPORT: Final = "export"
DPO: Final = "trl-dpo"
#: Name -> the form and method of ``training/examples/exports.py``.
_EXAMPLES: Final[Mapping[str, tuple[str, Method]]] = {
    "trl-sft": ("trl", "sft"),
    "trl-grpo": ("trl", "grpo"),
    "swift": ("swift", "sft"),
    "easyr1": ("easyr1", "grpo"),
    "sharegpt": ("sharegpt", "sft"),
}
FORMS: Final = ("trl-sft", "trl-grpo", DPO, "swift", "easyr1", "sharegpt")

_DATA: Final = DataSettings(train=())


def write_exports(folder: Path, forms: Sequence[str] = FORMS) -> dict[str, dict[str, int]]:
    """Write exports of the rows of a synthesis; return form -> split -> how many.

    Rows without a split are in ``train``. Files of an earlier run that have no rows now are removed.

    Parameters
    ----------
    folder : Path
        That holds ``rows.jsonl`` and perhaps ``preferences.jsonl``. Both are read once.
    forms : sequence of str
        Of :data:`FORMS`.

    Raises
    ------
    ConfigError
        There is no such form.
    RecordError
        A row cannot be read or written.
    """
    pairs = groupby(read_preferences(folder), key=lambda pair: pair.row) if DPO in forms else iter(())
    with exporting(folder, forms) as exports:
        row_id, of_row = next(pairs, (None, iter(())))
        for row in read_rows(folder) if forms else ():
            if row.id != row_id:
                exports.add(row)
                continue
            exports.add(row, of_row)
            row_id, of_row = next(pairs, (None, iter(())))
    return exports.counts


@contextmanager
def exporting(folder: Path, forms: Sequence[str] = FORMS) -> "Iterator[Exports]":
    """Yield the exports of a folder, to add rows to; parameters and errors are those of :func:`write_exports`."""
    if strange := [name for name in forms if name not in FORMS]:
        raise ConfigError(f"there is no export {strange[0]!r}; expected some of {', '.join(FORMS)}")
    try:
        with Exports(folder / EXPORT, forms) as exports:
            yield exports
    except OSError as error:
        raise RecordError(f"{folder / EXPORT}: cannot be written: {error.strerror or error}") from error


class Exports:
    """The files of some forms, to which rows are added one by one; all of them appear, or none.

    A context manager. Attribute ``counts``: form -> split -> how many lines.

    Parameters
    ----------
    folder : Path
        ``export/``.
    forms : sequence of str
        Of :data:`FORMS`.
    """

    def __init__(self, folder: Path, forms: Sequence[str]) -> None:
        self._folder = folder
        self._sft = [name for name in forms if name != DPO and _EXAMPLES[name][1] == "sft"]
        self._grpo = [name for name in forms if name != DPO and _EXAMPLES[name][1] == "grpo"]
        self._pairs = DPO in forms
        self._files = _Files(folder, forms)
        self.counts = self._files.counts

    def __enter__(self) -> "Exports":
        """Begin."""
        self._files.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Put the files in their places, or remove what was begun."""
        self._files.__exit__(kind, *rest)
        if kind is None and "sharegpt" in self.counts:
            info = json.dumps(_dataset_info(self.counts["sharegpt"]), indent=2) + "\n"
            (self._folder / "sharegpt" / "dataset_info.json").write_text(info, encoding="utf-8")

    def add(self, row: TrainingRow, pairs: Iterable[Preference] = ()) -> None:
        """Add a row to all forms that have a place for it, and its pairs; it is rendered once for all of them."""
        learnt = render_example(row, _DATA) if row.target is not None else None
        text = None
        if learnt is not None:
            text = reference_text(learnt.reference)
            self._add(row, self._sft, learnt, "sft", text)
            for pair in pairs if self._pairs else ():
                if (value := _preference(row, learnt, pair)) is not None:
                    self._files.add(DPO, row.split or "train", value)
        if self._grpo and row.question is None:
            rewarded = _without_target(row, learnt)
            same = learnt is not None and rewarded.reference is learnt.reference
            self._add(row, self._grpo, rewarded, "grpo", text if same else None)

    def _add(self, row: TrainingRow, names: Sequence[str], example: Example, method: Method, text: str | None) -> None:
        for name in names:
            form, _ = _EXAMPLES[name]
            value = exported(example, form, vision=False, method=method, reference=text)
            self._files.add(name, row.split or "train", value)


class _Files:
    """The files of some forms, each of which appears whole when all are, or not at all."""

    def __init__(self, folder: Path, forms: Sequence[str]) -> None:
        self._folder = folder
        self._open: dict[Path, IO[str]] = {}
        self.counts: dict[str, dict[str, int]] = {name: {} for name in forms}

    def add(self, form: str, split: str, value: Mapping[str, Any]) -> None:
        """Add a line to the file of a form and split."""
        path = self._folder / form / f"{split}.jsonl"
        if path not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(_partial(path), "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed at the end
            self._open[path] = file
        self._open[path].write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
        self.counts[form][split] = self.counts[form].get(split, 0) + 1

    def __enter__(self) -> "_Files":
        """Make the folders."""
        for form in self.counts:
            (self._folder / form).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the files in their places, or remove what was begun."""
        for path, file in self._open.items():
            file.close()
            if kind is not None:
                _partial(path).unlink(missing_ok=True)
        if kind is not None:
            return
        for form in self.counts:
            for path in (self._folder / form / f"{split}.jsonl" for split in SPLITS):
                if path in self._open:
                    os.replace(_partial(path), path)
                else:
                    path.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _without_target(row: TrainingRow, learnt: Example | None) -> Example:
    """Return the example that rewards teach: the same but for the target, where that did not change what is asked."""
    if learnt is None or learnt.thinks != preset_named(row.preset).thinks:
        return render_example(row, _DATA, method="grpo")
    return replace(learnt, completion=None)


def _preference(row: TrainingRow, learnt: Example, pair: Preference) -> dict[str, Any] | None:
    """Line of a pair; None where nothing is left of the difference in what the prompt shows."""
    try:
        worse = _completion(row, learnt, pair.rejected)
    except RecordError:  # a failed draft may be no answer at all
        return None
    if worse is None or learnt.completion == worse:
        return None
    return {
        "prompt": list(learnt.messages),
        "chosen": [{"role": "assistant", "content": learnt.completion}],
        "rejected": [{"role": "assistant", "content": worse}],
        "row_id": row.id,
        "kind": pair.kind,
        "why": pair.why,
    }


def _completion(row: TrainingRow, learnt: Example, text: str) -> str | None:
    """Return a text as the target of a row for what its prompt shows; None where another prompt would ask for it."""
    if learnt.thinks and learnt.completion is not None and thought(text):
        # The prompt is that of the target, but where too little of the text rests on what is shown.
        plan, *others = plans_for(row, _DATA, _DATA.seed)
        shown = frozenset(learnt.reference.shown or ())
        view = replace(plan.cueset, cues=tuple(cue for cue in plan.cueset.cues if cue.id in shown))
        adapted = adapt_target(text, row.cueset, view, thinks=True, sees=False)
        if not others:
            return adapted.text if adapted.keeps_evidence else None
    example = render_example(replace(row, target=text), _DATA)
    return example.completion if example.messages == learnt.messages else None


def _dataset_info(counts: Mapping[str, int]) -> dict[str, Any]:
    columns = {"messages": "conversations", "system": "system"}
    return {
        f"emoreason_{split}": {"file_name": f"{split}.jsonl", "formatting": "sharegpt", "columns": columns}
        for split in counts
    }
