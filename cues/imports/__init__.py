"""Cues from what other tools measured: OpenFace, py-feat, blendshapes, openSMILE.

The tables are read by ``formats/``; here their curves become events, cues, curves and gaps. What was measured
elsewhere keeps its tool's scale, says so (mark ``other_scale``, gap ``imported``), and is never compared with a norm
of ours.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .face import import_face
    from .voice import import_voice

__all__ = ["import_face", "import_voice"]


def __getattr__(name: str) -> Any:
    """Import the readers when they are asked for: numpy, scipy and pandas are slow to load."""
    if name == "import_face":
        from .face import import_face

        return import_face
    if name == "import_voice":
        from .voice import import_voice

        return import_voice
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
