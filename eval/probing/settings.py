"""What probes may be told: one record for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...records import CueSet, Reference
from ..stats import RESAMPLES

#: Says where a clip's prompt gives its gold label away, or None; ``(kind, word, place)``.
FindLeak = Callable[[CueSet, Reference], tuple[str, str, str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What probes may be told.

    Attributes
    ----------
    seed : int
        Of all that is drawn.
    resamples, level
        Of the intervals.
    preset, language : str
        Of the question.
    most_cues : int
        Cues of each kind (cited, not cited) that are dropped one by one in each clip; more are drawn from.
    by : tuple of str
        Columns of the gold that make subgroups; empty: all that have at least two values.
    media : bool
        Let the engine see the clip itself. A cue that is dropped from the text can then still be seen.
    vignettes : str or None
        Table of situations (``id, emotion, en, zh``) for the probe of that name; None: the package's own.
    counterfactuals : str or None
        Pairs of clips for the probe of that name, as ``emoreason synth vignettes`` writes them; None: not measured.
    find_leak : callable or None
        The lint of gold labels in prompts, wired by the command line.
    """

    seed: int = 0
    resamples: int = RESAMPLES
    level: float = 0.95
    preset: str = "explain"
    language: str = "en"
    most_cues: int = 8
    by: tuple[str, ...] = ()
    media: bool = False
    vignettes: str | None = None
    counterfactuals: str | None = None
    find_leak: FindLeak | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what decides numbers and is not said elsewhere in a manifest."""
        files = {"vignettes": self.vignettes, "counterfactuals": self.counterfactuals}
        return {
            "preset": self.preset,
            "language": self.language,
            "most_cues": self.most_cues,
            "by": list(self.by),
            "media": self.media,
            **{name: file for name, file in files.items() if file is not None},
        }
