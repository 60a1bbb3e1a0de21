"""Plug-ins: a registry is a dict of names plus ``package.module:attribute`` or ``file.py:attribute``."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import ConfigError


def load_plugin(name: str, registry: Mapping[str, str], kind: str) -> Any:
    """Object behind a registered name or a plug-in spelling.

    Parameters
    ----------
    name : str
        A key of ``registry``, ``package.module:attribute`` or ``path/to/file.py:attribute``.
    registry : mapping of str to str
        Name -> ``module:attribute``.
    kind : str
        What it is (``engine``, ``extractor``), for the error message.

    Raises
    ------
    ConfigError
        There is no such name, module, file or attribute, or importing it fails or ends the program.
    """
    target = registry.get(name, name)
    place, separator, attribute = target.rpartition(":")
    if not separator or not place or not attribute:
        raise ConfigError(
            f"no {kind} is called {name!r}; there are {', '.join(registry)}, "
            "or name your own as package.module:name or path/to/file.py:name"
        )
    if not place.endswith(".py") and not all(part.isidentifier() for part in place.split(".")):
        raise ConfigError(f"{kind} {name!r}: {place} is no module; a file is named path/to/file.py:{attribute}")
    try:
        module = _module_from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # whatever a user's module raises while it is imported, sys.exit() included
        raise ConfigError(f"{kind} {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise ConfigError(f"{kind} {name!r}: {place} has no {attribute}") from error


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    # Registered under a name of its own, so that dataclasses and pickle find the module and two files never collide.
    name = f"emoreason_plugin_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
