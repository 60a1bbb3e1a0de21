"""Memory of a run on one GPU, estimated from its settings before anything is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..settings import Settings
from .sizes import Sizes, model_config, parameters_of

_GIB: Final = 2**30
#: Bytes of a weight: NF4 keeps half a byte and a scale per 64 weights, quantised in turn.
_QUANTISED: Final = {"4bit": 0.52, "8bit": 1.0}
_WIDTH: Final = {"auto": 2, "bfloat16": 2, "float16": 2, "float32": 4}
#: Adapter in float32, its gradient and AdamW's two moments.
_TRAINED: Final = 16
#: Bytes that LoRA keeps of each input of an adapted layer: what dropout left, its mask, and part of the sum.
_ADAPTED: Final = 5.5
#: Tokens of a completion where nothing limits it (SFT), and of a prompt's text.
_COMPLETION: Final = 512
_PROMPT: Final = 4096
#: TRL computes log-probabilities in tiles of tokens by words: logits never exist for a whole batch.
_TILE: Final = 4096 * 8192
#: CUDA's own, and what the allocator cannot hand out.
_OVERHEAD: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """GiB on one GPU.

    Attributes
    ----------
    weights : float
        Of the base model.
    adapter : float
        Adapter, gradient and optimiser.
    activations : float
        What the backward pass needs of one batch.
    logits : float
        One tile of TRL's fused output layer.
    generation : float
        Keys and values of all completions that are written at once (GRPO without vLLM).
    vllm : float
        vLLM's copy of the weights and its cache, where it shares the GPU; at least that much, since it takes
        ``vllm_gpu_memory_utilization`` of the GPU.
    overhead : float
        CUDA's own.
    tokens : int
        Longest sequence that was counted with.
    """

    weights: float
    adapter: float
    activations: float
    logits: float
    generation: float
    vllm: float
    overhead: float
    tokens: int

    @property
    def total(self) -> float:
        """Peak: completions are written before or after the backward pass, never at the same time."""
        steady = self.weights + self.adapter + self.vllm + self.overhead
        return steady + max(self.activations + self.logits, self.generation)

    def __str__(self) -> str:
        return f"about {self.total:.0f} GiB"


def memory_of(settings: Settings, config: Mapping[str, Any] | None = None, *, processes: int = 1) -> Memory | None:
    """Estimate the memory of a run; None when the model's config is not known.

    One GPU holds the whole model (DDP, ZeRO-2); ZeRO-3 and FSDP share ``weights`` between GPUs. With b sequences a
    step of s tokens, L layers of width h and feed-forward width i, e bytes a number, in bytes:

    - weights: ``P · e``; quantised, .52 (4 bit) or 1 (8 bit) for linear layers and e for the rest;
    - adapter: ``16 · A`` for A trained parameters (float32 weight, gradient, two moments of AdamW);
    - activations: a layer keeps ``b · s · (e · (8h + 4i) + 5.5 · a)`` with a the input widths of its adapted layers
      (LoRA's dropout and mask), for all layers, or for one besides the inputs of all (``b · s · L · h · e``) with
      gradient checkpointing; pictures pass the frozen tower once, two layers at a time;
    - logits: a tile of TRL's fused output layer and its gradient;
    - generation: ``n · s · L · 2 · k · e`` for n completions at once with k key widths;
    - vllm (colocate): another ``P · e`` and that cache.

    s is the longest prompt (``data.budget_tokens`` and ``data.frame_tokens``) and completion
    (``trainer.max_completion_length``; 512 for SFT). What a layer keeps was measured on a CPU (a test compares); the
    whole was checked against no GPU so far: leave room.

    Parameters
    ----------
    settings : Settings
        Of the run.
    config : mapping, optional
        The model's ``config.json``; by default that of :func:`emoreason.training.machine.sizes.model_config`.
    processes : int
        That share a ``generation_batch_size``.
    """
    config = config or model_config(settings.model.name)
    if config is None:
        return None
    sizes, shape = parameters_of(config, settings.lora), _Shape.of(config)
    width = _WIDTH[settings.model.dtype]
    trainer = settings.trainer
    grpo = settings.method == "grpo"
    batch = int(trainer.get("per_device_train_batch_size") or 8)
    written = int(trainer.get("max_completion_length") or _COMPLETION) if grpo else _COMPLETION
    pictures = min(settings.data.frame_tokens, settings.data.frames * settings.data.frame_pixels // shape.pixels)
    tokens = (settings.data.budget_tokens or _PROMPT) + (pictures if settings.data.frames else 0) + written
    vllm = trainer.get("use_vllm") is True
    cache = (_at_once(settings, batch, processes) if grpo else 0) * tokens * shape.layers * 2 * shape.keys * width
    weights = _weights(settings, sizes, width)
    return Memory(
        weights=weights / _GIB,
        adapter=_TRAINED * sizes.adapter / _GIB,
        activations=_activations(settings, sizes, shape, batch * tokens, batch * pictures, width) / _GIB,
        logits=_TILE * 8 / _GIB,
        generation=0.0 if vllm else cache / _GIB,
        vllm=(sizes.total * width + cache) / _GIB if vllm and trainer.get("vllm_mode") != "server" else 0.0,
        overhead=_OVERHEAD,
        tokens=tokens,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides how much a token takes."""

    layers: int
    hidden: int
    inner: int
    keys: int
    seen_hidden: int
    seen_inner: int
    merged: int
    pixels: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "_Shape":
        whole = config.get("thinker_config", config)
        text, eye = whole.get("text_config", whole), whole.get("vision_config", {})
        heads = text["num_attention_heads"]
        merged = eye.get("spatial_merge_size", 2) ** 2
        return cls(
            layers=text["num_hidden_layers"],
            hidden=text["hidden_size"],
            inner=text.get("intermediate_size") or 4 * text["hidden_size"],
            keys=(text.get("num_key_value_heads") or heads) * (text.get("head_dim") or text["hidden_size"] // heads),
            seen_hidden=eye.get("hidden_size", 0),
            seen_inner=eye.get("intermediate_size", 0),
            merged=merged,
            pixels=eye.get("patch_size", 14) ** 2 * merged,
        )


def _weights(settings: Settings, sizes: Sizes, width: int) -> float:
    if settings.model.quantisation is None:
        return sizes.total * width
    return sizes.linear * _QUANTISED[settings.model.quantisation] + (sizes.total - sizes.linear) * width


def _activations(settings: Settings, sizes: Sizes, shape: _Shape, tokens: int, pictures: int, width: int) -> float:
    layer = width * (8 * shape.hidden + 4 * shape.inner) + _ADAPTED * sizes.adapted_inputs / shape.layers
    recomputed = settings.trainer.get("gradient_checkpointing", True)
    kept = shape.layers * shape.hidden * width + layer if recomputed else shape.layers * layer
    seen = pictures * shape.merged * 2 * width * (4 * shape.seen_hidden + 2 * shape.seen_inner)
    return tokens * kept + seen


def _at_once(settings: Settings, batch: int, processes: int) -> int:
    """Completions a GPU writes at once."""
    trainer = settings.trainer
    if trainer.get("generation_batch_size"):
        return int(trainer["generation_batch_size"]) // processes
    return batch * int(trainer.get("steps_per_generation") or trainer.get("gradient_accumulation_steps") or 1)
