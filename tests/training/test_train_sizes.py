"""Parameters of the models with presets, counted on the meta device, and the memory they take."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import ConfigError
from emoreason.torch_imports import import_heavy
from emoreason.training.machine.memory import Memory, memory_of
from emoreason.training.machine.sizes import model_config, parameters_of
from emoreason.training.model.lora import lora_config
from emoreason.training.settings import LoraSettings
from emoreason.training.settings.reading import CONFIGS, read_settings

pytest.importorskip("torch", reason="pip install 'emoreason[train]'")

CARRIED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (CONFIGS / "models").glob("*.json")}
TINY: dict[str, Any] = {
    "model_type": "qwen3_vl",
    "text_config": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "vocab_size": 300,
    },
    "vision_config": {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "out_hidden_size": 64,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [0],
    },
}


@pytest.mark.parametrize("stem", CARRIED)
def test_counts_are_the_published_ones(stem: str) -> None:
    carried = CARRIED[stem]
    assert stem == carried["name"].replace("/", "--")
    assert model_config(carried["name"]) == carried["config"]
    sizes = parameters_of(carried["config"])
    assert sizes.total == sizes.language + sizes.vision + sizes.audio
    if carried["published_parameters"] is None:  # Omni: 7.6 billion of the language model and the two towers
        assert (sizes.language, sizes.vision, sizes.audio) == (7_615_616_512, 676_550_144, 639_647_232)
    else:
        assert sizes.total == pytest.approx(carried["published_parameters"], rel=0.01)


@pytest.mark.parametrize(
    "lora",
    [
        LoraSettings(rank=4),
        LoraSettings(rank=8, dora=True),
        LoraSettings(targets=("q_proj", "v_proj")),
        LoraSettings(targets=r".*language_model.*\.(up|down)_proj"),
        LoraSettings(vision=True),
    ],
)
def test_the_adapter_counts_as_peft_makes_it(lora: LoraSettings) -> None:
    peft, transformers = import_heavy("peft"), import_heavy("transformers")
    model = transformers.Qwen3VLForConditionalGeneration(transformers.Qwen3VLConfig.from_dict(TINY))
    targets = list(lora.targets) if isinstance(lora.targets, tuple) else lora.targets
    made = peft.LoraConfig(
        r=lora.rank,
        target_modules=targets,
        use_dora=lora.dora,
        exclude_modules=None if lora.vision else r".*visual.*",
        task_type="CAUSAL_LM",
    )
    trained, total = peft.get_peft_model(model, made).get_nb_trainable_parameters()
    sizes = parameters_of(TINY, lora)
    assert sizes.adapter == trained
    assert sizes.total == total - trained


def test_a_local_folder_speaks_for_itself(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert model_config(str(tmp_path)) == TINY
    assert model_config("someone/unknown-model") is None
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.json cannot be read"):
        model_config(str(tmp_path))
    with pytest.raises(ConfigError, match="no model can be made of this config"):
        parameters_of({"model_type": "no_such_model"})


def memory(name: str, *overrides: str) -> Memory:
    found = memory_of(read_settings(name, overrides, need_data=False))
    assert found is not None
    return found


def test_memory_by_hand() -> None:
    found = memory("qwen2.5-vl-7b-sft", "lora.rank=16")
    assert found.weights == pytest.approx(8_292_166_656 * 2 / 2**30)
    assert found.adapter == pytest.approx(40_370_176 * 16 / 2**30)  # the well-known count of rank 16
    assert found.tokens == 4096 + 8 * 256 + 512
    assert found.total == pytest.approx(found.weights + found.adapter + found.activations + found.logits + 1.5)
    grpo = memory("qwen3-vl-8b-grpo")
    assert grpo.generation == pytest.approx(16 * (4096 + 8 * 196 + 1024) * 36 * 2 * 8 * 128 * 2 / 2**30)


def test_memory_goes_the_way_it_must() -> None:
    plain = memory("qwen2.5-vl-7b-sft")
    assert memory("qwen2.5-vl-7b-sft", "model.quantisation=4bit").weights < plain.weights / 2.5
    assert memory("qwen2.5-vl-7b-sft", "model.quantisation=8bit").weights < plain.weights / 1.6
    assert memory("qwen2.5-vl-7b-sft", "model.dtype=float32").weights == 2 * plain.weights
    assert memory("qwen2.5-vl-7b-sft", "trainer.gradient_checkpointing=false").activations > 5 * plain.activations
    assert memory("qwen2.5-vl-7b-sft", "trainer.per_device_train_batch_size=4").activations > 3 * plain.activations
    assert memory("qwen2.5-vl-7b-sft", "lora.rank=64").adapter == pytest.approx(8 * plain.adapter)
    assert memory("qwen2.5-vl-7b-sft", "data.frames=0").total < plain.total
    grpo = memory("qwen2.5-vl-7b-grpo")
    shared = memory("qwen2.5-vl-7b-grpo", "trainer.use_vllm=true")
    assert shared.vllm > grpo.weights
    assert shared.generation == 0.0
    served = memory("qwen2.5-vl-7b-grpo", "trainer.use_vllm=true", "trainer.vllm_mode=server")
    assert served.total < shared.total


@pytest.mark.parametrize(("family", "width", "inner"), [("qwen2", 512, 1536), ("qwen3", 384, 2048)])
def test_activations_are_what_autograd_keeps(family: str, width: int, inner: int) -> None:
    torch, transformers, peft = import_heavy("torch"), import_heavy("transformers"), import_heavy("peft")
    layers, tokens, lora = 3, 256, LoraSettings(rank=8)
    config = {
        "model_type": family,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": width // 8,
        "vocab_size": 300,
    }
    made = transformers.AutoModelForCausalLM.from_config(
        transformers.CONFIG_MAPPING[family].from_dict(config), dtype=torch.bfloat16
    )
    model = peft.get_peft_model(made, lora_config(made, lora)).train()
    model.enable_input_require_grads()
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16),
    ):
        out = made.model(input_ids=torch.ones((1, tokens), dtype=torch.long), use_cache=False)
    measured = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights)
    assert out.last_hidden_state.requires_grad
    settings = read_settings(
        "qwen2.5-vl-7b-sft",
        ["lora.rank=8", "data.frames=0", "data.budget_tokens=1", "trainer.gradient_checkpointing=false"],
        need_data=False,
    )
    found = memory_of(settings, config)
    assert found is not None
    estimated = found.activations * 2**30 / found.tokens * tokens
    assert estimated == pytest.approx(measured, rel=0.15)


def test_memory_of_an_unknown_model_is_not_guessed() -> None:
    settings = read_settings("qwen2.5-vl-7b-sft", ["model.name=someone/unknown-model"], need_data=False)
    assert memory_of(settings) is None
    assert memory_of(replace(settings), TINY) is not None
