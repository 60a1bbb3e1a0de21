"""What models of known families take, told from a model's name or, better, from its ``config.json``.

A configuration says it for certain; a name is what a server on the network has. The figures of the Qwen families are
those of their processors (patches of 14 or 16 pixels, merged 2 x 2 into one token); context lengths are what the
published configurations state, which is no more than a server may be set to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .capabilities import Capabilities

#: Pixels of a picture that cost one token: patch x merge, squared.
_QWEN2_PIXELS: Final = 28.0 * 28.0
_QWEN3_PIXELS: Final = 32.0 * 32.0


@dataclass(frozen=True, slots=True)
class _Family:
    """A family and the names it goes by: a regular expression over the lower-case name with ``-`` for ``_`` and blank.

    ``takes`` holds ``p`` for pictures, ``v`` for video and ``s`` for sound.
    """

    name: str
    pattern: str
    takes: str = ""
    context_tokens: int | None = None
    pixels_per_token: float | None = None

    def capabilities(self) -> Capabilities:
        return Capabilities(
            family=self.name,
            pictures="p" in self.takes,
            video="v" in self.takes,
            sound="s" in self.takes,
            context_tokens=self.context_tokens,
            pixels_per_token=self.pixels_per_token,
        )


# The first that fits counts, so the narrower name stands before the wider one. Pixels per token stay unknown where a
# picture does not cost by its size (LLaVA and Gemma scale every picture to one size, InternVL and GPT-4o cut tiles).
_FAMILIES: Final = (
    # config.json of Qwen/Qwen2-VL-7B-Instruct, Qwen2.5-VL-7B-Instruct, Qwen3-VL-8B-Instruct, Qwen2.5-Omni-7B and
    # Qwen3-Omni-30B-A3B-Instruct (Apache-2.0), and transformers' configuration classes.
    _Family("qwen3-omni", r"qwen-?3-?omni", "pvs", 65_536, _QWEN3_PIXELS),
    _Family("qwen2.5-omni", r"qwen-?2[.-]?5-?omni", "pvs", 32_768, _QWEN2_PIXELS),
    _Family("qwen3-vl", r"qwen-?3-?vl", "pv", 262_144, _QWEN3_PIXELS),
    _Family("qwen2.5-vl", r"qwen-?2[.-]?5-?vl|qvq-72b|mimo-vl", "pv", 128_000, _QWEN2_PIXELS),
    _Family("qwen2-vl", r"qwen-?2-?vl", "pv", 32_768, _QWEN2_PIXELS),
    _Family("qwen2-audio", r"qwen-?2-?audio", "s"),
    _Family("qwen3.5", r"qwen-?3[.-]5", "pv", None, _QWEN3_PIXELS),
    # Model cards: Gemma 3 reads pictures from 4B on (ai.google.dev/gemma/docs/core), Gemma 3n also sound.
    _Family("gemma-3n", r"gemma-?3n", "ps", 32_768),
    _Family("text", r"gemma-?3-?(270m|1b)", "", 32_768),
    _Family("gemma-3", r"gemma-?3", "p", 131_072),
    _Family("llava-onevision", r"llava-onevision", "pv", 32_768),
    _Family("llava-next-video", r"llava-next-video|video-llava", "pv", 4_096),
    _Family("llava", r"llava", "p"),
    _Family("internvl", r"intern-?vl", "pv"),
    _Family("minicpm-o", r"minicpm-o", "pvs"),
    _Family("minicpm-v", r"minicpm-v", "pv"),
    _Family("phi-4-multimodal", r"phi-?4-multimodal", "ps", 131_072),
    _Family("llama-vision", r"llama-?3[.-]2-.*vision", "p", 131_072),
    _Family("llama-4", r"llama-?4", "p"),
    _Family("pixtral", r"pixtral", "p", 131_072),
    # platform.openai.com/docs/models: the audio models take no pictures, o1-mini and o3-mini neither.
    _Family("gpt-audio", r"gpt-4o(-mini)?-audio|gpt-audio", "s", 128_000),
    _Family("text", r"\bo[13]-mini|gpt-3[.-]5|gpt-oss", "", None),
    _Family("gpt-4o", r"gpt-4o", "p", 128_000),
    _Family("gpt", r"gpt-4[.-]1|gpt-5|\bo[134]\b", "p"),
    # ai.google.dev/gemini-api/docs/openai and docs.anthropic.com/en/api/openai-sdk
    _Family("gemini", r"gemini-(1[.-]5|[2-9])", "ps"),
    _Family("claude", r"claude-(3|opus|sonnet|haiku)", "p", 200_000),
    # Text alone.
    _Family("text", r"qwen-?3(?![.\d])", "", 40_960),
    _Family("text", r"qwen-?2[.-]?5|qwq|qwen-?2(?![.\d])", "", 32_768),
    _Family("text", r"deepseek-(r1|v[23])|llama-?[23]|(?<!pi)mistral-7b|mixtral|gemma-?2|phi-?4|smollm", "", None),
)
_COMPILED: Final = tuple((re.compile(family.pattern), family) for family in _FAMILIES)
#: Names longer than this are no names.
_LONGEST_NAME: Final = 4_096

#: ``model_type`` of a configuration -> (family, pixels per token when the configuration does not say).
_TYPES: Final[Mapping[str, tuple[str, float | None]]] = {
    "qwen2_vl": ("qwen2-vl", _QWEN2_PIXELS),
    "qwen2_5_vl": ("qwen2.5-vl", _QWEN2_PIXELS),
    "qwen3_vl": ("qwen3-vl", _QWEN3_PIXELS),
    "qwen3_vl_moe": ("qwen3-vl", _QWEN3_PIXELS),
    "qwen2_5_omni": ("qwen2.5-omni", _QWEN2_PIXELS),
    "qwen2_5_omni_thinker": ("qwen2.5-omni", _QWEN2_PIXELS),
    "qwen3_omni_moe": ("qwen3-omni", _QWEN3_PIXELS),
    "qwen3_omni_moe_thinker": ("qwen3-omni", _QWEN3_PIXELS),
    "qwen3_5": ("qwen3.5", _QWEN3_PIXELS),
    "qwen3_5_moe": ("qwen3.5", _QWEN3_PIXELS),
    "qwen2_audio": ("qwen2-audio", None),
    "gemma3": ("gemma-3", None),
    "gemma3n": ("gemma-3n", None),
    "llava": ("llava", None),
    "llava_next": ("llava", None),
    "llava_onevision": ("llava-onevision", None),
    "internvl": ("internvl", None),
    "mllama": ("llama-vision", None),
    "llama4": ("llama-4", None),
    "phi4_multimodal": ("phi-4-multimodal", None),
}
#: Where a configuration names the token that stands for video, if the model takes any.
_VIDEO_TOKENS: Final = ("video_token_id", "video_token_index")


def family_of_name(name: str) -> Capabilities | None:
    """Tell from a model's name or path what it takes; None when the name says nothing.

    Examples
    --------
    >>> able = family_of_name("Qwen/Qwen2.5-VL-7B-Instruct-AWQ")
    >>> able.family, able.pictures, able.sound, able.pixels_per_token
    ('qwen2.5-vl', True, False, 784.0)
    >>> family_of_name("/models/qwen3_omni_30b/snapshots/26291f79").sound
    True
    >>> family_of_name("my-model") is None
    True
    """
    for part in _parts(name):
        for pattern, family in _COMPILED:
            if pattern.search(part):
                return family.capabilities()
    return None


def _parts(name: str) -> Iterator[str]:
    """Parts of a path, the last one first: a folder may be named after another model than the one in it."""
    plain = re.sub(r"[_\s]", "-", name[-_LONGEST_NAME:].lower().replace("\\", "/"))
    yield from reversed([part for part in plain.split("/") if part])


def family_of_config(config: Mapping[str, Any]) -> Capabilities:
    """Tell from a Hugging Face ``config.json`` what a model takes.

    Parameters
    ----------
    config : mapping
        The file's content. An Omni model is what its ``thinker_config`` says.

    Examples
    --------
    >>> config = {"model_type": "qwen3_vl", "vision_config": {"patch_size": 16, "spatial_merge_size": 2}}
    >>> able = family_of_config(config | {"text_config": {"max_position_embeddings": 262144}})
    >>> able.family, able.pictures, able.context_tokens, able.pixels_per_token
    ('qwen3-vl', True, 262144, 1024.0)
    >>> family_of_config({"model_type": "qwen3", "max_position_embeddings": 40960}).family
    'text'
    """
    inner = _inner(config, "thinker_config") or config
    vision, audio = _inner(inner, "vision_config"), _inner(inner, "audio_config")
    model_type = str(config.get("model_type") or inner.get("model_type") or "")
    family, usual_pixels = _TYPES.get(model_type, (model_type.replace("_", "-") or None, None))
    pictures, sound = vision is not None, audio is not None or model_type == "qwen2_audio"
    return Capabilities(
        family=family if pictures or sound else "text",
        pictures=pictures,
        video=pictures and any(inner.get(name) is not None for name in _VIDEO_TOKENS),
        sound=sound,
        context_tokens=_context(inner),
        pixels_per_token=None if vision is None else _pixels(vision) or usual_pixels,
    )


def _inner(config: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    part = config.get(name)
    return part if isinstance(part, Mapping) else None


def _context(config: Mapping[str, Any]) -> int | None:
    text = _inner(config, "text_config")
    length = None if text is None else _count(text.get("max_position_embeddings"))
    return length or _count(config.get("max_position_embeddings"))


def _pixels(vision: Mapping[str, Any]) -> float | None:
    """(patch x merge) squared; None where patches are not merged by a stated factor."""
    patch, merge = _count(vision.get("patch_size")), _count(vision.get("spatial_merge_size"))
    return float((patch * merge) ** 2) if patch and merge else None


def _count(value: object) -> int | None:
    """Whole number above 0, or None: configurations come from anyone."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
