"""Data sets as TRL takes them: what the collator makes of a row is what the row says, token by token."""

import gc
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contract_model import clips

from emoreason.errors import RecordError, TrainingError
from emoreason.prompts.contract import parse_answer
from emoreason.records import Frame, Reference, TrainingRow
from emoreason.rewards.adapters.columns import read_references
from emoreason.torch_imports import import_heavy
from emoreason.training.example import Example
from emoreason.training.examples.datasets import dataset_of
from emoreason.training.examples.rendering import render_example
from emoreason.training.examples.templates import require_whole, taught_text
from emoreason.training.settings import DataSettings

pytest.importorskip("datasets", reason="pip install 'emoreason[train]'")
pytest.importorskip("trl", reason="pip install 'emoreason[train]'")
from PIL import Image
from tiny_checkpoints import save_tokenizer, tiny_checkpoint

DATA = DataSettings(train=("rows.jsonl",), frames=4)
END = "<|im_end|>\n"


def made(number: int, pictures: Path | None = None) -> list[Example]:
    """Examples with 0, 1, 2, 0 … pictures, each of one colour."""
    rows = []
    for index, drawn in enumerate(clips(number, seed=3)):
        frames = []
        for at in range(index % 3 if pictures else 0):
            path = (pictures or Path()) / f"{index}-{at}.png"
            Image.new("RGB", (64 + 32 * at, 64), (80 * at, 10 * index, 255)).save(path)
            frames.append(Frame(time_s=at / 2, path=str(path)))
        rows.append(
            TrainingRow(
                id=drawn.cueset.clip.id,
                cueset=drawn.cueset,
                target=drawn.answer,
                frames=tuple(frames),
                reference=Reference(emotion=drawn.emotion),
            )
        )
    return [render_example(row, DATA) for row in rows]


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tiny_checkpoint("qwen3-vl", tmp_path_factory.getbasetemp())
    return import_heavy("transformers").AutoProcessor.from_pretrained(str(folder))


def test_text_rows_are_columns_of_messages(tmp_path: Path) -> None:
    examples = made(3)
    dataset = dataset_of(examples, vision=False, method="sft", folder=tmp_path)
    assert dataset.column_names == ["prompt", "completion", "row_id"]
    assert [tuple(row["prompt"]) for row in dataset] == [example.messages for example in examples]
    assert [row["completion"] for row in dataset] == [
        [{"role": "assistant", "content": example.completion}] for example in examples
    ]
    rewarded = dataset_of(examples, vision=False, method="grpo", folder=tmp_path)
    assert rewarded.column_names == ["prompt", "row_id", "reference"]
    assert read_references(rewarded["reference"]) == [example.reference for example in examples]


def test_pictures_are_opened_when_their_row_is(tmp_path: Path) -> None:
    examples = made(3, tmp_path)
    dataset = dataset_of(examples, vision=True, method="sft", folder=tmp_path)
    assert dataset.column_names == ["prompt", "completion", "images", "row_id"]
    assert [[image.size for image in images] for images in dataset["images"]] == [[], [(64, 64)], [(64, 64), (96, 64)]]
    assert dataset[2]["images"][1].getpixel((0, 0)) == (80, 20, 255)
    parts = dataset[2]["prompt"][1]["content"]
    assert parts == list(examples[2].messages[1]["content"])
    assert [part for part in parts if part["type"] == "image"] == [{"type": "image"}] * 2
    assert dataset[0]["prompt"][0]["content"] == [{"type": "text", "text": examples[0].messages[0]["content"]}]
    Path(examples[2].frames[0].path).unlink()
    assert len(dataset[1]["images"]) == 1
    with pytest.raises(FileNotFoundError):
        dataset[2]


def test_the_same_rows_are_the_same_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(import_heavy("datasets.config"), "HF_DATASETS_CACHE", cache)
    examples = made(4)
    one = dataset_of(examples, vision=False, method="sft", folder=tmp_path / "one")
    two = dataset_of(iter(examples), vision=False, method="sft", folder=tmp_path / "two")
    other = dataset_of(examples[:3], vision=False, method="sft", folder=tmp_path / "one")
    assert one._fingerprint == two._fingerprint != other._fingerprint
    assert [Path(file["filename"]).parent for file in one.cache_files] == [tmp_path / "one"]
    mapped = one.map(lambda row: {"length": len(row["prompt"])})
    assert {Path(file["filename"]).parent for file in mapped.cache_files} == {tmp_path / "one"}
    again = dataset_of(examples, vision=False, method="sft", folder=tmp_path / "one")
    assert again.to_list() == one.to_list()
    assert len(list((tmp_path / "one").glob(".*"))) == 0
    assert not cache.exists()
    assert len(dataset_of(examples, vision=False, method="sft")) == 4


def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    examples = made(3, tmp_path)
    with pytest.raises(RecordError, match="no row to train on"):
        dataset_of([], vision=False, method="sft", folder=tmp_path / "none")
    with pytest.raises(RecordError, match="row 'clip-3-1' has pictures, but the model takes none"):
        dataset_of(examples, vision=False, method="sft", folder=tmp_path / "none")
    with pytest.raises(RecordError, match="row 'clip-3-0' has no target"):
        dataset_of([replace(examples[0], completion=None)], vision=False, method="sft", folder=tmp_path / "none")
    with pytest.raises(RecordError, match="row 'clip-3-1' has pictures, the rows before it have none"):
        dataset_of(examples, vision=True, method="grpo", folder=tmp_path / "none")
    assert list((tmp_path / "none").iterdir()) == []
    assert len(dataset_of(examples[1:], vision=True, method="grpo", folder=tmp_path)) == 2


