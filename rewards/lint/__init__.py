"""Plays a gaming battery against a reward, on CPU, before GPU hours are spent on what it really pays for.

Eight self-made scenes (five English, three Chinese) each have cues that the prompt showed, cues that it did not, a
reference, and an honest answer. Twenty-one attacks (:mod:`.attacks`) are scored beside it. An attack **wins** when its
mean over the scenes is at least the honest mean minus 0.02; it does not apply where the reward reads nothing of what
the attack changes (:mod:`.probes`). A score of None for an attack counts 0, as TRL sums it.

The target is called as TRL calls it: ``f(completions=…, prompts=…, **columns)``, completions as text, or as messages
where it cannot take text. Its columns are :data:`COLUMNS`.
"""

from .run import MARGIN, LintReport, Outcome, lint
from .target import COLUMNS, Target, load_target

__all__ = ["COLUMNS", "MARGIN", "LintReport", "Outcome", "Target", "lint", "load_target"]
