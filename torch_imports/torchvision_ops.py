"""An import hook that lets torchvision load beside a torch without CUDA.

The package registry's torchvision is built for CUDA. Beside a CPU-only torch its C++ operators cannot be loaded, and
``import torchvision`` fails with ``operator torchvision::nms does not exist``; trl, peft and sentence-transformers then
fail with it. All that is missing is the declaration of two operators: declared, torchvision loads and everything that
needs no compiled operator works (calling one raises torchvision's own clear error).

This file needs nothing but the standard library and imports nothing of the package: child processes load it by its
path, in any environment (``children/sitecustomize.py``).
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: Operators whose shape functions torchvision registers by name while it is imported (0.28, _meta_registrations.py).
SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_ASKED_FOR = "torchvision._meta_registrations"
#: Declared operators live as long as the library object that declared them.
_declared: list[Any] = []


class DeclareOperators(MetaPathFinder):
    """Finds no module; declares the operators at the moment torchvision is about to ask for them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None, always: the finders behind this one do the finding."""
        if fullname == _ASKED_FOR:
            declare_missing_operators()
        return None


def declare_missing_operators() -> bool:
    """Declare what torchvision's extension would have declared, and return whether that was needed.

    It is not where torch has CUDA (a torchvision that does not load there is broken and should say so), nor where the
    extension is loaded. torch and ``torchvision.extension`` are imported before torchvision asks for the operators.
    """
    torch, extension = sys.modules.get("torch"), sys.modules.get("torchvision.extension")
    if torch is None or extension is None or torch.version.cuda is not None or extension._has_ops():
        return False
    if hasattr(torch.ops.torchvision, "nms"):  # someone else's remedy came first
        return False
    library = torch.library.Library("torchvision", "FRAGMENT")  # as "DEF", but does not forbid others to add theirs
    for schema in SCHEMAS:
        library.define(schema)
    _declared.append(library)
    return True


def install() -> None:
    """Put the hook first among the finders, once a process (also when this file was loaded twice, by name and path)."""
    if not any(type(finder).__name__ == DeclareOperators.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, DeclareOperators())
