"""Explanation: what a clip expresses, why, and where each claim can be checked.

It speaks of *expressed* emotion, never of an inner state.
"""

from dataclasses import dataclass

from .cue import Gap
from .labels import Polarity


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of the reasoning and the cues it points to.

    ``polarity`` is ``negated`` when the sentence says that something is not there. ``start_s`` and ``end_s`` span the
    cited cues (None when none of them has a span).
    """

    sentence: str
    cue_ids: tuple[str, ...] = ()
    polarity: Polarity = "affirmed"
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True)
class EmotionProbability:
    """Probability of one emotion; a distribution's probabilities sum to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of the same cues and why it was not preferred."""

    label: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The explained clip.

    Attributes
    ----------
    clip : str
        The clip's id.
    labels : tuple of str
        Open-vocabulary labels, strongest first; what the wheel metrics score.
    label_cues : dict
        Label -> ids of the cues cited for it.
    emotions : tuple of EmotionProbability
        Distribution over the seven classes of ``records.labels.EMOTIONS``; given even when abstained.
    compounds : tuple of EmotionProbability
        Compound emotions (``happily surprised``), strongest first; empty unless asked for.
    valence, arousal : float or None
        In [-1, 1].
    action_units : tuple of str
        Codes of the action units the answer rests on.
    claims : tuple of Claim
        The sentences of the reasoning that cite cues.
    interpretation : str or None
        What the observations mean together.
    alternatives : tuple of Alternative
        Other readings.
    abstained : bool
        True when the evidence is too thin to name an emotion; ``abstain_reason`` says why.
    reasoning : str or None
        The raw chain of thought as written.
    engine, model, prompt_version : str or None
        What wrote it.
    generation : dict or None
        How a language model was run: ``temperature``, ``top_p``, ``max_tokens``, ``seed``, ``samples``,
        ``adapter``, and what it cost: ``prompt_tokens``, ``completion_tokens``.
    gaps : tuple of Gap
        What could not be observed.
    notes : tuple of str
        Plain sentences the reader needs (what the engine could not take, what was repaired).
    """

    clip: str
    labels: tuple[str, ...] = ()
    label_cues: dict[str, tuple[str, ...]] | None = None
    emotions: tuple[EmotionProbability, ...] = ()
    compounds: tuple[EmotionProbability, ...] = ()
    valence: float | None = None
    arousal: float | None = None
    action_units: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    interpretation: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    abstained: bool = False
    abstain_reason: str | None = None
    reasoning: str | None = None
    engine: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    generation: dict[str, float | int | str | None] | None = None
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """HTML for notebooks: labels, distribution, claims with times and cue ids, gaps, notes, the notice."""
        from .display import explanation_html

        return explanation_html(self)
