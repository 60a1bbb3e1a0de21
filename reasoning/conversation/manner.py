"""How a language model is to be asked: sampling, votes, and how much it is shown."""

from dataclasses import dataclass, field

from ...errors import ConfigError
from .turn import Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a model is to be asked.

    Attributes
    ----------
    sampling : Sampling
        How to sample.
    samples : int
        Answers sampled for each clip; more than one are put to a vote (``vote.py``).
    frames : int
        Most pictures shown of a clip; 0 shows none.
    frame_pixels : int
        Most pixels of one picture.
    frame_tokens : int
        Most tokens of all pictures together.
    sound : bool
        Give the clip's sound to a model that takes it.
    budget_tokens : int or None
        Longest text of the prompt, in tokens; None: what the model's context leaves.
    enforce : bool
        Have the engine enforce the answer's schema where it can.

    Raises
    ------
    ConfigError
        A number that cannot be used, or several samples that would all be the same.
    """

    sampling: Sampling = field(default_factory=Sampling)
    samples: int = 1
    frames: int = 8
    frame_pixels: int = 401_408
    frame_tokens: int = 4_096
    sound: bool = True
    budget_tokens: int | None = None
    enforce: bool = True

    def __post_init__(self) -> None:
        least = {"samples": 1, "frames": 0, "frame_pixels": 1, "frame_tokens": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least {low}")
        if self.sampling.max_tokens < 2:
            raise ConfigError(f"max_tokens is {self.sampling.max_tokens}; expected at least 2")
        if self.samples > 1 and self.sampling.temperature <= 0:
            raise ConfigError(
                f"{self.samples} samples at temperature 0 would all be the same; set a temperature above 0, "
                "0.7 for example, or samples to 1"
            )
