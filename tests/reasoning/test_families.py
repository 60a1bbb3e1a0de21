"""What a model's name and its configuration say about what it takes."""

import importlib.util
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.reasoning.conversation import Capabilities
from emoreason.reasoning.conversation.families import family_of_config, family_of_name
from emoreason.torch_imports import import_heavy

# Abridged from the published config.json of the models named in the keys (Apache-2.0).
VISION_14 = {"depth": 32, "in_chans": 3, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}
VISION_16 = {"depth": 27, "in_channels": 3, "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2}
CONFIGS: dict[str, dict[str, Any]] = {
    "Qwen/Qwen2-VL-7B-Instruct": {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "model_type": "qwen2_vl",
        "image_token_id": 151655,
        "video_token_id": 151656,
        "max_position_embeddings": 32768,
        "vision_config": VISION_14,
    },
    "Qwen/Qwen2.5-VL-7B-Instruct": {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        "image_token_id": 151655,
        "video_token_id": 151656,
        "max_position_embeddings": 128000,
        "vision_config": VISION_14 | {"window_size": 112},
    },
    "Qwen/Qwen3-VL-8B-Instruct": {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "image_token_id": 151655,
        "video_token_id": 151656,
        "text_config": {"model_type": "qwen3_vl_text", "max_position_embeddings": 262144},
        "vision_config": VISION_16 | {"model_type": "qwen3_vl"},
    },
    "Qwen/Qwen2.5-Omni-7B": {
        "architectures": ["Qwen2_5OmniModel"],
        "model_type": "qwen2_5_omni",
        "thinker_config": {
            "model_type": "qwen2_5_omni_thinker",
            "image_token_index": 151655,
            "video_token_index": 151656,
            "audio_config": {"model_type": "qwen2_5_omni_audio_encoder", "num_mel_bins": 128},
            "text_config": {"model_type": "qwen2_5_omni_text", "max_position_embeddings": 32768},
            "vision_config": VISION_14 | {"model_type": "qwen2_5_omni_vision_encoder"},
        },
        "talker_config": {"model_type": "qwen2_5_omni_talker", "max_position_embeddings": 32768},
    },
    "Qwen/Qwen3-Omni-30B-A3B-Instruct": {
        "architectures": ["Qwen3OmniMoeForConditionalGeneration"],
        "model_type": "qwen3_omni_moe",
        "thinker_config": {
            "model_type": "qwen3_omni_moe_thinker",
            "image_token_id": 151655,
            "video_token_id": 151656,
            "audio_config": {"model_type": "qwen3_omni_moe_audio_encoder", "num_mel_bins": 128},
            "text_config": {"model_type": "qwen3_omni_moe_text", "max_position_embeddings": 65536},
            "vision_config": VISION_16 | {"image_size": 768},
        },
    },
    "Qwen/Qwen3-8B": {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "max_position_embeddings": 40960,
    },
}
QWENS = {
    "Qwen/Qwen2-VL-7B-Instruct": ("qwen2-vl", "pv", 784.0, 32_768),
    "Qwen/Qwen2.5-VL-7B-Instruct": ("qwen2.5-vl", "pv", 784.0, 128_000),
    "Qwen/Qwen3-VL-8B-Instruct": ("qwen3-vl", "pv", 1024.0, 262_144),
    "Qwen/Qwen2.5-Omni-7B": ("qwen2.5-omni", "pvs", 784.0, 32_768),
    "Qwen/Qwen3-Omni-30B-A3B-Instruct": ("qwen3-omni", "pvs", 1024.0, 65_536),
    "Qwen/Qwen3-8B": ("text", "", None, 40_960),
}


def takes(able: Capabilities) -> str:
    return "p" * able.pictures + "v" * able.video + "s" * able.sound


@pytest.mark.parametrize("name", QWENS)
def test_name_and_configuration_of_the_qwen_families_say_the_same(name: str) -> None:
    for able in (family_of_config(CONFIGS[name]), family_of_name(name)):
        assert able is not None
        assert (able.family, takes(able), able.pixels_per_token, able.context_tokens) == QWENS[name]


@pytest.mark.parametrize(
    ("name", "family", "what"),
    [
        ("Qwen2.5-VL-32B-Instruct-AWQ", "qwen2.5-vl", "pv"),
        ("qwen2.5vl:7b", "qwen2.5-vl", "pv"),
        ("qwen2_5_vl_7b", "qwen2.5-vl", "pv"),
        ("./out/checkpoints/Qwen3_VL_4B/", "qwen3-vl", "pv"),
        ("C:\\models\\Qwen3-VL-4B", "qwen3-vl", "pv"),
        ("models--Qwen--Qwen2.5-Omni-3B/snapshots/ae9e1690", "qwen2.5-omni", "pvs"),
        ("qwen3-omni-flash", "qwen3-omni", "pvs"),
        ("Qwen/Qwen2-Audio-7B-Instruct", "qwen2-audio", "s"),
        ("Qwen/Qwen3.5-27B", "qwen3.5", "pv"),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507", "text", ""),
        ("Qwen/Qwen2.5-7B-Instruct", "text", ""),
        ("Qwen/QwQ-32B", "text", ""),
        ("/data/llava/Qwen3-4B", "text", ""),
        ("meta-llama/Llama-3.1-8B-Instruct", "text", ""),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "llama-vision", "p"),
        ("google/gemma-3-1b-it", "text", ""),
        ("google/gemma-3-12b-it", "gemma-3", "p"),
        ("google/gemma-3n-E4B-it", "gemma-3n", "ps"),
        ("llava-hf/llava-1.5-7b-hf", "llava", "p"),
        ("llava-hf/llava-onevision-qwen2-7b-ov-hf", "llava-onevision", "pv"),
        ("mistralai/Pixtral-12B-2409", "pixtral", "p"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "text", ""),
        ("gpt-4o-2024-11-20", "gpt-4o", "p"),
        ("openai/gpt-4o-mini", "gpt-4o", "p"),
        ("gpt-4o-audio-preview", "gpt-audio", "s"),
        ("gpt-5-mini", "gpt", "p"),
        ("o3-mini", "text", ""),
        ("o4-mini", "gpt", "p"),
        ("openai/gpt-oss-20b", "text", ""),
        ("gemini-2.5-flash", "gemini", "ps"),
        ("claude-sonnet-4-5", "claude", "p"),
        ("deepseek-ai/DeepSeek-R1", "text", ""),
    ],
)
def test_names(name: str, family: str, what: str) -> None:
    able = family_of_name(name)
    assert able is not None
    assert (able.family, takes(able)) == (family, what)


