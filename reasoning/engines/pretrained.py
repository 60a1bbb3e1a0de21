"""Load a model, its processor and an adapter with transformers and PEFT: safetensors alone, no code from the model."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ...cues.models import is_offline
from ...errors import ConfigError
from ...torch_imports import import_heavy

#: Of an Omni model only the part that reads and writes is loaded, not the one that speaks.
THINKERS: Final = {
    "qwen2_5_omni": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen2_5_omni_thinker": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen3_omni_moe": "Qwen3OmniMoeThinkerForConditionalGeneration",
    "qwen3_omni_moe_thinker": "Qwen3OmniMoeThinkerForConditionalGeneration",
}
#: What PEFT saves.
ADAPTER_CONFIG: Final = "adapter_config.json"
ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"
_ADAPTER_FILES: Final = (ADAPTER_CONFIG, ADAPTER_WEIGHTS)
#: Of a safetensors file, in bytes; its own limit.
_LONGEST_HEAD: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What was loaded.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        In evaluation mode.
    tokenizer : PreTrainedTokenizerBase
        The model's.
    processor : ProcessorMixin or None
        Makes inputs of text, pictures and sound; None for a text model.
    config : dict
        The model's ``config.json``.
    ends : tuple of int
        Ids of the tokens that end a reply.
    """

    model: Any
    tokenizer: Any
    processor: Any
    config: dict[str, Any]
    ends: tuple[int, ...]


def load_pretrained(model: str, adapter: str | None, device: str, dtype: str) -> Pretrained:
    """Load a model.

    Parameters
    ----------
    model : str
        Local folder or Hugging Face name. ``EMOREASON_OFFLINE`` forbids downloads.
    adapter : str or None
        The same of a LoRA adapter in PEFT's form.
    device : str
        Torch device; ``auto`` is the GPU if there is one (all of them if there are several), else the CPU.
    dtype : str
        ``float32``, ``bfloat16`` or ``float16``; ``auto`` is bfloat16 on a GPU and float32 on a CPU.

    Raises
    ------
    ConfigError
        Something is not installed, or there is no such model, adapter, device or dtype.
    """
    torch = import_heavy("torch")
    placed, precision = _placed(torch, device), _precision(torch, device, dtype)
    parts = load_parts(model, precision, **placed[0])
    loaded = parts.model if adapter is None else _adapted(parts.model, adapter)
    if placed[1] is not None:
        loaded = loaded.to(placed[1])
    return replace(parts, model=loaded.eval())


def load_parts(model: str, dtype: Any, *, revision: str | None = None, **options: Any) -> Pretrained:
    """Load a model with what belongs to it, without an adapter, where the loader puts it.

    Parameters
    ----------
    model : str
        Local folder or Hugging Face name. ``EMOREASON_OFFLINE`` forbids downloads.
    dtype : torch.dtype
        Of the weights.
    revision : str, optional
        Commit or tag on the hub.
    **options
        Of the model's ``from_pretrained``.

    Raises
    ------
    ConfigError
        Something is not installed, there is no such model, weights of it are missing, or it has no chat template.
    """
    transformers = import_heavy("transformers")
    config, processor, tokenizer = load_processing(model, revision=revision)
    class_name = loader_of(transformers, config.model_type)
    with quiet(transformers), one_line(f"no model that loads is at {model!r}"):
        loaded, found = getattr(transformers, class_name).from_pretrained(
            model, dtype=dtype, use_safetensors=True, output_loading_info=True, **options, **_local(revision)
        )
    if found["missing_keys"]:  # they would be left random, without a word
        names = ", ".join(sorted(found["missing_keys"])[:3])
        raise ConfigError(f"{model!r} lacks {len(found['missing_keys'])} weights ({names} …); expected a whole model")
    ends = _ends(loaded.generation_config.eos_token_id, tokenizer.eos_token_id)
    # Nothing but what is asked for decides how it is sampled: published models bring their own temperature and top-k.
    loaded.generation_config = transformers.GenerationConfig(
        eos_token_id=list(ends) or None,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else next(iter(ends), None),
    )
    return Pretrained(loaded, tokenizer, processor, config.to_dict(), ends)


def load_processing(model: str, *, revision: str | None = None) -> tuple[Any, Any, Any]:
    """Load what belongs to a model, without its weights: configuration, processor (None of a text model), tokenizer.

    Raises
    ------
    ConfigError
        There is no such model, or it has no chat template.
    """
    transformers = import_heavy("transformers")
    local = _local(revision)
    with quiet(transformers), one_line(f"no model that loads is at {model!r}"):
        config = transformers.AutoConfig.from_pretrained(model, **local)
        if loader_of(transformers, config.model_type) == "AutoModelForCausalLM":
            processor, tokenizer = None, transformers.AutoTokenizer.from_pretrained(model, **local)
        else:
            processor = transformers.AutoProcessor.from_pretrained(model, **local)
            tokenizer = processor.tokenizer
    if not (processor or tokenizer).chat_template:
        raise ConfigError(f"{model!r} has no chat template; expected a model that was trained to chat")
    return config, processor, tokenizer


