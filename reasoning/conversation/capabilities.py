"""What a model takes, as far as the conversation depends on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

#: How an engine makes the answer fit the schema. ``whole``: only a whole reply (no thinking before it);
#: ``opening``: it continues an opening under the schema, so the thinking is written first, freely; ``reasoning``: the
#: server itself lets the thinking pass and enforces what follows; ``none``: it cannot.
Structure = Literal["none", "whole", "opening", "reasoning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a model takes.

    Attributes
    ----------
    family : str or None
        ``qwen2.5-vl``, ``qwen3-vl``, ``qwen2.5-omni``, ``qwen3-omni``, ``text`` or another name; None: not known.
    pictures, video, sound : bool
        Which parts a message may hold besides text.
    structure : Structure
        How it enforces a schema.
    context_tokens : int or None
        Longest prompt and reply together; None: not known.
    pixels_per_token : float or None
        How many pixels of a picture cost one token (28 x 28 for Qwen2.5-VL, 32 x 32 for Qwen3-VL).
    count_tokens : callable or None
        ``str -> int`` of the model's own tokenizer.
    """

    family: str | None = None
    pictures: bool = False
    video: bool = False
    sound: bool = False
    structure: Structure = "none"
    context_tokens: int | None = None
    pixels_per_token: float | None = None
    count_tokens: Callable[[str], int] | None = None
