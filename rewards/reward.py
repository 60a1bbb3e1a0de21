"""What a reward is: a function of one completion and its reference, and the names of those there are.

Every reward obeys three rules:

- it returns None when the *reference* does not hold what it needs, and never because of what was written (else a model
  could make a term vanish); only the judge may also return None when it could not be reached;
- it never raises on a completion, whatever its text, and takes time linear in its length;
- its parts say what the value was made of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast, runtime_checkable

from ..plugin import load_plugin
from ..records import Reference, Score
from .completion import Completion, read_completion


class Reward(Protocol):
    """Scores one completion."""

    def __call__(self, completion: Completion, reference: Reference, /) -> Score | None:
        """Score it, or None when the reference does not hold what this reward compares with."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One completion and what it is compared with."""

    completion: Completion
    reference: Reference

    @classmethod
    def of(cls, text: str, reference: Reference) -> "Case":
        """Read the text (once; see :func:`emoreason.rewards.completion.read_completion`)."""
        return cls(read_completion(text), reference)


@runtime_checkable
class BatchReward(Protocol):
    """Scores many completions at once: embeddings and judges are cheaper together."""

    def score_many(self, cases: Sequence[Case], /) -> list[Score | None]:
        """Score the cases, in their order."""
        ...


#: Name -> where it stands. A class is instantiated without arguments.
REWARDS: Final[dict[str, str]] = {
    name: f"{__package__}.{place}"
    for name, place in {
        "format": "format:score_format",
        "wheel": "wheel:score_wheel",
        "wheel_official": "wheel:score_wheel_official",
        "label": "label:score_label",
        "distribution": "distribution:score_distribution",
        "valence_arousal": "valence_arousal:score_valence_arousal",
        "action_units": "action_units:score_action_units",
        "grounding": "grounding:score_grounding",
        "cue_match": "cue_match:CueMatch",
        "cue_match_emocue360": "cue_match:EmoCue360",
        "consistency": "consistency:score_consistency",
        "length": "length:score_length",
        "tree": "tree:score_tree",
        "judge": "judge:Judge",
    }.items()
}


def reward_named(name: str) -> Reward | BatchReward:
    """Reward of that name, of ``package.module:function`` or of ``file.py:function``.

    Raises
    ------
    ConfigError
        There is none, or it cannot be loaded.
    """
    found = load_plugin(name, REWARDS, "reward")
    return cast("Reward | BatchReward", found() if isinstance(found, type) else found)


def score_cases(reward: Reward | BatchReward, cases: Sequence[Case]) -> list[Score | None]:
    """Score all cases, in one go where the reward can."""
    if isinstance(reward, BatchReward):
        return reward.score_many(cases)
    one: Callable[[Completion, Reference], Score | None] = reward
    return [one(case.completion, case.reference) for case in cases]
