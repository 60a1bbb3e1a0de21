"""Faces: who is in the picture (numbered, never recognised), where they look, and which muscles moved when."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .extractor import FaceExtractor

__all__ = ["FaceExtractor"]


def __getattr__(name: str) -> Any:
    """Import the extractor when it is asked for: OpenCV and the networks' runtime are slow to load."""
    if name == "FaceExtractor":
        from .extractor import FaceExtractor

        return FaceExtractor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
