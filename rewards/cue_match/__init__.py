"""Rewards for naming the cues that people named: EmoCue-360 as published, and a form that is harder to please.

EmoCue-360 (:mod:`.emocue360`) takes the best cosine of each clause on either side. It has no threshold and no
assignment: one generic clause serves every clue, forty of them outscore a real model, and repeating the subtitle pays.
:class:`CueMatch` therefore

1. leaves out clauses that only repeat or discuss the words spoken, on both sides;
2. gives a pair of clauses ``(cosine - threshold) / (1 - threshold)`` as credit, nothing where they contradict each
   other and half where their intensities are two steps apart or one of them names both poles (:mod:`.clauses`);
3. matches one to one (the assignment with the most credit), so that precision, recall and F1 share one numerator and
   every further clause costs precision;
4. subtracts the floor: the mean F1 of the same clauses against the clues of other clips. What any clip's clues would
   earn is no evidence. ``value = max(0, (f1 - floor) / (1 - floor))``, corrected for chance as Cohen's kappa is.
"""

from .emocue360 import EmoCue360
from .robust import CueMatch

__all__ = ["CueMatch", "EmoCue360"]
