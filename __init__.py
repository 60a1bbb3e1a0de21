"""emoreason: explain the emotion a clip expresses, with evidence anyone can check.

>>> import emoreason
>>> explanation = emoreason.explain("clip.mp4")  # doctest: +SKIP
>>> table = emoreason.cues.extract("clip.mp4").to_dataframe()  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import cues, errors, prompts, reasoning, records
    from .reasoning.explain import explain, explain_cues

__version__ = "0.1.0"

__all__ = ["__version__", "cues", "errors", "explain", "explain_cues", "prompts", "reasoning", "records"]

# Public name -> (module, attribute), imported on first use so that `import emoreason` costs nothing.
_LAZY = {
    "cues": (".cues", None),
    "errors": (".errors", None),
    "prompts": (".prompts", None),
    "reasoning": (".reasoning", None),
    "records": (".records", None),
    "explain": (".reasoning.explain", "explain"),
    "explain_cues": (".reasoning.explain", "explain_cues"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module_name, attribute = _LAZY[name]
    module = importlib.import_module(module_name, __name__)
    return module if attribute is None else getattr(module, attribute)


def __dir__() -> list[str]:
    return __all__
