"""Go on where a run was stopped: its last whole checkpoint, if the run in that folder was begun with the same settings.

``OUT/checkpoints`` holds what the trainer saves, ``settings.toml`` (what the run was begun with) and ``begun.json``
(sha256 of the files it reads, number of processes).
"""

import contextlib
import hashlib
import json
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ...errors import ConfigError, TrainingError
from ...reasoning.batch.lock import locked
from ..machine.looking import Machine
from ..machine.place import is_first
from ..machine.trainer_config import CHECKPOINTS
from ..settings import Settings
from ..settings.reading import read_settings
from ..settings.writing import changed_keys, write_settings

#: ``auto``: go on if there is something to go on from; ``always``: refuse to begin anew; ``never``: begin anew.
Resume = Literal["auto", "always", "never"]

_SETTINGS: Final = "settings.toml"
_BEGUN: Final = "begun.json"
#: What a finished run leaves, perhaps without checkpoints.
_ADAPTER: Final = "adapter_config.json"
_STATE: Final = "trainer_state.json"
#: One of them holds the optimiser: of a single process, of FSDP (whole, in shards), of DeepSpeed.
_OPTIMISERS: Final = ("optimizer.pt", "optimizer.bin", "optimizer_0", "latest")
_NAME: Final = re.compile(r"checkpoint-(\d+)")
_LENGTH: Final = struct.Struct("<Q")


@contextlib.contextmanager
def begun(settings: Settings, machine: Machine, resume: str = "auto") -> Iterator[Path | None]:
    """Begin a run in its folder, or go on; the folder belongs to this run while the block runs.

    Every process of a run enters it. Only the first checks, writes, clears and locks: if it refuses, the launcher stops
    the others.

    Parameters
    ----------
    settings : Settings
        Of the run.
    machine : Machine
        Where it takes place; the number of processes decides which rows a step sees.
    resume : {"auto", "always", "never"}
        Go on if there is something to go on from; refuse if there is not; or begin anew, for which the checkpoints of
        an earlier run are removed.

    Yields
    ------
    Path or None
        The checkpoint for ``trainer.train(resume_from_checkpoint=…)``.

    Raises
    ------
    ConfigError
        ``resume`` is none of these, or another run works in the folder.
    TrainingError
        The run in the folder was begun with other settings or other rows, or there is none to go on with.
    """
    if resume not in get_args(Resume):
        raise ConfigError(f"resume is {resume!r}; expected one of {', '.join(get_args(Resume))}")
    place = Path(settings.output.folder) / CHECKPOINTS
    if not is_first():
        yield None if resume == "never" else last_checkpoint(place)
        return
    with contextlib.ExitStack() as held:
        try:
            place.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(place / "lock"))
        except OSError as error:
            raise ConfigError(f"output.folder {place.parent} cannot be written: {error.strerror or error}") from error
        except ConfigError as error:  # it speaks of the option that a batch has for its folder
            raise ConfigError(str(error).replace("--out", "output.folder")) from error
        yield _checkpoint(settings, machine, resume, place)


def last_checkpoint(place: Path) -> Path | None:
    """Return the last checkpoint in a folder that is whole; None when there is none.

    A run that is killed while it saves leaves half a checkpoint, which is passed over.
    """
    found = {int(named[1]): folder for folder in place.glob("checkpoint-*") if (named := _NAME.fullmatch(folder.name))}
    return next((found[step] for step in sorted(found, reverse=True) if _is_whole(found[step], step)), None)


def _checkpoint(settings: Settings, machine: Machine, resume: str, place: Path) -> Path | None:
    facts = {"processes": machine.processes, "sha256": _digests(settings)}
    checkpoint = None if resume == "never" else last_checkpoint(place)
    if checkpoint is None and resume == "always":
        raise TrainingError(f"{place} has no whole checkpoint to go on from; leave out --resume to begin")
    if checkpoint is not None or (resume != "never" and (place.parent / _ADAPTER).is_file()):
        _refuse_other(settings, facts, place)
    if checkpoint is None:
        _clear(place)
    _write(place / _BEGUN, json.dumps(facts, indent=2) + "\n")
    _write(place / _SETTINGS, write_settings(settings))
    return checkpoint


def _refuse_other(settings: Settings, facts: dict[str, Any], place: Path) -> None:
    try:
        before = read_settings(place / _SETTINGS, need_data=False)
        known = json.loads((place / _BEGUN).read_text(encoding="utf-8"))
        other = [*changed_keys(before, settings)]
        other += [] if known["processes"] == facts["processes"] else ["number of processes"]
        files = sorted(known["sha256"].keys() & facts["sha256"].keys())
        other += [f"content of {file}" for file in files if known["sha256"][file] != facts["sha256"][file]]
    except (ConfigError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{place} does not say how its run was begun ({error}); begin anew with --fresh, or name another folder"
        ) from error
    if other:
        raise TrainingError(
            f"{place.parent} holds a run that was begun otherwise: {', '.join(other)}; "
            "give it as it was, begin anew with --fresh, or name another output.folder"
        )


def _digests(settings: Settings) -> dict[str, str]:
    """Sha256 of the files a run reads: rows, and the adapter it goes on from. Missing ones are others' to report."""
    files = [Path(name) for name in (*settings.data.train, *settings.data.dev)]
    if settings.model.adapter is not None:
        files.append(Path(settings.model.adapter) / "adapter_model.safetensors")
    digests = {}
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                digests[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _clear(place: Path) -> None:
    for folder in place.glob("checkpoint-*"):
        if _NAME.fullmatch(folder.name):
            shutil.rmtree(folder)
    for name in (_SETTINGS, _BEGUN):
        (place / name).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Write a file at once: a run that is killed leaves the old one or the new one."""
    partial = path.with_name(f"writing-{path.name}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _is_whole(folder: Path, step: int) -> bool:
    try:
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))  # the trainer writes it last
        weights = [*folder.glob("*.safetensors")]
        return bool(
            state["global_step"] == step
            and any((folder / name).exists() for name in _OPTIMISERS)
            and all(map(_has_all_weights, weights))
            and all(zipfile.is_zipfile(path) for ending in ("pt", "pth", "bin") for path in folder.glob(f"*.{ending}"))
        )
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False


def _has_all_weights(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    with path.open("rb") as file:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        header = json.loads(file.read(length))
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return bool(path.stat().st_size == _LENGTH.size + length + max(ends, default=0))
