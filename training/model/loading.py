"""The model to train: base weights with transformers, frozen later by PEFT, and the adapter's configuration."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...reasoning.conversation.families import family_of_config
from ...reasoning.engines.pretrained import adapter_folder, load_parts, one_line
from ...torch_imports import import_heavy
from ..machine.looking import Machine
from ..settings import LoraSettings, ModelSettings
from .lora import lora_config, quantisation_config
from .thinker import give_backbone


@dataclass(frozen=True, slots=True)
class Trainee:
    """A model as TRL's trainers take it.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        Without an adapter, or with the trainable one to go on from.
    processing : PreTrainedTokenizerBase or ProcessorMixin
        The trainer's ``processing_class``.
    peft_config : LoraConfig or None
        The adapter that the trainer is to put on; None where the model has one.
    vision : bool
        Whether the model takes pictures.
    family : str
        ``model_type`` of its config, such as ``qwen3_vl``.
    pixels_per_token : float or None
        Of pictures, where the config tells.
    """

    model: Any
    processing: Any
    peft_config: Any
    vision: bool
    family: str
    pixels_per_token: float | None = None

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, as the engines count them when the model is served."""
        tokenizer = getattr(self.processing, "tokenizer", self.processing)
        return len(tokenizer(text, add_special_tokens=False).input_ids)


def load_trainee(model: ModelSettings, lora: LoraSettings, machine: Machine) -> Trainee:
    """Load a model to train.

    The trainer moves it to its device; quantised weights are put on this process's GPU at once. Under DeepSpeed ZeRO-3
    the trainer's configuration object must exist before, since transformers then loads the weights in shards.

    Parameters
    ----------
    model : ModelSettings
        Which one, and as what.
    lora : LoraSettings
        The adapter; not used where ``model.adapter`` names one, which keeps its own shape.
    machine : Machine
        Where it is trained.

    Raises
    ------
    ConfigError
        There is no such model or adapter, they do not fit together, or no layer fits ``lora.targets``.
    """
    dtype = _dtype(model.dtype, machine)
    parts = load_parts(model.name, dtype, revision=model.revision, **_options(model, dtype, machine))
    give_backbone(parts.model)
    able = family_of_config(parts.config)
    if model.adapter is None:
        adapted, peft_config = parts.model, lora_config(parts.model, lora, revision=model.revision)
    else:
        adapted, peft_config = put_on(parts.model, adapter_folder(model.adapter), trainable=True), None
    return Trainee(
        model=adapted,
        processing=parts.processor or parts.tokenizer,
        peft_config=peft_config,
        vision=able.pictures,
        family=str(parts.config["model_type"]),
        pixels_per_token=able.pixels_per_token,
    )


def _options(model: ModelSettings, dtype: Any, machine: Machine) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if model.attention is not None:
        options["attn_implementation"] = model.attention
    quantised = quantisation_config(model.quantisation, dtype)
    if quantised is not None:
        if machine.device != "cuda":
            raise ConfigError(f"model.quantisation = {model.quantisation!r} needs a GPU; expected none on a CPU")
        options |= {"quantization_config": quantised, "device_map": {"": int(os.environ.get("LOCAL_RANK", "0"))}}
    return options


def _dtype(name: str, machine: Machine) -> Any:
    torch = import_heavy("torch")
    if name == "auto":
        on_gpu = torch.bfloat16 if machine.bf16 else torch.float16
        return on_gpu if machine.device == "cuda" else torch.float32
    if name not in ("float32", "bfloat16", "float16"):
        raise ConfigError(f"model.dtype is {name!r}; expected auto, float32, bfloat16 or float16")
    return getattr(torch, name)


def put_on(model: Any, folder: Path, *, trainable: bool = False) -> Any:
    """Put a saved adapter on a model.

    Parameters
    ----------
    model : PreTrainedModel
        Without an adapter.
    folder : Path
        Of the adapter.
    trainable : bool
        Whether it is to be trained further.

    Raises
    ------
    ConfigError
        It does not fit the model.
    """
    peft = import_heavy("peft")
    # ZeRO-3 gathers parameters of one type only, so there the adapter stays in that of the model (as TRL does).
    sharded = import_heavy("transformers.integrations").is_deepspeed_zero3_enabled()
    with one_line(f"the adapter {str(folder)!r} does not fit the model"), warnings.catch_warnings():
        # Weights that are not in the adapter would stay as they were drawn.
        warnings.filterwarnings("error", message=".*missing adapter keys", category=UserWarning)
        try:
            return peft.PeftModel.from_pretrained(
                model, str(folder), is_trainable=trainable, autocast_adapter_dtype=not sharded
            )
        except UserWarning as error:
            raise ValueError(str(error)) from error
