"""Merging: base and adapter become one model, which writes what both wrote together."""

import json
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import ConfigError
from emoreason.reasoning.engines.pretrained import load_pretrained
from emoreason.torch_imports import import_heavy
from emoreason.training.model.merging import merge_adapter

pytest.importorskip("torch", reason="run: pip install 'emoreason[train]'")
pytest.importorskip("transformers", reason="run: pip install 'emoreason[train]'")
from tiny_checkpoints import tiny_adapter, tiny_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


def logits(model: str, adapter: str | None, *, picture: bool) -> Any:
    """What a model makes of a text, with a picture in it where it takes one."""
    torch, loaded = import_heavy("torch"), load_pretrained(model, adapter, "cpu", "float32")
    content: list[dict[str, Any]] = [{"type": "text", "text": "She smiles, then looks away."}]
    images = None
    if picture:
        image = import_heavy("PIL.Image")
        images = [image.radial_gradient("L").convert("RGB").resize((96, 64))]
        content.insert(0, {"type": "image"})
    text = (loaded.processor or loaded.tokenizer).apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False
    )
    given = (
        loaded.processor(text=[text], images=images, return_tensors="pt")
        if picture
        else loaded.tokenizer(text, return_tensors="pt")
    )
    with torch.no_grad():
        return loaded.model(**given).logits


@pytest.mark.parametrize("family", ["qwen3", "qwen3-vl", "qwen2.5-vl", "qwen2.5-omni"])
def test_merged_model_writes_what_the_adapter_wrote(family: str, folder: Path) -> None:
    torch = import_heavy("torch")
    base = tiny_checkpoint(family, folder)
    adapter = tiny_adapter(base, folder)
    merged = merge_adapter(adapter, folder / f"merged-{family}")
    pictured = family != "qwen3"
    apart, alone = logits(str(base), str(adapter), picture=pictured), logits(str(merged), None, picture=pictured)
    # The adapter's weights are larger than the model's, so that rounding shows: up to 3e-5 of logits up to 8.
    torch.testing.assert_close(alone, apart, atol=1e-5 * apart.abs().max().item(), rtol=0)
    assert (apart - logits(str(base), None, picture=pictured)).abs().max() > 1e-2, "the adapter does nothing"


@pytest.mark.parametrize("family", ["qwen3-vl", "qwen2.5-omni"])
def test_merged_folder_has_all_that_the_base_has(family: str, folder: Path) -> None:
    base = tiny_checkpoint(family, folder)
    merged = merge_adapter(tiny_adapter(base, folder), folder / "whole" / family)
    assert {path.name for path in merged.iterdir()} == {path.name for path in base.iterdir()}
    assert (merged / "chat_template.jinja").read_text() == (base / "chat_template.jinja").read_text()
    configs = [json.loads((place / "config.json").read_text()) for place in (base, merged)]
    assert configs[0]["architectures"] == configs[1]["architectures"]
    safetensors = import_heavy("safetensors")
    names = []
    for place in (base, merged):
        with safetensors.safe_open(place / "model.safetensors", "pt") as file:
            names.append(sorted(file.keys()))
    assert names[0] == names[1]


def test_template_beside_the_adapter_is_the_merged_model_s(folder: Path, tmp_path: Path) -> None:
    base = tiny_checkpoint("qwen3", folder)
    adapter = tiny_adapter(base, tmp_path)
    template = (base / "chat_template.jinja").read_text() + "{# used in training #}"
    (adapter / "chat_template.jinja").write_text(template)
    merged = merge_adapter(adapter, tmp_path / "merged")
    assert (merged / "chat_template.jinja").read_text() == template


def test_refused_in_one_line_and_nothing_is_left(folder: Path, tmp_path: Path) -> None:
    base = tiny_checkpoint("qwen3", folder)
    adapter = tiny_adapter(base, folder)
    with pytest.raises(ConfigError, match="exists; expected the name of a folder to be made"):
        merge_adapter(adapter, tmp_path)
    with pytest.raises(ConfigError, match=r"adapter_config\.json is missing"):
        merge_adapter(base, tmp_path / "out")
    with pytest.raises(ConfigError, match="does not fit the model"):
        merge_adapter(adapter, tmp_path / "out", model=str(tiny_checkpoint("qwen2.5-vl", folder)))
    assert list(tmp_path.iterdir()) == []
