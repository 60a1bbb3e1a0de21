"""Runs at the start of every Python whose PYTHONPATH holds this folder (``torch_imports.child_environment``).

It installs the torchvision hook, which costs no import of torch, ends the process with the one it works for where that
is asked for, and then runs the ``sitecustomize`` that this file hides, if there is one further down the path. Nothing
here needs the package to be installed where it runs.
"""

import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType

_HERE = os.path.dirname(os.path.realpath(__file__))
_ABOVE = os.path.dirname(_HERE)


def _beside(name: str) -> ModuleType | None:
    """Load a file of the folder above by its path."""
    spec = importlib.util.spec_from_file_location(f"_emoreason_{name}", os.path.join(_ABOVE, f"{name}.py"))
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _prepare() -> None:
    if (hook := _beside("torchvision_ops")) is not None:
        hook.install()
    if "EMOREASON_LIFELINE" in os.environ and (lifeline := _beside("lifeline")) is not None:
        lifeline.hold()


def _run_hidden() -> None:
    """Load the next ``sitecustomize`` in our place; what goes wrong in it is reported as if we were not here."""
    further = [entry for entry in sys.path if os.path.realpath(entry or ".") != _HERE]
    spec = PathFinder.find_spec("sitecustomize", further)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    try:
        _prepare()
    except Exception as error:  # an interpreter must start, whatever became of this folder
        sys.stderr.write(f"emoreason: this process was not prepared: {error}\n")
    _run_hidden()
