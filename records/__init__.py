"""Records: what flows between the stages. Ground floor: imports nothing of the package but its errors."""

from .clip import Clip, Turn
from .cue import Cue, CueSet, Gap
from .curve import Curve
from .explanation import Alternative, Claim, EmotionProbability, Explanation
from .reference import Reference
from .row import Frame, TrainingRow
from .score import Score

__all__ = [
    "Alternative",
    "Claim",
    "Clip",
    "Cue",
    "CueSet",
    "Curve",
    "EmotionProbability",
    "Explanation",
    "Frame",
    "Gap",
    "Reference",
    "Score",
    "TrainingRow",
    "Turn",
]
