"""Request -> chats -> Reply: what a language model is asked about a clip, and what is done with what it writes."""

from collections.abc import Generator
from dataclasses import dataclass, field

from ..engines.base import Reply, Request
from .capabilities import Capabilities
from .turn import Chat, Completion, Sampling


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
    """

    sampling: Sampling = field(default_factory=Sampling)
    samples: int = 1
    frames: int = 8
    frame_pixels: int = 401_408
    frame_tokens: int = 4_096
    sound: bool = True
    budget_tokens: int | None = None
    enforce: bool = True


def ask(request: Request, able: Capabilities, manner: Manner) -> Generator[Chat, Completion, Reply]:
    """Ask a model about one clip.

    Raises
    ------
    ModelOutputError
        What it wrote could not be read, also the second time.
    """
    raise NotImplementedError
    yield
