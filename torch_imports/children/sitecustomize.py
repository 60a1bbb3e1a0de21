"""Runs at the start of every Python whose PYTHONPATH holds this folder (``torch_imports.child_environment``).

It installs the torchvision hook, which costs no import of torch, and then runs the ``sitecustomize`` that this file
hides, if there is one further down the path. Nothing here needs the package to be installed where it runs.
"""

import importlib.util
import os
import sys
from importlib.machinery import PathFinder

_HERE = os.path.dirname(os.path.realpath(__file__))


def _install_hook() -> None:
    path = os.path.join(os.path.dirname(_HERE), "torchvision_ops.py")
    spec = importlib.util.spec_from_file_location("_emoreason_torchvision_ops", path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.install()


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
        _install_hook()
    except Exception as error:  # an interpreter must start, whatever became of this folder
        sys.stderr.write(f"emoreason: the torchvision hook was not installed: {error}\n")
    _run_hidden()
