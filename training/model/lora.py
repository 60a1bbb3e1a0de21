"""Which layers an adapter is put on, and PEFT's configuration of it.

PEFT's own ``all-linear`` takes the vision tower as well. Here it means every linear layer of the language model, and
``lora.vision`` adds those of the towers. The output layer is never adapted: TRL takes the loss from its weight alone.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import ConfigError
from ...torch_imports import import_heavy
from ..settings import LoraSettings

ALL_LINEAR = "all-linear"


def lora_config(model: Any, lora: LoraSettings, *, revision: str | None = None) -> Any:
    """Make PEFT's ``LoraConfig`` for a model.

    Parameters
    ----------
    model : PreTrainedModel
        Without an adapter.
    lora : LoraSettings
        The adapter's size, and which layers it is put on.
    revision : str, optional
        Of the model on the hub; kept in the adapter's config.

    Raises
    ------
    ConfigError
        No layer fits ``lora.targets``, or PEFT refuses a value.
    """
    peft = import_heavy("peft")
    try:
        return peft.LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=pattern_of(adapted_layers(model, lora), _linear_layers(model)),
            use_rslora=lora.rslora,
            use_dora=lora.dora,
            bias="none",
            task_type="CAUSAL_LM",
            revision=revision,
        )
    except (ValueError, TypeError) as error:
        raise ConfigError(f"PEFT refuses the keys of [lora]: {' '.join(str(error).split())[:300]}") from error


def adapted_layers(model: Any, lora: LoraSettings) -> list[str]:
    """Names of the layers that get an adapter.

    Parameters
    ----------
    model : PreTrainedModel
        Without an adapter.
    lora : LoraSettings
        ``targets``: ``all-linear``, a regular expression that fits a layer's whole name, or ends of names. Without
        ``vision`` only layers of the language model are taken, whatever ``targets`` says.

    Raises
    ------
    ConfigError
        No layer is left, or the output layer was named.
    """
    layers = _linear_layers(model)
    named = [name for name in layers if _is_named(name, lora.targets)]
    decoder = _name_of(model, model.get_decoder())
    output = _name_of(model, model.get_output_embeddings())
    if output in named and lora.targets != ALL_LINEAR:
        raise ConfigError(f"lora.targets names the output layer {output!r}, which no trainer of TRL can adapt")
    chosen = [
        name for name in named if name != output and (lora.vision or not decoder or name.startswith(f"{decoder}."))
    ]
    if chosen:
        return chosen
    reason = "only layers of the towers fit it; set lora.vision = true" if named else "no layer fits it"
    kinds = ", ".join(sorted({name.rpartition(".")[2] for name in layers if name != output})[:12])
    raise ConfigError(f"lora.targets = {lora.targets!r}: {reason}; layers of this model end in {kinds}")


def pattern_of(chosen: Sequence[str], layers: Iterable[str]) -> str:
    r"""Regular expression that fits the names in full, and no other layer.

    Numbers of blocks are left open where that adds nothing, so that the adapter's config stays readable.

    Parameters
    ----------
    chosen : sequence of str
        Names to fit.
    layers : iterable of str
        Names of all layers.

    Examples
    --------
    >>> blocks = [f"model.layers.{block}.mlp.{kind}" for block in range(2) for kind in ("up", "down")]
    >>> pattern_of(blocks, [*blocks, "visual.0.mlp.up"])
    'model\\.layers\\.\\d+\\.mlp\\.down|model\\.layers\\.\\d+\\.mlp\\.up'
    >>> pattern_of(blocks[:1], blocks)
    'model\\.layers\\.0\\.mlp\\.up'
    """
    general = "|".join(sorted({re.sub(r"(?<=\\\.)\d+(?=\\\.)", r"\\d+", re.escape(name)) for name in chosen}))
    fitting = {name for name in layers if re.fullmatch(general, name)}
    return general if fitting == set(chosen) else "|".join(re.escape(name) for name in chosen)


def quantisation_config(quantisation: str | None, dtype: Any) -> Any:
    """Make the ``BitsAndBytesConfig`` of QLoRA; None where the weights stay as they are.

    NF4 with doubly quantised scales, computed in ``dtype``, as QLoRA published (https://arxiv.org/abs/2305.14314).
    Packed weights are kept in ``dtype`` too, so that FSDP can shard them beside the others.

    Parameters
    ----------
    quantisation : str or None
        ``4bit`` or ``8bit``.
    dtype : torch.dtype
        Of the weights that are not quantised.

    Raises
    ------
    ConfigError
        ``quantisation`` is anything else.
    """
    if quantisation is None:
        return None
    config = import_heavy("transformers").BitsAndBytesConfig
    if quantisation == "8bit":
        return config(load_in_8bit=True)
    if quantisation == "4bit":
        return config(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_quant_storage=dtype,
        )
    raise ConfigError(f"model.quantisation is {quantisation!r}; expected 4bit, 8bit or none")


def _linear_layers(model: Any) -> list[str]:
    linear = import_heavy("torch").nn.Linear  # bitsandbytes' layers are subclasses of it
    return [name for name, module in model.named_modules() if isinstance(module, linear)]


def _is_named(name: str, targets: str | tuple[str, ...]) -> bool:
    if targets == ALL_LINEAR:
        return True
    if isinstance(targets, str):
        try:
            return re.fullmatch(targets, name) is not None
        except re.error as error:
            raise ConfigError(f"lora.targets = {targets!r} is no regular expression: {error}") from error
    return any(name == target or name.endswith(f".{target}") for target in targets)


def _name_of(model: Any, part: Any) -> str:
    """Name of a part of the model; empty for the model itself, or when there is none such."""
    return next((name for name, module in model.named_modules() if module is part), "")