@pytest.mark.parametrize("chosen", [[0, 1], [1, 2], [0, 3], [0, 1, 2]])
def test_the_collator_makes_of_a_row_what_it_says(processor: Any, tmp_path: Path, chosen: list[int]) -> None:
    """Batches in which all, some or none of the rows have pictures."""
    examples = made(4, tmp_path)
    dataset = dataset_of(examples, vision=True, method="sft", folder=tmp_path)
    collator = import_heavy("trl.trainer.sft_trainer").DataCollatorForVisionLanguageModeling(
        processor, max_length=None, completion_only_loss=True
    )
    batch = collator([dataset[index] for index in chosen])
    tokenizer = processor.tokenizer
    pictures = sum(len(examples[index].frames) for index in chosen)
    assert len(batch.get("image_grid_thw", ())) == pictures
    marks = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert int((batch["input_ids"] == marks).sum()) * 4 == len(batch.get("pixel_values", ()))
    assert int((batch["labels"] == marks).sum()) == 0
    for line, index in enumerate(chosen):
        labels, ids = batch["labels"][line], batch["input_ids"][line]
        learnt = labels != -100
        assert tokenizer.decode(labels[learnt]) == f"{examples[index].completion}{END}"
        assert (ids[learnt] == labels[learnt]).all()
        asked = tokenizer.decode(ids[(batch["attention_mask"][line] == 1) & ~learnt])
        assert asked.replace("<|image_pad|>", "") == whole_text(examples[index])


def whole_text(example: Example) -> str:
    """The prompt as the tiny chat template writes it, without the pictures' tokens."""
    text = ""
    for message in example.messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        joined = "".join(part.get("text", "<|vision_start|><|vision_end|>") for part in parts)
        text += f"<|im_start|>{message['role']}\n{joined}{END}"
    return f"{text}<|im_start|>assistant\n"


#: The part of Qwen3's chat template that concerns an assistant's turn (Qwen/Qwen3-8B, tokenizer_config.json).
QWEN3 = """\
{%- for message in messages %}
{%- set content = message.content if message.content is string else message.content[-1].text %}
{%- if message.role == 'assistant' %}
{%- set reasoning_content = '' %}
{%- if message.reasoning_content is string %}
{%- set reasoning_content = message.reasoning_content %}
{%- elif '</think>' in content %}
{%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
{%- set content = content.split('</think>')[-1].lstrip('\\n') %}
{%- endif %}
{{- '<|im_start|>assistant\\n' }}
{{- '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' + content }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""
#: As DeepSeek-R1's: what was thought is not repeated.
FORGETS = QWEN3.replace("'<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' +", "")


def tokenizer_with(template: str, folder: Path) -> Any:
    return save_tokenizer(folder, template)


def test_reasoning_and_answer_survive_the_chat_template_byte_for_byte(processor: Any, tmp_path: Path) -> None:
    thinks = made(1)[0]
    direct = replace(thinks, completion=json.dumps(parse_answer(thinks.completion or "").answer))
    think, body = (thinks.completion or "").removeprefix("<think>\n").split("\n</think>\n")
    for vision in (False, True):
        assert taught_text(thinks, processor, vision=vision) == f"{thinks.completion}{END}"
        assert taught_text(direct, processor, vision=vision) == f"{direct.completion}{END}"
    qwen3 = tokenizer_with(QWEN3, tmp_path)
    assert taught_text(thinks, qwen3) == f"<think>\n{think}\n</think>\n\n{body}{END}"
    assert taught_text(direct, qwen3) == f"<think>\n\n</think>\n\n{direct.completion}{END}"
    for example in (thinks, direct, replace(direct, completion=None)):
        require_whole(example, processor)
        require_whole(example, qwen3)


def test_a_template_that_eats_the_reasoning_is_refused(tmp_path: Path) -> None:
    thinks = made(1)[0]
    forgets = tokenizer_with(FORGETS, tmp_path)
    assert "<think>" not in taught_text(thinks, forgets)
    with pytest.raises(TrainingError, match=r"changes the chain of thought of the target of row 'clip-3-0'"):
        require_whole(thinks, forgets)
    with pytest.raises(TrainingError, match="changes the answer"):
        require_whole(thinks, tokenizer_with(QWEN3.replace("content.lstrip('\\n')", "content[:9]"), tmp_path))


@pytest.mark.slow
def test_fifty_thousand_rows_cost_disk_and_not_memory(tmp_path: Path) -> None:
    example = made(1)[0]

    def many() -> Iterator[Example]:
        return (replace(example, row_id=str(number)) for number in range(50_000))

    gc.collect()
    tracemalloc.start()
    try:
        dataset = dataset_of(many(), vision=False, method="sft", folder=tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert (len(dataset), dataset[49_999]["row_id"]) == (50_000, "49999")
    assert size > 50_000 * 3_000
    assert peak < 64 * 1024 * 1024
