"""Manifest of an evaluation: everything its numbers depend on, so that the same manifest means the same numbers."""

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..errors import ConfigError
from ..prompts.version import PROMPT_VERSION

#: Packages that figures come from; one that is not installed is left out.
_PACKAGES: Final = ("numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "sentence-transformers", "torch")
_ROOT: Final = (__package__ or "").rpartition(".")[0]
_CHUNK: Final = 1 << 20


def manifest_of(
    inputs: Iterable[tuple[str, str | Path]],
    *,
    seed: int,
    resamples: int,
    level: float,
    settings: Mapping[str, Any],
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Say what an evaluation was made from, as a JSON value.

    Parameters
    ----------
    inputs : iterable of (role, path)
        Files that were read (``gold``, ``predictions``, ``train-gold`` …).
    seed, resamples, level
        How values were drawn.
    settings : mapping
        What the suites were told.
    command : sequence of str
        The command line.

    Raises
    ------
    ConfigError
        A file cannot be read.
    """
    return {
        "command": list(command),
        "inputs": [_file(role, Path(path)) for role, path in inputs],
        "seed": seed,
        "resamples": resamples,
        "level": level,
        "settings": dict(settings),
        "tables_sha256": tables_sha256(),
        "prompts": PROMPT_VERSION,
        "versions": versions(),
    }


def _file(role: str, path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    return {"role": role, "file": path.name, "bytes": size, "sha256": digest.hexdigest()}


@cache
def tables_sha256() -> str:
    """One hash of all tables that scores rest on (names and contents; line endings are the checkout's)."""
    digest = hashlib.sha256()
    for folder in ("rewards", "eval"):
        for name, table in sorted(_tables(files(f"{_ROOT}.{folder}"), folder)):
            content = table.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _tables(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    """Yield what lies in the folders ``data`` of a part of the package."""
    for place in folder.iterdir():
        inner = f"{name}/{place.name}"
        if place.is_dir() and not place.name.startswith("_"):
            yield from _tables(place, inner)
        elif "data" in inner.split("/")[:-1]:
            yield inner, place


def versions() -> dict[str, str]:
    """Return the versions of this package, Python and the packages that figures come from."""
    found = {"emoreason": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
