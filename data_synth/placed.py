"""Where clips were placed by earlier runs on a folder: kept, so that new clips move none of them between splits.

A model that was trained on the rows of ``train`` must not meet those clips in ``test`` after more clips were added.
"""

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError, RecordError
from ..reasoning.batch.outputs import sync_folder
from .split import SPLITS, Split, Splitting

#: In the folder of what is under way.
PLACED: Final = "splits.json"
_FORMAT: Final = "emoreason-splits/1"


def read_placed(path: Path, splitting: Splitting) -> dict[str, Split]:
    """Read where clips stand.

    Parameters
    ----------
    path : Path
        May not be there.
    splitting : Splitting
        What was placed by other settings is placed anew.

    Returns
    -------
    dict of str to Split
        Clip id -> split; empty where nothing is kept.

    Raises
    ------
    ConfigError
        The file is not what :func:`keep_placed` writes.
    """
    if not path.exists():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["format"] != _FORMAT:
            raise ValueError(f"its format is {value['format']!r}")
        if unknown := set(value["clips"]) - set(SPLITS):
            raise ValueError(f"it has a split {min(unknown)!r}")
        of: dict[str, Split] = {clip: name for name in SPLITS for clip in value["clips"].get(name, ())}
        same = value["splitting"] == _settings(splitting)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({error}); expected where clips were placed before. Remove it and all clips are "
            "split anew, so that one of test may become one of train; or begin anew with --fresh"
        ) from error
    return {clip: name for clip, name in of.items() if name in splitting.shares} if same else {}


def keep_placed(path: Path, splitting: Splitting, of: Mapping[str, Split]) -> None:
    """Write where clips stand, whole or not at all; clips that are no longer in the input stay known.

    Raises
    ------
    ConfigError
        What is there is not what this function wrote.
    RecordError
        It cannot be written.
    """
    clips: dict[str, list[str]] = defaultdict(list)
    for clip, name in {**read_placed(path, splitting), **of}.items():
        clips[name].append(clip)
    value = {"format": _FORMAT, "splitting": _settings(splitting), "clips": clips}
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "w", encoding="ascii") as file:  # half a surrogate pair of an id is escaped
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error


def _settings(splitting: Splitting) -> dict[str, Any]:
    return {name: value for name, value in asdict(splitting).items() if name != "placed"}
