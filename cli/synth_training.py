"""Training within ``emoreason synth --iterate``: rows -> an adapter, and a writer that writes with it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..training.machine.place import place
from .train_progress import following
from .train_quiet import quiet_libraries

if TYPE_CHECKING:
    from ..data_synth.draft import Writer
    from ..data_synth.pipeline import MakeWriter
    from ..reasoning.conversation import Manner
    from ..reasoning.conversation.memory import Memory
    from ..training.settings import Settings


class Trainer:
    """Trains by ``emoreason train sft``; the adapter then writes in this process (engine transformers).

    Parameters
    ----------
    source : str
        TOML file or preset. Rows, dev rows and folder are filled in.
    overrides : tuple of str
        ``section.key=value``.
    as_json : bool or None
        How progress is told.

    Attributes
    ----------
    parameters : mapping
        What decides what it comes to.
    """

    def __init__(self, source: str, overrides: tuple[str, ...], *, as_json: bool | None) -> None:
        self._source, self._overrides, self._as_json = source, overrides, as_json
        from ..training.settings.writing import write_settings

        settings = self._settings(Path("rows.jsonl"), Path("adapter"), absolute=False)
        digest = hashlib.sha256(write_settings(settings).encode()).hexdigest()[:16]
        self.parameters: dict[str, Any] = {"model": settings.model.name, "settings": digest}

    def __call__(self, rows: Path, folder: Path) -> "MakeWriter":
        """Train, or go on training; nothing where that was done."""
        from ..training.sft import train_sft

        settings = self._settings(rows, folder)
        with following(self._as_json, place()) as teller, quiet_libraries():
            outcome = train_sft(settings, on_event=teller)
            teller.end(outcome)
        return lambda memory: _writer(settings, outcome.folder, memory)

    def _settings(self, rows: Path, folder: Path, *, absolute: bool = True) -> "Settings":
        from ..training.settings.reading import read_settings

        file, out = (str(path.absolute()) if absolute else f"/{path}" for path in (rows, folder))
        names = json.dumps([file])
        ours = (f"data.train={names}", f"data.dev={names}", f"output.folder={json.dumps(out)}", "output.merge=false")
        return read_settings(self._source, (*self._overrides, *ours), method="sft")


def fitting(manner: "Manner", context: int | None) -> "Manner":
    """Manner whose replies leave at least half of a model's context (tokens; None: not known) to its prompts.

    Examples
    --------
    >>> from emoreason.reasoning.conversation import Manner
    >>> [fitting(Manner(), context).sampling.max_tokens for context in (None, 32_768, 2_048)]
    [2048, 2048, 1024]
    """
    if context is None or manner.sampling.max_tokens <= context // 2:
        return manner
    return replace(manner, sampling=replace(manner.sampling, max_tokens=context // 2))


def _writer(settings: "Settings", adapter: Path, memory: "Memory") -> "Writer":
    from ..data_synth.teacher import teacher
    from ..reasoning.engines import load_engine

    engine: Any = load_engine(
        "transformers", model=settings.model.name, adapter=str(adapter), device=settings.model.device
    )
    engine.manner = fitting(engine.manner, engine.capabilities().context_tokens)
    # It is asked just as its rows ask.
    return teacher(engine, concurrency=1, memory=memory, plain=True)
