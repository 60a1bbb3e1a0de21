"""Labels and clues out of free text, read by a language model: what text metrics compare.

The field has a language model list the emotions that a description clearly identifies (OV-MER, AffectGPT: sampled at
temperature .7 without a seed) and split it into clues (EmoCue-360). Here both are greedy and seeded unless asked
otherwise, the prompt's version and the model are recorded, the reply's schema is enforced where the engine can, and a
clue counts only with the words of the text that it rests on: models invent.
"""

from .asking import Answered, ask_model
from .clues import Clue, Clues, extract_cues
from .labels import Labels, canonical_label, extract_labels

__all__ = ["Answered", "Clue", "Clues", "Labels", "ask_model", "canonical_label", "extract_cues", "extract_labels"]