def _local(revision: str | None) -> dict[str, Any]:
    return {"local_files_only": is_offline(), "trust_remote_code": False, "revision": revision or "main"}


def loader_of(transformers: Any, model_type: str) -> str:
    """Name of the class of transformers that loads models of a type."""
    kinds = transformers.models.auto.modeling_auto
    if model_type in THINKERS:
        return THINKERS[model_type]
    if model_type in kinds.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return "AutoModelForImageTextToText"
    if model_type in kinds.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES:
        return "AutoModelForMultimodalLM"
    return "AutoModelForCausalLM"


def _placed(torch: Any, device: str) -> tuple[dict[str, Any], Any]:
    """Options of the loader, and the device to move to afterwards."""
    if device == "auto":
        if torch.cuda.is_available() and torch.cuda.device_count() > 1:
            return {"device_map": "auto"}, None
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device {device!r} is none that torch knows; expected auto, cpu, cuda or cuda:0") from error
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device {device!r} was asked for and this torch sees no GPU; expected auto or cpu")
    return {}, wanted


def _precision(torch: Any, device: str, dtype: str) -> Any:
    on_gpu = torch.cuda.is_available() if device == "auto" else device != "cpu"
    name = ("bfloat16" if on_gpu else "float32") if dtype == "auto" else dtype
    if name not in ("float32", "bfloat16", "float16"):
        raise ConfigError(f"dtype is {dtype!r}; expected auto, float32, bfloat16 or float16")
    return getattr(torch, name)


def _ends(*found: int | list[int] | None) -> tuple[int, ...]:
    listed = [one if isinstance(one, list) else [one] for one in found if one is not None]
    return tuple(dict.fromkeys(token for tokens in listed for token in tokens))


def _adapted(model: Any, adapter: str) -> Any:
    peft = import_heavy("peft")
    with one_line(f"no adapter that loads is at {adapter!r}"):
        return peft.PeftModel.from_pretrained(model, str(adapter_folder(adapter)), local_files_only=True)


def unwritten_tokens(tokenizer: Any) -> frozenset[int]:
    """Ids of the tokens that are no text of a reply: all special ones, whatever role they have, as servers leave out.

    Think tags are text, whatever the tokenizer takes them for.
    """
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    thinks = {tokenizer.convert_tokens_to_ids(tag) for tag in ("<think>", "</think>")}
    return frozenset(special | set(tokenizer.all_special_ids)) - thinks


def adapter_folder(adapter: str) -> Path:
    """Return the folder of a LoRA adapter, given as a folder or as a Hugging Face name.

    Raises
    ------
    ConfigError
        There is none, or its weights are not safetensors.
    """
    with one_line(f"no adapter that loads is at {adapter!r}"):
        folder = Path(adapter)
        if not folder.is_dir():
            hub = import_heavy("huggingface_hub")
            found = hub.snapshot_download(adapter, allow_patterns=_ADAPTER_FILES, local_files_only=is_offline())
            folder = Path(found)
        for name in _ADAPTER_FILES:  # a loader would take a pickle instead
            if not (folder / name).is_file():
                raise ConfigError(f"{name} is missing in the adapter {adapter!r}; expected one saved by PEFT")
        return folder


def adapter_weights(folder: Path) -> list[str]:
    """Names of an adapter's weights, from the head of its file: a length in 8 bytes, and JSON of that length.

    Raises
    ------
    ConfigError
        The file is no safetensors file.
    """
    with one_line(f"no adapter that loads is at {str(folder)!r}"), (folder / ADAPTER_WEIGHTS).open("rb") as file:
        head = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), _LONGEST_HEAD)))
        return sorted(name for name in head if name != "__metadata__")


def adapts_towers(folder: Path) -> bool:
    """Whether an adapter changes how pictures or sound are seen, not the language model alone."""
    return any(part_of(name) != "language" for name in adapter_weights(folder))


def part_of(name: str) -> str:
    """Part of a model that a module belongs to, by the names the model families give their towers.

    Examples
    --------
    >>> part_of("model.visual.blocks.0.attn.qkv"), part_of("model.language_model.layers.0.mlp.up_proj")
    ('vision', 'language')
    """
    for piece in name.split("."):
        if piece.startswith(("audio", "sound")):
            return "audio"
        if piece.startswith(("vis", "image", "multi_modal", "mm_projector")):
            return "vision"
    return "language"


def version_of(name: str) -> str:
    """Digest that changes when the weights in a local folder are written anew; empty for a name on the hub.

    Examples
    --------
    >>> version_of("Qwen/Qwen3-VL-8B-Instruct")
    ''
    """
    folder = Path(name)
    if not folder.is_dir():
        return ""
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.*"))]
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Turn what loaders raise into an error of ours."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"{what}: {reason}; expected a folder or a Hugging Face name, with weights as safetensors"
        ) from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Load and save without progress bars: the caller's own progress is on the same terminal."""
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
