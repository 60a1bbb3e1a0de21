"""Labelled examples that are shown to a model before the clip it is to explain.

A file of them is JSON Lines, one object a line (:mod:`.reading`). Those most like a clip are found by embeddings of
what their cues say, and never the clip itself, nor one with the same words or cues, nor another clip of its group:
an example that holds the answer is no example (:mod:`.index`).
"""

from .example import Demonstration
from .index import DemonstrationIndex, Found

__all__ = ["Demonstration", "DemonstrationIndex", "Found"]
