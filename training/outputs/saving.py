"""The adapter and what reads its prompts, put into the run's folder: each file whole or not there.

What the trainer saves beside it stays out: its pickled arguments, a card that holds paths of this machine, the frozen
copy of the adapter that GRPO compares with.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...errors import TrainingError
from ...torch_imports import import_heavy
from ..settings import ModelSettings

#: Written last: a folder without it is not loaded as an adapter.
CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
_LEFT_OUT: Final = frozenset({"README.md", "training_args.bin"})
_PARTIAL: Final = ".saving"


def save_adapter(trainer: Any, model: ModelSettings, folder: Path) -> None:
    """Save what the trainer has trained. Every process of the run calls it; the first one writes.

    Parameters
    ----------
    trainer : transformers.Trainer
        Its own ``save_model`` gathers weights that are spread over processes.
    model : ModelSettings
        The base model, which the adapter's configuration names.
    folder : Path
        That of the run.

    Raises
    ------
    TrainingError
        The trainer saved no adapter.
    """
    partial = folder / _PARTIAL
    first = trainer.is_world_process_zero()
    if first:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    _wait(trainer)
    trainer.save_model(str(partial))
    _wait(trainer)
    if first:
        _put(partial, folder, model)
    _wait(trainer)


def _put(partial: Path, folder: Path, model: ModelSettings) -> None:
    if not all((partial / name).is_file() for name in (CONFIG, WEIGHTS)):
        raise TrainingError(f"the trainer saved no adapter in {partial}; expected {WEIGHTS} and {CONFIG}")
    config = json.loads((partial / CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base_name(model.name)
    config["revision"] = model.revision
    (partial / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    files = sorted(path for path in partial.iterdir() if path.is_file() and path.name not in _LEFT_OUT)
    for path in sorted(files, key=lambda path: path.name == CONFIG):
        os.replace(path, folder / path.name)
    shutil.rmtree(partial, ignore_errors=True)


def base_name(name: str) -> str:
    """Name of the base model for the adapter's configuration: that of a folder holds from wherever it is loaded."""
    return str(Path(name).absolute()) if Path(name).is_dir() else name


def _wait(trainer: Any) -> None:
    trainer.accelerator.wait_for_everyone()


def versions() -> dict[str, str]:
    """Versions of what a run stands on."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "emoreason": __version__}
    for name in ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "deepspeed", "vllm"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def count_weights(model: Any) -> dict[str, int]:
    """Weights of the model in all, and those that are trained; of a model that is spread over processes, too."""

    def size(weight: Any) -> int:
        return int(getattr(weight, "ds_numel", weight.numel()))

    torch = import_heavy("torch")
    weights = [weight for weight in model.parameters() if isinstance(weight, torch.nn.Parameter)]
    return {"all": sum(map(size, weights)), "trained": sum(size(weight) for weight in weights if weight.requires_grad)}