@pytest.mark.parametrize("name", ["", "/", "my-model", "emotion", "default", "x" * 100_000, "foo3-mini", "a/b"])
def test_names_that_say_nothing(name: str) -> None:
    assert family_of_name(name) is None


def test_what_a_configuration_takes_without_being_of_a_known_family() -> None:
    able = family_of_config({"model_type": "brand_new", "vision_config": {"patch_size": 14}, "audio_config": {}})
    assert (able.family, takes(able), able.pixels_per_token, able.context_tokens) == ("brand-new", "ps", None, None)
    assert family_of_config({}) == Capabilities(family="text")
    # Gemma 3 of 4B and more, and of 1B
    able = family_of_config(
        {
            "model_type": "gemma3",
            "mm_tokens_per_image": 256,
            "text_config": {"model_type": "gemma3_text", "max_position_embeddings": 131072},
            "vision_config": {"model_type": "siglip_vision_model", "image_size": 896, "patch_size": 14},
        }
    )
    assert (able.family, takes(able), able.pixels_per_token, able.context_tokens) == ("gemma-3", "p", None, 131_072)
    assert family_of_config({"model_type": "gemma3_text", "max_position_embeddings": 32768}).family == "text"


@pytest.mark.parametrize(
    ("module", "name", "family", "what", "pixels"),
    [
        ("qwen2_vl", "Qwen2VLConfig", "qwen2-vl", "pv", 784.0),
        ("qwen2_5_vl", "Qwen2_5_VLConfig", "qwen2.5-vl", "pv", 784.0),
        ("qwen3_vl", "Qwen3VLConfig", "qwen3-vl", "pv", 1024.0),
        ("qwen3_vl_moe", "Qwen3VLMoeConfig", "qwen3-vl", "pv", 1024.0),
        ("qwen2_5_omni", "Qwen2_5OmniConfig", "qwen2.5-omni", "pvs", 784.0),
        ("qwen2_5_omni", "Qwen2_5OmniThinkerConfig", "qwen2.5-omni", "pvs", 784.0),
        ("qwen3_omni_moe", "Qwen3OmniMoeConfig", "qwen3-omni", "pvs", 1024.0),
        ("qwen3_omni_moe", "Qwen3OmniMoeThinkerConfig", "qwen3-omni", "pvs", 1024.0),
        ("qwen3_5", "Qwen3_5Config", "qwen3.5", "pv", 1024.0),
        ("qwen3", "Qwen3Config", "text", "", None),
        ("qwen2", "Qwen2Config", "text", "", None),
        ("llama", "LlamaConfig", "text", "", None),
        ("llava", "LlavaConfig", "llava", "p", None),
        ("gemma3", "Gemma3Config", "gemma-3", "p", None),
        ("qwen2_audio", "Qwen2AudioConfig", "qwen2-audio", "s", None),
    ],
)
def test_what_transformers_saves(module: str, name: str, family: str, what: str, pixels: float | None) -> None:
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed: pip install 'emoreason[train]'")
    kind = getattr(import_heavy(f"transformers.models.{module}.configuration_{module}"), name)
    able = family_of_config(json.loads(kind().to_json_string(use_diff=False)))
    assert (able.family, takes(able), able.pixels_per_token) == (family, what, pixels)
    assert able.context_tokens is None or able.context_tokens > 1000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("model_type", "vision_config", "audio_config", "text_config", "thinker_config", "max_position_embeddings",
        "patch_size", "spatial_merge_size", "video_token_id")  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), anything | st.dictionaries(st.sampled_from(KEYS), anything)))
def test_no_configuration_breaks_it(config: Mapping[str, Any]) -> None:
    able = family_of_config(config)
    assert able.pixels_per_token is None or able.pixels_per_token > 0
    assert able.context_tokens is None or able.context_tokens > 0


@given(st.text())
def test_no_name_breaks_it(name: str) -> None:
    family_of_name(name)
